//! How long a campaign goes on, and from which seed.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::progress::Progress;
use shma_tests::region;
use shma_tests::rng::Rng;

/// How much is to be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// What is tried with the tests, seconds long.
    Short,
    Time(Duration),
    /// So many of what the campaign counts first.
    Count(u64),
}

/// What a campaign is asked to do.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// The name of the campaign.
    pub name: &'static str,
    /// Repeats all that the campaign draws by lot. What the kernel's scheduler does is not repeated.
    pub seed: u64,
    pub effort: Effort,
}

impl Plan {
    /// The campaign's lots.
    pub fn rng(&self) -> Rng {
        Rng::new(self.seed)
    }

    /// A process of the campaign, still to be started: it does what `work` says for the arguments.
    pub fn worker(&self, arguments: &[&str]) -> Command {
        // By this path and not by the file's: it names the running program even if the file was
        // replaced meanwhile by a newer build.
        self.worker_of(Path::new("/proc/self/exe"), arguments)
    }

    /// As [`worker`](Self::worker), of a program that was built otherwise.
    pub fn worker_of(&self, program: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(["worker", self.name]).args(arguments);
        command.env(region::VARIABLE, region::directory());
        command
    }

    /// Counts from 0 for as long as the effort lasts, which is `short` in the short form, and shows
    /// the progress. `what` is counted.
    pub fn rounds(&self, what: &'static str, short: u64) -> Rounds {
        let end = match self.effort {
            Effort::Short => End::Count(short),
            Effort::Count(count) => End::Count(count),
            Effort::Time(time) => End::At(Instant::now() + time),
        };
        self.count(what, end)
    }

    /// Counts from 0 for as long as the effort lasts, which is so long in the short form; for a
    /// campaign whose counting cannot be hastened. A count as effort ends it as well.
    pub fn rounds_for(&self, what: &'static str, short: Duration) -> Rounds {
        let end = match self.effort {
            Effort::Short => End::At(Instant::now() + short),
            Effort::Count(count) => End::Count(count),
            Effort::Time(time) => End::At(Instant::now() + time),
        };
        self.count(what, end)
    }

    fn count(&self, what: &'static str, end: End) -> Rounds {
        let whole = match end {
            End::Count(count) => count,
            End::At(end) => end.saturating_duration_since(Instant::now()).as_secs(),
        };
        Rounds {
            next: 0,
            end,
            began: Instant::now(),
            progress: Progress::new(self.name, what, whole),
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum End {
    Count(u64),
    At(Instant),
}

/// The rounds of a campaign.
#[derive(Debug)]
pub struct Rounds {
    next: u64,
    end: End,
    began: Instant,
    progress: Progress,
}

impl Rounds {
    /// Goes on to round `next`, for a campaign that does not take them one by one. False at the
    /// end.
    pub fn reach(&mut self, next: u64) -> bool {
        self.next = next;
        let (done, going) = match self.end {
            End::Count(count) => (next, next < count),
            End::At(end) => (self.began.elapsed().as_secs(), Instant::now() < end),
        };
        self.progress.show(done, next);
        going
    }
}

impl Iterator for Rounds {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        let round = self.next;
        if !self.reach(round) {
            return None;
        }
        self.next += 1;
        Some(round)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(effort: Effort) -> Plan {
        Plan { name: "none", seed: 1, effort }
    }

    #[test]
    fn a_count_is_not_kept() {
        assert_eq!(plan(Effort::Short).rounds("things", 3).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(plan(Effort::Count(2)).rounds("things", 3).collect::<Vec<_>>(), [0, 1]);
        let long = Duration::from_secs(3600);
        assert_eq!(plan(Effort::Count(1)).rounds_for("things", long).count(), 1);
    }

    #[test]
    fn a_time_does_not_end() {
        let long = Duration::from_secs(3600);
        let brief = Duration::from_millis(50);
        let ends: [fn(Duration) -> Rounds; 2] = [
            |brief| plan(Effort::Time(brief)).rounds("things", 1),
            |brief| plan(Effort::Short).rounds_for("things", brief),
        ];
        for rounds in ends {
            let began = Instant::now();
            for _ in rounds(brief) {}
            assert!(began.elapsed() >= brief);
            assert_eq!(rounds(long).next(), Some(0));
        }
    }
}
