//! Victims that create, open, leave and remove a region, and are refused something on the way.

use std::sync::atomic::{AtomicU64, Ordering};

use shma_core::{Error, Shm, ShmState};

use crate::dump;
use crate::present::{BEFORE, MADE, Present, create, filled};
use crate::ptrace::{Tracee, mark};
use crate::shared_words::shared_words;
use crate::step_kill::{Case, Site};
use shma_tests::region::{InDirectory, Name, directory, files};
use shma_tests::states::{Board, the_one};
use shma_tests::unfinished;

/// What the victim does with a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    Create,
    OpenOrCreate,
    Open,
    OpenReadOnly,
    Unlink,
}

/// A call in a certain state of the region. What it gives is dropped, which is a call too.
#[derive(Debug)]
struct Cycle {
    call: Call,
    region: Present,
    name: Name,
    other: Option<Shm<Board>>,
    /// The files that were there before.
    before: Vec<String>,
    /// Whether the call has succeeded, as the victim says: 1, or 2 for an error.
    said: &'static AtomicU64,
    /// The system call that failed.
    refused: Option<i64>,
}

const SUCCEEDED: u64 = 1;
const FAILED: u64 = 2;

/// All of them.
pub fn all() -> Vec<Box<dyn Case>> {
    let mut cases: Vec<Box<dyn Case>> = Vec::new();
    let said = &shared_words(1)[0];
    for call in [Call::Create, Call::OpenOrCreate, Call::Open, Call::OpenReadOnly, Call::Unlink] {
        for region in [Present::None, Present::Living, Present::Dead] {
            let name = Name::new("refused");
            let (other, before, refused) = (None, Vec::new(), None);
            cases.push(Box::new(Cycle { call, region, name, other, before, said, refused }));
        }
    }
    cases
}

impl Cycle {
    fn arrange(&mut self) -> Result<(), String> {
        self.name = Name::new("refused");
        self.other = self.region.arrange(&self.name)?;
        self.before = sorted_files();
        Ok(())
    }

    /// The victim's part; what it says of the outcome comes before it leaves.
    fn make_call(&self) {
        let Self { name, said, .. } = self;
        let own = filled(MADE);
        let say = |succeeded| {
            said.store(if succeeded { SUCCEEDED } else { FAILED }, Ordering::SeqCst);
        };
        mark();
        match self.call {
            Call::Create => leave(Board::in_directory().create(name, &own), say),
            Call::OpenOrCreate => leave(Board::in_directory().open_or_create(name, &own), say),
            Call::Open => leave(Board::in_directory().open(name), say),
            Call::OpenReadOnly => leave(Board::in_directory().open_read_only(name), say),
            Call::Unlink => leave(Board::in_directory().unlink(name), say),
        }
        mark();
    }

    /// What could not be removed, because the removal was what failed.
    fn may_stay(&self) -> bool {
        matches!(self.refused, Some(libc::SYS_unlink | libc::SYS_unlinkat))
    }

    fn check_files(&self) -> Result<(), String> {
        let own = format!("shma.{}", self.name);
        let mut expected = self.before.clone();
        let mut found = sorted_files();
        // Whether the name is there is another matter.
        expected.retain(|file| *file != own);
        found.retain(|file| *file != own);
        if found == expected {
            return Ok(());
        }
        let extra: Vec<&String> = found.iter().filter(|file| !expected.contains(file)).collect();
        if !self.may_stay() {
            return Err(format!("left behind: {extra:?}"));
        }
        for file in &extra {
            let path = directory().join(file);
            unfinished::backdate(&path).map_err(|error| format!("{file}: {error}"))?;
        }
        let sweeper = Name::new("sweeper");
        drop(create(&sweeper, 0).map_err(|error| error.to_string())?);
        match extra.into_iter().find(|file| sorted_files().contains(file)) {
            Some(file) => Err(format!("{file} was not swept away")),
            None => Ok(()),
        }
    }

    /// The region, if there is one, is whole; whether there is one is as the call says.
    fn check_region(&mut self) -> Result<(), String> {
        let succeeded = self.said.load(Ordering::SeqCst) == SUCCEEDED;
        let found = match Board::in_directory().open(&self.name) {
            Ok(board) => {
                let count = board.count.read();
                if the_one(&*board.row.read_boxed()) != count {
                    return Err(format!("the count is {count}, and the row is not"));
                }
                Some(count)
            }
            Err(Error::NotFound { .. }) => None,
            Err(error) => return Err(error.to_string()),
        };
        let was_there = self.region != Present::None;
        let allowed: &[Option<u64>] = match (self.call, self.region) {
            (Call::Unlink, _) if succeeded => &[None],
            (_, Present::Living) => &[Some(BEFORE)],
            // What could not be taken over is there for the next one.
            (_, Present::Dead) if !succeeded => &[Some(BEFORE)],
            // The last detach deletes it; a detach that fails leaves it behind, dead.
            _ if self.refused.is_some() => &[None, Some(BEFORE), Some(MADE)],
            _ => &[None],
        };
        if !allowed.contains(&found) {
            let said = if succeeded { "succeeded" } else { "failed" };
            return Err(format!(
                "the call has {said}, and the count is {found:?}, not one of {allowed:?}"
            ));
        }
        if !succeeded && !was_there && found.is_some() && !self.may_stay() {
            return Err(format!("the call has failed, and there is a region of {found:?}"));
        }
        Ok(())
    }
}

/// Says what has come of a call, and drops it.
fn leave<R>(result: Result<R, Error>, say: impl Fn(bool)) {
    say(result.is_ok());
    if let Err(error) = &result {
        assert!(!error.to_string().is_empty());
    }
}

fn sorted_files() -> Vec<String> {
    let mut files = files();
    files.sort();
    files
}

impl Case for Cycle {
    fn name(&self) -> String {
        format!("{:?}, region {:?}", self.call, self.region)
    }

    fn victim(&mut self, _site: &mut Site) -> Result<Tracee, String> {
        self.arrange()?;
        self.said.store(0, Ordering::SeqCst);
        Ok(Tracee::start(|| self.make_call()))
    }

    fn refused(&mut self, call: Option<i64>) {
        self.refused = call;
    }

    fn aftermath(&mut self, _site: &mut Site, _returned: bool) -> Result<(), String> {
        self.check_files()?;
        self.check_region()?;
        self.other = None;
        match self.name.exists() {
            true => Err("every process has detached, and the region still exists".into()),
            false => Ok(()),
        }
    }

    fn words(&self, _site: &Site) -> String {
        dump::words(&self.name.path(), &Board::MANIFEST)
    }
}
