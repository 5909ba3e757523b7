//! Waiting for a publication on the notify word.
//!
//! Publishers store `version` and then exchange `notify`; waiters sleep until there is a version
//! that they have not seen. A publisher may be killed anywhere, also between the exchange and the
//! wake-up. A recoverer, who completes what a dead transaction left behind, exchanges and wakes
//! too, without owning the field: it may be late. At rest no waiter may sleep while something newer
//! than what it has seen is published; only a death may cost a sleeper one slice of time.
//!
//! What is newer is decided by `version` alone. `notify` may go back, when a late recoverer
//! exchanges a smaller number in, so its number is there to make the compare-exchange fail, and
//! for nothing else.

use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

use super::sleepers::{SLEEPERS, none_is_missed};
use crate::{Compare, Expression, Machine, Process, Program, Register, Word, Words};

/// The wrong ways to notify or wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// The publisher looks at the word, and then stores the new number.
    NotifyByStore,
    /// The publisher exchanges the word before it publishes.
    NotifyBeforeVersion,
    /// The publisher's exchange does not release the version.
    NotifyRelaxed,
    /// The publisher does not wake.
    NoWake,
    /// The waiter sets the bit in whatever word is there now.
    SleepersByOr,
    /// The waiter does not set the bit.
    SleepersNotSet,
    /// The waiter does not acquire what the number announces.
    NotifyLoadedRelaxed,
    /// The waiter looks at the version before it looks at the word.
    VersionLoadedFirst,
    /// The waiter takes the number in the word for the version.
    NewerByNotify,
    /// The waiter's sleep has no time-out.
    SleepWithoutSlices,
}

/// How a recoverer notifies the waiters of a field that it does not own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recoverer {
    /// It exchanges the word, as a publisher does. The number may go back, which can hide a
    /// publication from a waiter for one slice.
    Exchanges,
    /// It replaces exactly the word that it saw before it looked at the version. The number never
    /// goes back, and no waiter depends on a slice.
    ComparesAndExchanges,
}

/// One configuration to explore.
#[derive(Clone, Copy, Debug)]
pub struct Waiting {
    /// Versions that are published.
    pub publications: Word,
    /// Versions that a successor publishes if the publisher is dead; with 0 there is none.
    pub successor: Word,
    /// The version that is there at first, and is known to the waiters; the number in the word may
    /// wrap with the next one.
    pub first: Word,
    /// How many processes wait.
    pub waiters: usize,
    /// May the publisher be killed?
    pub kill: bool,
    /// A transaction is killed, and a process recovers while the publisher goes on.
    pub recoverer: Option<Recoverer>,
    /// What is done wrong, if anything.
    pub mutant: Option<Mutant>,
}

#[derive(Clone, Copy)]
struct Field {
    version: Words,
    notify: Words,
}

impl Waiting {
    /// The model as a machine.
    pub fn machine(&self) -> Machine {
        let mut machine = Machine::new();
        let lives = machine.words("lives", 2, 1);
        let field = Field {
            version: machine.word("version", self.first),
            notify: machine.word("notify", self.first << 1),
        };
        if self.first == 0 {
            machine.never_decreases(field.version);
        }
        machine.kills(u8::from(self.kill) + u8::from(self.recoverer.is_some()));

        let mut publisher = Program::new("publisher");
        if self.kill {
            publisher.dies_with(lives.at(0));
        }
        let v = publisher.register("v");
        publisher.set(v, self.first);
        self.publish(&mut publisher, field, v, self.publications);
        machine.run(publisher);
        if self.successor > 0 {
            machine.run(self.successor(field, lives));
        }
        if let Some(how) = self.recoverer {
            let mut committer = Program::new("committer");
            committer.dies_with(lives.at(1));
            let old = committer.register("old");
            committer.load(old, field.version, Relaxed);
            machine.run(committer);
            machine.run(self.recoverer(field, lives, how));
        }
        let waiters: Vec<_> =
            (1..=self.waiters).map(|n| self.waiter(&mut machine, field, n)).collect();
        none_is_missed(&mut machine, field.version, waiters);
        machine
    }

    fn is(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }

