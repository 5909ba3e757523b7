//! The semaphore: acquiring, waiting, taking over from the dead, releasing.
//!
//! Some processes increment a counter under the semaphore, with a plain load and a plain store.
//! Some may be killed. What must hold:
//!
//! - never two live owners;
//! - no increment is lost, and a death adds at most the one under way;
//! - at rest no process sleeps: a wake-up is missing only where one was killed, and then a slice
//!   of time makes up for it.

use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};

use crate::{Compare, Machine, Moment, Process, Program, Register, Word, Words};

/// Set in the lock word beside the owner's id when a process may sleep.
const WAITERS: Word = 0x80;

/// The wrong ways to use the lock word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// Release looks at the word, and then stores 0.
    ReleaseByStore,
    /// Release does not wake.
    ReleaseWithoutWake,
    /// Release does not release what was written.
    ReleaseRelaxed,
    /// Acquire does not acquire what was written.
    AcquireRelaxed,
    /// A waiter that has slept acquires as if no other slept.
    WaitersForgotten,
    /// Who wants to sleep does not set the bit that asks for a wake-up.
    WaitersNotSet,
    /// Sleep has no time-out.
    SleepWithoutSlices,
    /// Take-over goes in although its compare-exchange was lost.
    LostExchangeIgnored,
    /// Take-over does not look whether the word is still that of the dead owner.
    TakeOverBySwap,
    /// The death is known but what the dead owner wrote is not acquired.
    NoAcquireAfterQuery,
    /// Who has waited long enough takes the semaphore from an owner who lives.
    StealFromTheLiving,
    /// One's own id, held by another thread, is asked about; the own token never refuses.
    OwnIdQueried,
}

/// One configuration to explore.
#[derive(Clone, Debug, Default)]
pub struct Semaphore {
    owners: Vec<Owner>,
    kills: u8,
    mutant: Option<Mutant>,
}

#[derive(Clone, Copy, Debug)]
struct Owner {
    id: Word,
    rounds: Word,
    mortal: bool,
}

impl Semaphore {
    /// No owner yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// One more thread, of the attachment with this id, that increments so many times.
    pub fn owner(mut self, id: Word, rounds: Word) -> Self {
        self.owners.push(Owner { id, rounds, mortal: false });
        self
    }

    /// The same, and it may be killed.
    pub fn mortal(mut self, id: Word, rounds: Word) -> Self {
        self.owners.push(Owner { id, rounds, mortal: true });
        self
    }

    /// So many may be killed.
    pub fn kills(mut self, most: u8) -> Self {
        self.kills = most;
        self
    }

    /// Done wrong in this way.
    pub fn mutant(mut self, mutant: Mutant) -> Self {
        self.mutant = Some(mutant);
        self
    }

    /// The model as a machine.
    pub fn machine(&self) -> Machine {
        let mut machine = Machine::new();
        machine.kills(self.kills);
        let most = self.owners.iter().map(|owner| owner.id).max().unwrap_or(0);
        let tokens = vec![1; usize::from(most) + 1];
        let lock = Lock::with_tokens(&mut machine, &tokens, self.mutant);
        let counter = machine.word("counter", 0);
        let mut holders = Vec::new();
        for owner in &self.owners {
            let mut p = Program::new(format!("owner {}", owner.id));
            let me = p.register("me");
            if owner.mortal {
                p.dies_with(lock.alive.at(owner.id));
            }
            p.set(me, owner.id);
            let (count, done) = (p.register("count"), p.kept_register("done"));
            let holder = Holder::new(&mut p, me);
            let again = p.here();
            lock.acquire(&mut p, &holder);
            p.step("increment");
            p.load(count, counter, Relaxed);
            p.store(counter, count + 1, Relaxed);
            lock.release(&mut p, &holder);
            p.set(done, done + 1);
            p.jump_if(done.differs(owner.rounds), again);
            let process = machine.run(p);
            holders.push((process, holder.inside, done));
        }
        let inside: Vec<_> =
            holders.iter().map(|(process, inside, _)| (*process, *inside)).collect();
        machine.always(move |now| one_owner(now, &inside));
        machine.finally(move |end| {
            let (mut least, mut most) = (0, 0);
            for (process, _, done) in &holders {
                if end.is_asleep(*process) {
                    return Err("a process sleeps for ever".into());
                }
                let done = end.register(*process, *done);
                least += done;
                most += done + Word::from(end.is_killed(*process));
            }
            let count = end.latest(counter, 0);
            if !(least..=most).contains(&count) {
                return Err(format!("counted to {count}, not {least} to {most}"));
            }
            Ok(())
        });
        machine
    }
}

