//! What a person sees while it works: a bar on a terminal, lines elsewhere, or nothing.

use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};

use crate::console::tell;

/// The place to show how far a piece of work has come.
#[derive(Debug)]
pub struct Progress {
    prefix: String,
    total: u64,
    place: Place,
    shown: Instant,
}

#[derive(Debug)]
enum Place {
    Bar(ProgressBar),
    Lines,
    Nowhere,
}

impl Progress {
    /// For work of so many parts. All that is shown begins with the prefix.
    ///
    /// # Errors
    ///
    /// There can be no bar on this terminal.
    pub fn new(prefix: &str, total: u64, quiet: bool) -> Result<Self> {
        let place = if quiet {
            Place::Nowhere
        } else if stderr().is_terminal() {
            Place::Bar(bar(prefix, total)?)
        } else {
            Place::Lines
        };
        Ok(Self { prefix: prefix.to_owned(), total, place, shown: Instant::now() })
    }

    /// Whether what was shown is old enough to show something new.
    pub fn is_due(&self) -> bool {
        let rhythm = match self.place {
            Place::Bar(_) => Duration::from_millis(100),
            Place::Lines => Duration::from_millis(500),
            Place::Nowhere => return false,
        };
        self.shown.elapsed() >= rhythm
    }

    /// Shows that so many parts are done, and how things stand.
    pub fn show(&mut self, done: u64, standing: String) {
        self.shown = Instant::now();
        match &self.place {
            Place::Bar(bar) => {
                bar.set_message(standing);
                bar.set_position(done);
            }
            Place::Lines => {
                tell(&format!("{}{:3} %, {standing}", self.prefix, 100 * done / self.total));
            }
            Place::Nowhere => {}
        }
    }

    /// Says something that stays readable.
    pub fn say(&self, text: &str) {
        match &self.place {
            Place::Bar(bar) => bar.println(format!("{}{text}", self.prefix)),
            Place::Lines => tell(&format!("{}{text}", self.prefix)),
            Place::Nowhere => {}
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Place::Bar(bar) = &self.place {
            bar.abandon();
            // It leaves the cursor at the end of its line.
            tell("");
        }
    }
}

fn bar(prefix: &str, total: u64) -> Result<ProgressBar> {
    let style = ProgressStyle::with_template("{prefix}{percent:>3} % {wide_bar} {msg}")
        .context("cannot make a progress bar")?;
    Ok(ProgressBar::new(total).with_style(style).with_prefix(prefix.to_owned()))
}
