//! Publishing and reading in K slots.
//!
//! A writer publishes some versions of a value of several words. It may be killed before any of its
//! steps, and a successor that learns of the death goes on. A reader takes one value: all its words
//! must be those of the version that it believes it has. Word `w` of version `v` holds the version
//! of the last publication that changed it, so a mixed value shows.
//!
//! Publications are whole values, or (`parts`) by turns a whole one, word 0 only, and word 1 only.
//! Parts bring in the catch-up from the dirty words, which meets a reader and weak memory here.
//! That it is complete for every sequence of publications and deaths is shown in
//! [`dirty_ranges`](super::dirty_ranges).

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crate::{Compare, Expression, Machine, Place, Program, Register, Word, Words};

/// The wrong ways to publish or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// The reader accepts a slot that may be the one being written.
    LimitOfK,
    /// Nothing orders `begin` before the slot.
    NoWriterFence,
    /// Nothing orders the slot before the second look at `begin`.
    NoReaderFence,
    /// The publication does not release the slot.
    VersionRelaxed,
    /// `begin` is stored when the slot is already written.
    BeginAfterSlot,
    /// The reader does not acquire the publication.
    VersionLoadedRelaxed,
    /// The reader looks at `version` again, and not at `begin`.
    SecondLookAtVersion,
    /// The successor learns of the death but does not acquire what the dead one wrote.
    SuccessorDoesNotAcquire,
}

/// One configuration to explore.
#[derive(Clone, Copy, Debug)]
pub struct Slots {
    /// K, the number of slots.
    pub slots: Word,
    /// Words of a value.
    pub words: Word,
    /// Versions that the writer publishes.
    pub publications: Word,
    /// Versions that a successor publishes once the writer is dead; with 0 no process dies.
    pub successor: Word,
    /// The version that is there at first; the next ones may wrap. Not with `parts`.
    pub first: Word,
    /// Two of three publications change one word only.
    pub parts: bool,
    /// What is done wrong, if anything.
    pub mutant: Option<Mutant>,
}

/// The words of a partition.
#[derive(Clone, Copy)]
struct Partition {
    version: Words,
    begin: Words,
    dirty: Words,
    slots: Words,
}

impl Slots {
    /// The model as a machine.
    pub fn machine(&self) -> Machine {
        let mut machine = Machine::new();
        let writer_lives = machine.word("writer lives", 1);
        let partition = Partition {
            version: machine.word("version", self.first),
            begin: machine.word("begin", self.first),
            dirty: machine.words("dirty", if self.parts { self.slots } else { 0 }, 0),
            slots: machine.words("slot", self.slots * self.words, self.first),
        };
        if self.first == 0 {
            machine.never_decreases(partition.version);
            machine.never_decreases(partition.begin);
        }
        machine.run(self.writer(partition, writer_lives));
        machine.run(self.reader(partition));
        if self.successor > 0 {
            machine.kills(1);
            machine.run(self.successor(partition, writer_lives));
        }
        machine
    }

    fn is(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }

    fn writer(&self, partition: Partition, lives: Words) -> Program {
        let mut p = Program::new("writer");
        if self.successor > 0 {
            p.dies_with(lives);
        }
        let v = p.register("v");
        p.set(v, self.first);
        self.publish(&mut p, partition, v, self.publications);
        p
    }

    /// Publishes as soon as the writer is known to be dead.
    fn successor(&self, partition: Partition, lives: Words) -> Program {
        let mut p = Program::new("successor");
        let (alive, v) = (p.register("alive"), p.register("v"));
        let ask = p.here();
        p.load_latest(alive, lives, Relaxed);
        p.jump_if(alive, ask);
        if !self.is(Mutant::SuccessorDoesNotAcquire) {
            p.fence(Acquire);
        }
        p.load(v, partition.version, Relaxed);
        self.publish(&mut p, partition, v, self.successor);
        p
    }

