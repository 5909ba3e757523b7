//! Eight come at once for a region that may be there, dead, or not there; some remove it, some
//! replace it, some die on the way. All that attached are in one and the same region, and each
//! finds it whole; the last detach deletes it, and nothing else is left.
//!
//! As many others as there are processors do nothing but keep them busy, so that every process is
//! interrupted everywhere.

mod racer;

use std::path::PathBuf;
use std::time::Duration;

use rustix::process::Signal;
use shma_core::{Error, ShmState};

use crate::birth::racer::{Seen, Track};
use crate::campaign::Campaign;
use crate::dump;
use crate::forked::{End, Forked};
use crate::outcome::{Failure, Outcome};
use crate::plan::Plan;
use shma_tests::region::{InDirectory, Name};
use shma_tests::rng::Rng;
use shma_tests::states::Board;
use shma_tests::unfinished;
use shma_tests::watchdog::until;

/// The campaign.
pub(super) const CAMPAIGN: Campaign = Campaign {
    name: "birth",
    about: "kills processes that race to create, open and remove one region",
    run,
    work: |arguments| panic!("no process of its own starts with {arguments:?}"),
};

/// Rounds in the short form.
const SHORT: u64 = 500;

/// The processes that race.
const RACERS: usize = 8;

/// The longest time between two deaths, in microseconds. A creation takes about half of it.
const BETWEEN: usize = 400;

fn run(plan: &Plan, outcome: &mut Outcome) {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let _spinners: Vec<Forked> = (0..processors).map(|_| Forked::start(spin)).collect();
    let name = Name::new("birth");
    let mut rng = plan.rng();
    let track = Track::new(RACERS);
    for round in plan.rounds("rounds", SHORT) {
        outcome.count("rounds", 1);
        let mut race = Race::start(&name, track, rng.next_u64());
        if let Err(what) = race.run(outcome) {
            let words = dump::words(&name.path(), &Board::MANIFEST);
            return outcome.fail(Failure::new(format!("round {round}"), what).with_words(words));
        }
    }
}

/// Keeps a processor busy.
fn spin() {
    loop {
        std::hint::spin_loop();
    }
}

/// One round.
struct Race<'a> {
    name: &'a Name,
    track: Track,
    rng: Rng,
    /// Whether some remove what has the name.
    may_remove: bool,
    /// The living processes, by their numbers.
    racers: Vec<(usize, Forked)>,
    /// Files without a name that the dead have left.
    unfinished: Vec<PathBuf>,
}

impl<'a> Race<'a> {
    fn start(name: &'a Name, track: Track, seed: u64) -> Self {
        track.clear();
        let mut rng = Rng::new(seed);
        let may_remove = rng.one_in(2);
        if rng.one_in(2) {
            Forked::start(|| racer::found_and_die(name)).reap();
        }
        let racers = (0..RACERS).map(|number| {
            let seed = rng.next_u64();
            (number, Forked::start(|| racer::race(name, track, number, seed, may_remove)))
        });
        let racers = racers.collect();
        Self { name, track, may_remove, racers, rng, unfinished: Vec::new() }
    }

    fn run(&mut self, outcome: &mut Outcome) -> Result<(), String> {
        self.track.start();
        outcome.count("kills", self.kill_some());
        self.await_survivors(Track::has_arrived)?;
        self.track.look();
        self.await_survivors(Track::has_looked)?;
        let stay = self.compare()?;
        outcome.count("attached in the end", self.racers.len() as u64);
        self.track.end();
        for (_, mut racer) in self.racers.drain(..) {
            match racer.reap() {
                End::Returned => {}
                end => return Err(format!("one who leaves: {end:?}")),
            }
        }
        if stay && self.name.exists() {
            return Err("every process has detached, and the region still exists".into());
        }
        self.sweep()
    }

    /// Kills none to all of them while they race.
    fn kill_some(&mut self) -> u64 {
        let kills = self.rng.below(RACERS + 1);
        for _ in 0..kills {
            std::thread::sleep(Duration::from_micros(self.rng.below(BETWEEN) as u64));
            let (_, mut victim) = self.racers.swap_remove(self.rng.below(self.racers.len()));
            if victim.stop() {
                self.unfinished.extend(unfinished::of(victim.pid()));
            }
            victim.signal(Signal::KILL);
            victim.reap();
        }
        kills as u64
    }

    fn await_survivors(&mut self, have: fn(&Track, usize) -> bool) -> Result<(), String> {
        let mut failed = None;
        until("all who live have come as far", || {
            failed = self.racers.iter_mut().find_map(|(_, racer)| racer.poll());
            failed.is_some() || self.racers.iter().all(|(number, _)| have(&self.track, *number))
        });
        failed.map_or(Ok(()), |end| Err(format!("one who races: {end:?}")))
    }

    /// All who are attached to what has the name now are attached to the same. Returns whether
    /// any process lives.
    fn compare(&self) -> Result<bool, String> {
        let seen = self.racers.iter().map(|(number, _)| self.track.seen(*number));
        let current: Vec<Seen> = seen.filter(|seen| seen.is_current).collect();
        if !self.may_remove && current.len() < self.racers.len() {
            return Err("a region was removed or replaced with a process attached to it".into());
        }
        let Some(first) = current.first() else { return Ok(false) };
        if current.iter().any(|seen| seen.instance != first.instance) {
            return Err(format!("one name leads to several regions: {current:x?}"));
        }
        if current.iter().any(|seen| seen.count < current.len() as u64) {
            return Err(format!("one has not been counted: {current:x?}"));
        }
        Ok(true)
    }

    /// What the dead have left goes with a later creation, once it is old.
    fn sweep(&mut self) -> Result<(), String> {
        self.unfinished.retain(|path| path.exists());
        for path in &self.unfinished {
            unfinished::backdate(path).map_err(|error| error.to_string())?;
        }
        if !self.unfinished.is_empty() {
            let sweeper = Name::new("sweeper");
            let created = Board::in_directory().create(&sweeper, &Board::zeroed());
            drop(created.map_err(|error: Error| error.to_string())?);
        }
        match self.unfinished.drain(..).find(|path| path.exists()) {
            Some(path) => Err(format!("{} was not swept away", path.display())),
            None => Ok(()),
        }
    }
}
