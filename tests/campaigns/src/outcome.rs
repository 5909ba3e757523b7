//! What a campaign has tried, and what came of it.

use std::any::Any;
use std::fmt::{self, Display, Formatter};
use std::panic::{self, AssertUnwindSafe};

use shma_tests::panics;

/// What was tried, what failed, and what could not be tried here.
#[derive(Debug, Default)]
pub struct Outcome {
    tried: Vec<(&'static str, u64)>,
    failures: Vec<Failure>,
    skips: Vec<String>,
}

impl Outcome {
    /// Counts things that were tried, by what they are: "kills", "values read".
    pub fn count(&mut self, what: &'static str, times: u64) {
        match self.tried.iter_mut().find(|(known, _)| *known == what) {
            Some((_, count)) => *count += times,
            None => self.tried.push((what, times)),
        }
    }

    /// Notes a failure.
    pub fn fail(&mut self, failure: Failure) {
        self.failures.push(failure);
    }

    /// Notes what is left out, and why.
    pub fn skip(&mut self, reason: impl Into<String>) {
        self.skips.push(reason.into());
    }

    /// What failed.
    pub fn failures(&self) -> &[Failure] {
        &self.failures
    }

    /// What was left out.
    pub fn skips(&self) -> &[String] {
        &self.skips
    }

    /// Whether anything failed.
    pub fn failed(&self) -> bool {
        !self.failures.is_empty()
    }
}

/// In a line: what was tried, and what failed.
impl Display for Outcome {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (what, times) in &self.tried {
            write!(f, "{times} {what}, ")?;
        }
        if !self.skips.is_empty() {
            write!(f, "{} skipped, ", self.skips.len())?;
        }
        write!(f, "{} failed", self.failures.len())
    }
}

/// A promise that was broken.
#[derive(Debug)]
pub struct Failure {
    /// What was being done, precisely enough to do it again.
    pub operation: String,
    /// What is wrong.
    pub what: String,
    /// The state words of the region, or nothing.
    pub words: String,
}

impl Failure {
    /// One without a region.
    pub fn new(operation: impl Into<String>, what: impl Into<String>) -> Self {
        Self { operation: operation.into(), what: what.into(), words: String::new() }
    }

    /// The same, with the state words of the region in which it happened.
    pub fn with_words(self, words: String) -> Self {
        Self { words, ..self }
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.operation, self.what)?;
        if !self.words.is_empty() {
            write!(f, "\n{}", self.words)?;
        }
        Ok(())
    }
}

/// What a panic says.
pub(super) fn message(panic: &(dyn Any + Send)) -> String {
    panics::text(panic).unwrap_or("a panic").to_owned()
}

/// Runs something, and says what a panic in it says.
pub(super) fn caught(f: impl FnOnce()) -> Result<(), String> {
    panic::catch_unwind(AssertUnwindSafe(f)).map_err(|panic| message(&*panic))
}