/// The property that at most one live process is inside.
pub(super) fn one_owner(now: &Moment<'_>, all: &[(Process, Register)]) -> Result<(), String> {
    let is_in = |(process, inside): &&(Process, Register)| {
        !now.is_killed(*process) && now.register(*process, *inside) != 0
    };
    match all.iter().filter(is_in).count() {
        0 | 1 => Ok(()),
        owners => Err(format!("{owners} owners")),
    }
}

/// The shared words of a semaphore.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lock {
    /// `alive[id]`: the token of owner `id`, as the kernel knows it.
    pub(super) alive: Words,
    pub(super) word: Words,
    mutant: Option<Mutant>,
}

/// The registers of one who uses a semaphore.
#[derive(Clone, Copy, Debug)]
pub(super) struct Holder {
    me: Register,
    /// Not 0 while it takes itself for the owner.
    pub(super) inside: Register,
    seen: Register,
    found: Register,
    alive: Register,
    slept: Register,
}

impl Holder {
    /// The id is what register `me` holds when it acquires.
    pub(super) fn new(p: &mut Program, me: Register) -> Self {
        Holder {
            me,
            inside: p.kept_register("inside"),
            seen: p.register("seen"),
            found: p.register("found"),
            alive: p.register("alive"),
            slept: p.register("slept"),
        }
    }
}

impl Lock {
    /// A free semaphore; `tokens` says for each id whether its owner lives.
    pub(super) fn with_tokens(
        machine: &mut Machine,
        tokens: &[Word],
        mutant: Option<Mutant>,
    ) -> Self {
        let alive = machine.words_of("alive", tokens);
        let word = machine.word("lock", 0);
        machine.show_hexadecimal(word);
        Lock { alive, word, mutant }
    }

    fn is(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }

    pub(super) fn acquire(&self, p: &mut Program, holder: &Holder) {
        let Holder { me, inside, seen, found, alive, slept } = *holder;
        let order = if self.is(Mutant::AcquireRelaxed) { Relaxed } else { Acquire };
        let (entered, took_over) = (p.label(), p.label());
        p.set(slept, 0);
        let again = p.here();
        p.step("acquire");
        p.compare_exchange(seen, self.word, 0, me | (slept * WAITERS), order);
        p.jump_if(seen.is(0), entered);

        let lives = p.label();
        if !self.is(Mutant::OwnIdQueried) {
            p.jump_if((seen & !WAITERS).is(me), lives);
        }
        p.step("query");
        p.load_latest(alive, self.alive.at(seen & !WAITERS), Relaxed);
        if self.is(Mutant::OwnIdQueried) {
            p.when((seen & !WAITERS).is(me), |p| p.set(alive, 0));
        }
        if self.is(Mutant::StealFromTheLiving) {
            p.when(slept, |p| p.set(alive, 0));
        }
        p.jump_if(alive, lives);
        if !self.is(Mutant::NoAcquireAfterQuery) {
            p.fence(Acquire);
        }
        p.step("take over");
        if self.is(Mutant::TakeOverBySwap) {
            p.swap(found, self.word, me | WAITERS, order);
            p.jump(took_over);
        } else {
            p.compare_exchange(found, self.word, seen, me | WAITERS, order);
            p.jump_if(found.is(seen), took_over);
            p.jump(if self.is(Mutant::LostExchangeIgnored) { took_over } else { again });
        }

        p.bind(lives);
        p.step("wait");
        if !self.is(Mutant::WaitersNotSet) {
            p.when((seen & WAITERS).is(0), |p| {
                p.compare_exchange(found, self.word, seen, seen | WAITERS, Relaxed);
                p.jump_if(found.differs(seen), again);
                p.set(seen, seen | WAITERS);
            });
        }
        if self.is(Mutant::SleepWithoutSlices) {
            p.sleep_without_slices(self.word, seen);
        } else {
            p.sleep(self.word, seen);
        }
        if !self.is(Mutant::WaitersForgotten) {
            p.set(slept, 1);
        }
        p.jump(again);

        p.bind(took_over);
        p.set(inside, 1);
        p.step("take over");
        p.wake_all(self.word);
        p.bind(entered);
        p.set(inside, 1);
    }

    pub(super) fn release(&self, p: &mut Program, holder: &Holder) {
        let Holder { me, inside, found, .. } = *holder;
        let order = if self.is(Mutant::ReleaseRelaxed) { Relaxed } else { Release };
        p.step("release");
        p.set(inside, 0);
        if self.is(Mutant::ReleaseByStore) {
            p.load(found, self.word, Relaxed);
            p.store(self.word, 0, order);
            p.when(found & WAITERS, |p| p.wake_one(self.word));
            return;
        }
        let free = p.label();
        p.compare_exchange(found, self.word, me, 0, order);
        p.jump_if(found.is(me), free);
        p.compare_exchange(found, self.word, me | WAITERS, 0, order);
        if !self.is(Mutant::ReleaseWithoutWake) {
            p.wake_one(self.word);
        }
        p.bind(free);
    }
}
