//! What a person sees while it trains: a bar on a terminal, lines elsewhere, or nothing.

use std::io::{IsTerminal, Write, stderr};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};

/// Where a training stands.
#[derive(Debug)]
pub struct Standing {
    /// Batches done.
    pub done: u64,
    /// Batches in all.
    pub total: u64,
    /// The epoch that it is in, from 1.
    pub epoch: u64,
    /// Epochs in all.
    pub epochs: u64,
    /// Mean loss of the latest batches.
    pub loss: f64,
    /// Accuracy on the test images.
    pub accuracy: f64,
    /// Batches a second, of late.
    pub rate: f64,
}

/// Says something to whoever looks. A terminal may be gone by then, and nobody is left to be told.
pub fn tell(text: &str) {
    let _ = writeln!(stderr(), "{text}");
}

/// The place to show it.
pub struct Progress {
    label: String,
    place: Place,
    shown: Instant,
}

enum Place {
    Bar(ProgressBar),
    Lines,
    Nowhere,
}

impl Progress {
    /// For a training of so many batches, under this name.
    pub fn new(label: String, total: u64, quiet: bool) -> Result<Self> {
        let place = if quiet {
            Place::Nowhere
        } else if stderr().is_terminal() {
            Place::Bar(bar(&label, total)?)
        } else {
            Place::Lines
        };
        Ok(Self { label, place, shown: Instant::now() })
    }

    /// Whether the latest standing is old enough for a new one.
    pub fn is_due(&self) -> bool {
        let rhythm = match self.place {
            Place::Bar(_) => Duration::from_millis(100),
            Place::Lines => Duration::from_millis(500),
            Place::Nowhere => return false,
        };
        self.shown.elapsed() >= rhythm
    }

    /// Shows a standing.
    pub fn show(&mut self, standing: &Standing) {
        self.shown = Instant::now();
        let Standing { done, total, epoch, epochs, loss, accuracy, rate } = standing;
        let text = format!(
            "epoch {epoch}/{epochs}, loss {loss:.3}, accuracy {accuracy:.3}, {rate:.0} updates/s"
        );
        match &self.place {
            Place::Bar(bar) => {
                bar.set_message(text);
                bar.set_position(*done);
            }
            Place::Lines => tell(&format!("{}: {:3} %, {text}", self.label, 100 * done / total)),
            Place::Nowhere => {}
        }
    }

    /// Says something that stays readable.
    pub fn say(&self, text: &str) {
        match &self.place {
            Place::Bar(bar) => bar.println(format!("{}: {text}", self.label)),
            Place::Lines => tell(&format!("{}: {text}", self.label)),
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

fn bar(label: &str, total: u64) -> Result<ProgressBar> {
    let style = ProgressStyle::with_template("{prefix:10} {percent:>3} % {wide_bar} {msg}")
        .context("cannot make a progress bar")?;
    Ok(ProgressBar::new(total).with_style(style).with_prefix(label.to_owned()))
}
