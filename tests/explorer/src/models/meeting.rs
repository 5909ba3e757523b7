//! Waiting for a publication that only reads the notify word, as `shma-core` does it.
//!
//! A publisher stores the version, releases its semaphore, and then merely *loads* the notify word.
//! It changes the number and wakes only if a waiter has announced itself. A waiter announces itself
//! by a compare-exchange. Then it does a read-modify-write on the lock word that changes nothing,
//! and looks once more. Both meet in the lock word: whichever comes later in its order has seen
//! what the other did before. So a publication without waiters costs no store. The protocol in
//! [`waiting`](super::waiting) has no such meeting, and exchanges the word each time.
//!
//! Publishers here really acquire the semaphore, one after another and from the dead. A recoverer
//! stores a version that a dead transaction left behind, and does not acquire it: it holds the
//! semaphore of some other field. So it changes the number and wakes whether or not a waiter has
//! announced itself. This is why a waiter must announce itself in exactly the word that it saw.
//!
//! A publisher that keeps the semaphore over its publications has no such change to meet them by.
//! It marks the lock word when it acquires it. A waiter that meets the mark calls a heavy fence
//! before it looks again, which reaches the publisher wherever it is.
//!
//! At rest no waiter may sleep while something newer than what it has seen is published.

use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};

use super::sleepers::{SLEEPERS, none_is_missed};
use crate::{Compare, Machine, Process, Program, Register, Word, Words};

/// In the lock word, beside the owner: it keeps the semaphore over several publications.
const KEPT: Word = 8;

/// The wrong ways to meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// The waiter does not touch the lock word.
    NoMeeting,
    /// The waiter's change of the lock word orders nothing.
    MeetingRelaxed,
    /// The waiter does not look again after the meeting.
    NoSecondLook,
    /// The waiter looks again before the meeting.
    MeetingAfterLook,
    /// The publisher's release of the lock word does not acquire.
    ReleaseDeaf,
    /// The publisher looks for sleepers before it gives the lock word back.
    LookBeforeRelease,
    /// The publisher wakes without changing the number.
    SameWord,
    /// The waiter announces itself in whatever word is there now.
    AnyWord,
    /// The waiter does not acquire what the number was changed for.
    NotifyLoadedRelaxed,
    /// Who takes over from the dead, or recovers, does not wake.
    SuccessorDoesNotWake,
    /// A publisher that keeps the semaphore does not mark the lock word.
    Unmarked,
    /// The waiter calls no heavy fence.
    NoHeavyFence,
    /// The waiter calls the heavy fence after it has looked again.
    FenceAfterLook,
    /// A publisher that keeps the semaphore looks for sleepers before it publishes, as a compiler may
    /// have it where no light fence stands.
    LookBeforeVersion,
    /// No heavy fence reaches the publisher.
    Unregistered,
}

/// One configuration to explore.
#[derive(Clone, Copy, Debug)]
pub struct Meeting {
    /// How many processes publish.
    pub publishers: Word,
    /// Versions that each publishes.
    pub publications: Word,
    /// How many processes wait.
    pub waiters: usize,
    /// May the first publisher be killed?
    pub kill: bool,
    /// Once the first publisher is dead, a process stores the version that it was about to publish,
    /// without its semaphore. For one publisher and one publication.
    pub recoverer: bool,
    /// Do publishers keep the semaphore over all their publications?
    pub kept: bool,
    /// Do sleepers look again after a time?
    pub slices: bool,
    /// What is done wrong, if anything.
    pub mutant: Option<Mutant>,
}

#[derive(Clone, Copy)]
struct Field {
    /// `alive[id]`: the token of owner `id`, as the kernel knows it.
    alive: Words,
    lock: Words,
    version: Words,
    notify: Words,
}

impl Meeting {
    /// The model as a machine.
    pub fn machine(&self) -> Machine {
        let mut machine = Machine::new();
        machine.kills(u8::from(self.kill));
        let field = Field {
            alive: machine.words("alive", self.publishers + 1, 1),
            lock: machine.word("lock", 0),
            version: machine.word("version", 0),
            notify: machine.word("notify", 0),
        };
        machine.never_decreases(field.version);
        for me in 1..=self.publishers {
            machine.run(self.publisher(field, me));
        }
        if self.recoverer {
            machine.run(self.recoverer(field));
        }
        let waiters: Vec<_> =
            (1..=self.waiters).map(|number| self.waiter(&mut machine, field, number)).collect();
        none_is_missed(&mut machine, field.version, waiters);
        machine
    }

    fn is(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }

    fn publisher(&self, field: Field, me: Word) -> Program {
        let mut p = Program::new(format!("publisher {me}"));
        if self.kill && me == 1 {
            p.dies_with(field.alive.at(me));
        }
        if self.kept {
            self.publish_kept(&mut p, field, me);
            return p;
        }
        let (left, v, word) = (p.register("left"), p.register("v"), p.register("word"));
        p.set(left, self.publications);
        let again = p.here();
        self.acquire(&mut p, field, me);
        p.step("publish");
        p.load(v, field.version, Relaxed);
        p.store(field.version, v + 1, Release);
        if self.is(Mutant::LookBeforeRelease) {
            p.load(word, field.notify, Relaxed);
        }
        p.step("release");
        let order = if self.is(Mutant::ReleaseDeaf) { Release } else { AcqRel };
        p.compare_exchange(v, field.lock, me, 0, order);
        p.step("notify");
        if !self.is(Mutant::LookBeforeRelease) {
            p.load(word, field.notify, Relaxed);
        }
        p.when(word & SLEEPERS, |p| self.wake(p, field));
        p.set(left, left - 1);
        p.jump_if(left, again);
        p
    }

