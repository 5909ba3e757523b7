//! What a person sees while it computes: a bar on a terminal, lines elsewhere, or nothing.

use std::io::{IsTerminal, stderr};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};

/// Where a solution stands.
#[derive(Debug)]
pub struct Standing {
    /// Steps done.
    pub step: u64,
    /// Steps in all.
    pub steps: u64,
    /// The time on the plate.
    pub time: f64,
    /// The largest error at the latest mark.
    pub error: f64,
    /// Steps a second, of late.
    pub rate: f64,
}

/// The place to show it.
pub struct Progress {
    place: Place,
    shown: Instant,
}

enum Place {
    Bar(ProgressBar),
    Lines,
    Nowhere,
}

impl Progress {
    /// For so many steps.
    pub fn new(steps: u64, quiet: bool) -> Result<Self> {
        let place = if quiet {
            Place::Nowhere
        } else if stderr().is_terminal() {
            Place::Bar(bar(steps)?)
        } else {
            Place::Lines
        };
        Ok(Self { place, shown: Instant::now() })
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
        let Standing { step, steps, time, error, rate } = standing;
        let text =
            format!("step {step}/{steps}, time {time:.4}, error {error:.2e}, {rate:.0} steps/s");
        match &self.place {
            Place::Bar(bar) => {
                bar.set_message(text);
                bar.set_position(*step);
            }
            Place::Lines => eprintln!("{:3} %, {text}", 100 * step / steps),
            Place::Nowhere => {}
        }
    }

    /// Says something that stays readable.
    pub fn say(&self, text: &str) {
        match &self.place {
            Place::Bar(bar) => bar.println(text),
            Place::Lines => eprintln!("{text}"),
            Place::Nowhere => {}
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Place::Bar(bar) = &self.place {
            bar.abandon();
        }
    }
}

fn bar(steps: u64) -> Result<ProgressBar> {
    let style = ProgressStyle::with_template("{percent:>3} % {wide_bar} {msg}")
        .context("cannot make a progress bar")?;
    Ok(ProgressBar::new(steps).with_style(style))
}