    /// Publishes `count` versions after `v`.
    fn publish(&self, p: &mut Program, partition: Partition, v: Register, count: Word) {
        let Partition { version, begin, dirty, .. } = partition;
        let (left, begun) = (p.register("left"), p.register("begun"));
        p.set(left, count);
        let next = p.here();
        if self.parts {
            p.load(begun, begin, Relaxed);
        }
        if !self.is(Mutant::BeginAfterSlot) {
            p.step("begin");
            p.store(begin, v + 1, Relaxed);
            if !self.is(Mutant::NoWriterFence) {
                p.fence(Release);
            }
        }
        if self.parts {
            p.step("catch up");
            p.when(change(v + 1).differs(0), |p| self.catch_up(p, partition, v, begun));
            p.step("dirty word");
            // Bit w means word w: 0b11, 0b01, 0b10 by turns.
            p.store(dirty.at((v + 1) % self.slots), Expression::from(3) - dirt(v + 1), Relaxed);
            p.fence(Release);
        }
        p.step("slot");
        for word in 0..self.words {
            let place = self.place(partition, v + 1, word);
            if self.parts {
                let changed = change(v + 1).is(0) | change(v + 1).is(word + 1);
                p.when(changed, |p| p.store(place, v + 1, Relaxed));
            } else {
                p.store(place, v + 1, Relaxed);
            }
        }
        if self.is(Mutant::BeginAfterSlot) {
            p.step("begin");
            p.store(begin, v + 1, Relaxed);
        }
        p.step("version");
        let order = if self.is(Mutant::VersionRelaxed) { Relaxed } else { Release };
        p.store(version, v + 1, order);
        p.set(v, v + 1);
        p.set(left, left - 1);
        p.jump_if(left, next);
    }

    /// Makes the next slot equal to the active one, word by word as the dirty words say.
    fn catch_up(&self, p: &mut Program, partition: Partition, v: Register, begun: Register) {
        let (mask, old) = (p.register("mask"), p.register("old"));
        for slot in 0..self.slots {
            let own = Expression::from(slot).is((v + 1) % self.slots);
            let clean = begun.is(v);
            p.when((own & clean).is(0), |p| {
                p.load(mask, partition.dirty.at(slot), Relaxed);
                for word in 0..self.words {
                    p.when((mask >> word) & 1, |p| {
                        p.load(old, self.place(partition, v + 0, word), Relaxed);
                        p.store(self.place(partition, v + 1, word), old, Relaxed);
                    });
                }
            });
        }
    }

    fn reader(&self, partition: Partition) -> Program {
        let mut p = Program::new("reader");
        let (v, begin) = (p.register("v"), p.register("begin"));
        let relaxed = self.is(Mutant::VersionLoadedRelaxed);
        p.load(v, partition.version, if relaxed { Relaxed } else { Acquire });
        p.step("copy");
        let mut values = Vec::new();
        for word in 0..self.words {
            let value = p.register("word");
            p.load(value, self.place(partition, v + 0, word), Relaxed);
            values.push(value);
        }
        if !self.is(Mutant::NoReaderFence) {
            p.fence(Acquire);
        }
        p.step("accept");
        if self.is(Mutant::SecondLookAtVersion) {
            p.load(begin, partition.version, Relaxed);
        } else {
            p.load(begin, partition.begin, Relaxed);
        }
        let limit = if self.is(Mutant::LimitOfK) { self.slots } else { self.slots - 1 };
        p.end_if((begin - v).exceeds(limit));
        for (word, value) in (0..).zip(values) {
            p.check(value.is(self.truth(v, word)), "a mixed value was accepted");
        }
        p
    }

    fn place(&self, partition: Partition, version: Expression, word: Word) -> Place {
        partition.slots.at(version % self.slots * self.words + word)
    }

    /// What word `word` of version `v` holds: the last version that changed it.
    fn truth(&self, v: Register, word: Word) -> Expression {
        if self.parts { v - change(v + 0).is(2 - word) } else { v + 0 }
    }
}

/// What publication `v` changes, when publications are parts by turns: 0 all, 1 word 0, 2 word 1.
fn change(v: Expression) -> Expression {
    v % 3
}

/// 3 minus the dirty mask of publication `v`: 0b00, 0b10, 0b01 by turns.
fn dirt(v: Expression) -> Expression {
    change(v.clone()).is(1) * 2 + change(v).is(2)
}