    /// Publishes all that it has to under one acquisition.
    fn publish_kept(&self, p: &mut Program, field: Field, me: Word) {
        if !self.is(Mutant::Unregistered) {
            p.accept_heavy_fences();
        }
        let mine = if self.is(Mutant::Unmarked) { me } else { me | KEPT };
        let (left, v, word) = (p.register("left"), p.register("v"), p.register("word"));
        p.set(left, self.publications);
        self.acquire(p, field, mine);
        p.load(v, field.version, Relaxed);
        let again = p.here();
        p.set(v, v + 1);
        if self.is(Mutant::LookBeforeVersion) {
            p.load(word, field.notify, Relaxed);
        }
        p.step("publish");
        p.store(field.version, v, Release);
        p.step("notify");
        if !self.is(Mutant::LookBeforeVersion) {
            p.load(word, field.notify, Relaxed);
        }
        p.when(word & SLEEPERS, |p| self.wake(p, field));
        p.set(left, left - 1);
        p.jump_if(left, again);
        p.step("release");
        p.compare_exchange(v, field.lock, mine, 0, AcqRel);
    }

    /// Takes the semaphore; from a dead owner, with what is owed for it.
    fn acquire(&self, p: &mut Program, field: Field, mine: Word) {
        let (seen, found) = (p.register("seen"), p.register("found"));
        let alive = p.register("alive");
        let (again, entered) = (p.here(), p.label());
        p.step("acquire");
        p.compare_exchange(seen, field.lock, 0, mine, Acquire);
        p.jump_if(seen.is(0), entered);
        p.load_latest(alive, field.alive.at(seen & !KEPT), Relaxed);
        p.jump_if(alive, again);
        p.fence(Acquire);
        p.step("take over");
        p.compare_exchange(found, field.lock, seen, mine, Acquire);
        p.jump_if(found.differs(seen), again);
        if !self.is(Mutant::SuccessorDoesNotWake) {
            self.wake(p, field);
        }
        p.bind(entered);
    }

    /// Completes what the first publisher left behind, as soon as it is dead.
    fn recoverer(&self, field: Field) -> Program {
        let mut p = Program::new("recoverer");
        let (alive, seen) = (p.register("alive"), p.register("seen"));
        let ask = p.here();
        p.load_latest(alive, field.alive.at(1), Relaxed);
        p.jump_if(alive, ask);
        p.fence(Acquire);
        p.step("recover");
        p.compare_exchange(seen, field.version, 0, 1, Release);
        if !self.is(Mutant::SuccessorDoesNotWake) {
            self.wake(&mut p, field);
        }
        p
    }

    /// Changes the number, takes the bit away, wakes all.
    fn wake(&self, p: &mut Program, field: Field) {
        let (old, seen) = (p.register("old"), p.register("seen"));
        if !self.is(Mutant::SameWord) {
            let again = p.here();
            p.load(old, field.notify, Relaxed);
            p.compare_exchange(seen, field.notify, old, (old & !SLEEPERS) + 2, AcqRel);
            p.jump_if(seen.differs(old), again);
        }
        p.wake_all(field.notify);
    }

    /// Waits for one version after the other, for as long as there are any.
    fn waiter(&self, machine: &mut Machine, field: Field, number: usize) -> (Process, Register) {
        let mut p = Program::new(format!("waiter {number}"));
        let since = p.kept_register("since");
        let (v, word, seen) = (p.register("v"), p.register("word"), p.register("seen"));
        let (again, newer) = (p.here(), p.label());
        p.step("look");
        let relaxed = self.is(Mutant::NotifyLoadedRelaxed);
        p.load(word, field.notify, if relaxed { Relaxed } else { Acquire });
        p.load(v, field.version, Acquire);
        p.jump_if(v.differs(since), newer);

        p.step("announce");
        if self.is(Mutant::AnyWord) {
            p.load(word, field.notify, Relaxed);
        }
        p.when((word & SLEEPERS).is(0), |p| {
            p.compare_exchange(seen, field.notify, word, word | SLEEPERS, Relaxed);
            p.jump_if(seen.differs(word), again);
        });
        let look_again = |p: &mut Program| {
            p.step("look again");
            p.load(v, field.version, Acquire);
            p.jump_if(v.differs(since), newer);
        };
        if self.is(Mutant::MeetingAfterLook) {
            look_again(&mut p);
        }
        if !self.is(Mutant::NoMeeting) {
            p.step("meet");
            let order = if self.is(Mutant::MeetingRelaxed) { Relaxed } else { AcqRel };
            p.fetch_or(seen, field.lock, 0, order);
        }
        let fence = |p: &mut Program| {
            p.step("fence");
            p.when(seen & KEPT, Program::heavy_fence);
        };
        if self.kept && !self.is(Mutant::NoHeavyFence) && !self.is(Mutant::FenceAfterLook) {
            fence(&mut p);
        }
        if !(self.is(Mutant::NoSecondLook) || self.is(Mutant::MeetingAfterLook)) {
            look_again(&mut p);
        }
        if self.is(Mutant::FenceAfterLook) {
            fence(&mut p);
        }
        p.step("sleep");
        if self.slices {
            p.sleep(field.notify, word | SLEEPERS);
        } else {
            p.sleep_without_slices(field.notify, word | SLEEPERS);
        }
        p.jump(again);

        p.bind(newer);
        p.set(since, v);
        p.jump(again);
        (machine.run(p), since)
    }
}