    /// Publishes `count` versions after `v`, which it must own.
    fn publish(&self, p: &mut Program, field: Field, v: Register, count: Word) {
        let left = p.register("left");
        p.set(left, count);
        let again = p.here();
        if self.is(Mutant::NotifyBeforeVersion) {
            self.notify(p, field, v + 1);
        }
        p.step("publish");
        p.store(field.version, v + 1, Release);
        if !self.is(Mutant::NotifyBeforeVersion) {
            self.notify(p, field, v + 1);
        }
        p.set(v, v + 1);
        p.set(left, left - 1);
        p.jump_if(left, again);
    }

    fn notify(&self, p: &mut Program, field: Field, version: Expression) {
        let old = p.register("old");
        let number = version << 1;
        p.step("notify");
        if self.is(Mutant::NotifyByStore) {
            p.load(old, field.notify, Relaxed);
            p.store(field.notify, number, Release);
        } else {
            let relaxed = self.is(Mutant::NotifyRelaxed);
            p.swap(old, field.notify, number, if relaxed { Relaxed } else { AcqRel });
        }
        if !self.is(Mutant::NoWake) {
            p.when(old & SLEEPERS, |p| p.wake_all(field.notify));
        }
    }

    fn successor(&self, field: Field, lives: Words) -> Program {
        let mut p = Program::new("successor");
        let (alive, v) = (p.register("alive"), p.register("v"));
        p.load_latest(alive, lives.at(0), Relaxed);
        p.end_if(alive);
        p.fence(Acquire);
        p.load(v, field.version, Relaxed);
        self.publish(&mut p, field, v, self.successor);
        p
    }

    /// Notifies with the version that it sees, and may be overtaken in between.
    fn recoverer(&self, field: Field, lives: Words, how: Recoverer) -> Program {
        let mut p = Program::new("recoverer");
        let (alive, v) = (p.register("alive"), p.register("v"));
        let (word, seen) = (p.register("word"), p.register("seen"));
        p.load_latest(alive, lives.at(1), Relaxed);
        p.end_if(alive);
        p.fence(Acquire);
        p.step("recover");
        let again = p.here();
        if how == Recoverer::ComparesAndExchanges {
            p.load(word, field.notify, Acquire);
        }
        p.load(v, field.version, Acquire);
        if how == Recoverer::Exchanges {
            self.notify(&mut p, field, v + 0);
        } else {
            p.compare_exchange(seen, field.notify, word, v << 1, AcqRel);
            p.jump_if(seen.differs(word), again);
            p.when(word & SLEEPERS, |p| p.wake_all(field.notify));
        }
        p
    }

    /// Waits for one version after the other, for as long as there are any.
    fn waiter(&self, machine: &mut Machine, field: Field, n: usize) -> (Process, Register) {
        let mut p = Program::new(format!("waiter {n}"));
        let since = p.kept_register("since");
        let (v, word, seen) = (p.register("v"), p.register("word"), p.register("seen"));
        p.set(since, self.first);
        let again = p.here();
        p.step("look");
        if self.is(Mutant::VersionLoadedFirst) {
            p.load(v, field.version, Acquire);
        }
        let relaxed = self.is(Mutant::NotifyLoadedRelaxed);
        p.load(word, field.notify, if relaxed { Relaxed } else { Acquire });
        if self.is(Mutant::NewerByNotify) {
            p.set(v, word >> 1);
        } else if !self.is(Mutant::VersionLoadedFirst) {
            p.load(v, field.version, Acquire);
        }
        p.when(v.differs(since), |p| {
            p.set(since, v);
            p.jump(again);
        });
        p.step("sleep");
        let asks = !self.is(Mutant::SleepersNotSet);
        if asks && self.is(Mutant::SleepersByOr) {
            p.fetch_or(seen, field.notify, SLEEPERS, Relaxed);
            p.set(word, seen | SLEEPERS);
        } else if asks {
            p.when((word & SLEEPERS).is(0), |p| {
                p.compare_exchange(seen, field.notify, word, word | SLEEPERS, Relaxed);
                p.jump_if(seen.differs(word), again);
                p.set(word, word | SLEEPERS);
            });
        }
        if self.is(Mutant::SleepWithoutSlices) {
            p.sleep_without_slices(field.notify, word);
        } else {
            p.sleep(field.notify, word);
        }
        p.jump(again);
        (machine.run(p), since)
    }
}
