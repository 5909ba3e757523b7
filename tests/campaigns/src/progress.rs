//! Progress of long work: a bar on a terminal, else a line now and then.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Between two lines where there is no terminal.
const LINE: Duration = Duration::from_secs(15);

/// Between two looks at the bar, which takes more than a look at the clock.
const DRAW: Duration = Duration::from_millis(100);

/// How far a campaign is. Dropped, it clears its bar.
#[derive(Debug)]
pub(super) struct Progress {
    bar: ProgressBar,
    campaign: &'static str,
    what: &'static str,
    /// What is done at the end: a count, or seconds.
    whole: u64,
    /// When it was shown last.
    shown: Instant,
}

impl Progress {
    pub(super) fn new(campaign: &'static str, what: &'static str, whole: u64) -> Self {
        let bar = ProgressBar::with_draw_target(Some(whole), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{prefix} {bar:30} {msg}, {eta} left");
        bar.set_style(style.expect("a template of this library"));
        bar.set_prefix(campaign);
        Self { bar, campaign, what, whole, shown: Instant::now() }
    }

    /// So much is done of the whole, and so many things were tried.
    pub(super) fn show(&mut self, done: u64, tried: u64) {
        let terminal = !self.bar.is_hidden();
        if self.shown.elapsed() < if terminal { DRAW } else { LINE } {
            return;
        }
        self.shown = Instant::now();
        let Self { campaign, what, whole, .. } = *self;
        if terminal {
            self.bar.set_message(format!("{tried} {what}"));
            self.bar.set_position(done);
        } else {
            let percent = 100 * done.min(whole) / whole.max(1);
            eprintln!("{campaign}: {tried} {what}, {percent} % done");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
