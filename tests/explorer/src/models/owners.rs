//! Owner ids: attaching under an id that cannot be mistaken for another's, and fork.
//!
//! Owner 1 may be killed while it holds the semaphore. Owners 2 and 3 find its id in the lock word,
//! learn of its death, and acquire the semaphore in its place. Either may be stopped between
//! question and compare-exchange for any time. A newcomer attaches meanwhile, under an id that is
//! free by then, and acquires. If that can be id 1 again, the stopped owner's exchange succeeds on
//! a word that means the newcomer.
//!
//! In [`Fork`] owner 1 forks inside its closure; its child returns from the same closure.

use std::sync::atomic::Ordering::{AcqRel, Relaxed};

use super::semaphore::{Holder, Lock, one_owner};
use crate::{Compare, Machine, Process, Program, Register, Word, Words};

/// Ids 1 to 3 are those of owners who live, this one is free.
const FREE: Word = 4;

/// Where a newcomer's id comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ids {
    /// From a counter in the header, never again the same.
    Counted,
    /// Wrong: drawn at random until its token can be locked.
    Redrawn,
    /// Wrong too: and dropped again if it shows in the lock word.
    RedrawnUnlessFound,
}

/// Attaching beside a take-over.
#[derive(Clone, Copy, Debug)]
pub struct Owners {
    /// Where the newcomers' ids come from.
    pub ids: Ids,
    /// Owners beside the first, who may find it dead: one or two.
    pub takers: Word,
    /// How many processes attach meanwhile.
    pub newcomers: usize,
}

impl Owners {
    /// The model as a machine.
    pub fn machine(&self) -> Machine {
        let mut machine = Machine::new();
        machine.kills(1);
        let lock = Lock::with_tokens(&mut machine, &[1, 1, 1, 1, 0, 0], None);
        let next_id = machine.word("next id", FREE);
        let mut inside = Vec::new();
        for id in 1..=1 + self.takers {
            let mut p = Program::new(format!("owner {id}"));
            let me = p.register("me");
            p.set(me, id);
            if id == 1 {
                p.dies_with(lock.alive.at(id));
            }
            inside.push(enter_and_leave(&mut machine, p, lock, me));
        }
        for number in 1..=self.newcomers {
            let mut p = Program::new(format!("newcomer {number}"));
            let me = p.register("me");
            self.attach(&mut p, lock, next_id, me);
            inside.push(enter_and_leave(&mut machine, p, lock, me));
        }
        machine.always(move |now| one_owner(now, &inside));
        machine
    }

    /// Puts an id of its own into `me`, or ends.
    fn attach(&self, p: &mut Program, lock: Lock, next_id: Words, me: Register) {
        let (alive, word) = (p.register("alive"), p.register("word"));
        p.step("attach");
        if self.ids == Ids::Counted {
            p.fetch_add(me, next_id, 1, Relaxed);
        } else {
            p.choose(me, FREE);
            p.set(me, me + 1);
        }
        p.compare_exchange(alive, lock.alive.at(me), 0, 1, AcqRel);
        p.end_if(alive.differs(0));
        if self.ids != Ids::Redrawn {
            p.load_latest(word, lock.word, Relaxed);
            p.when((word & 0x7f).is(me), |p| {
                p.store(lock.alive.at(me), 0, Relaxed);
                p.end();
            });
        }
    }
}

/// Acquires, does something, releases.
fn enter_and_leave(
    machine: &mut Machine,
    mut p: Program,
    lock: Lock,
    me: Register,
) -> (Process, Register) {
    let holder = Holder::new(&mut p, me);
    lock.acquire(&mut p, &holder);
    something_inside(&mut p, lock);
    lock.release(&mut p, &holder);
    (machine.run(p), holder.inside)
}

/// A step that others can come before and after.
fn something_inside(p: &mut Program, lock: Lock) {
    let any = p.register("any");
    p.step("inside");
    p.load(any, lock.alive.at(0), Relaxed);
}

/// The wrong ways to treat a fork.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForkMutant {
    /// Whether this is a child is looked at when the write starts, and not after the closure.
    CheckedOnceOnly,
    /// The child inherits the token, which so outlives the parent.
    TokenInherited,
}

/// A fork inside a closure, with another owner waiting.
#[derive(Clone, Copy, Debug)]
pub struct Fork {
    /// What is done wrong, if anything.
    pub mutant: Option<ForkMutant>,
}

impl Fork {
    /// The model as a machine.
    pub fn machine(&self) -> Machine {
        let mut machine = Machine::new();
        machine.kills(1);
        let lock = Lock::with_tokens(&mut machine, &[1, 1, 1], None);
        let forked = machine.word("forked", 0);
        let address_space = machine.word("address space of the parent", 1);

        let mut p = Program::new("parent");
        // The lock on the token goes with the last that holds the file description.
        let inherited = self.mutant == Some(ForkMutant::TokenInherited);
        p.dies_with(if inherited { address_space.at(0) } else { lock.alive.at(1) });
        let me = p.register("me");
        p.set(me, 1);
        let holder = Holder::new(&mut p, me);
        lock.acquire(&mut p, &holder);
        p.step("closure");
        p.store(forked, 1, Relaxed);
        something_inside(&mut p, lock);
        lock.release(&mut p, &holder);
        let mut inside = vec![(machine.run(p), holder.inside)];

        let mut p = Program::new("child");
        let (me, began) = (p.register("me"), p.register("began"));
        p.set(me, 1);
        let holder = Holder::new(&mut p, me);
        p.step("closure");
        p.load(began, forked, Relaxed);
        p.end_if(began.is(0));
        if self.mutant == Some(ForkMutant::CheckedOnceOnly) {
            p.set(holder.inside, 1);
            something_inside(&mut p, lock);
            lock.release(&mut p, &holder);
        }
        inside.push((machine.run(p), holder.inside));

        let mut p = Program::new("other");
        let me = p.register("me");
        p.set(me, 2);
        let other = enter_and_leave(&mut machine, p, lock, me);
        inside.push(other);

        machine.always(move |now| one_owner(now, &inside));
        machine.finally(move |end| match end.is_asleep(other.0) {
            true => Err("the other sleeps for ever".into()),
            false => Ok(()),
        });
        machine
    }
}
