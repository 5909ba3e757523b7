//! A state of the machine, and its canonical form.

use crate::ahead::Ahead;
use crate::expression::{Register, Word};
use crate::fingerprint::fingerprint;
use crate::memory::{Memory, View};
use crate::program::REGISTERS;

/// What a process is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It has a next step.
    Running,
    /// It sleeps in the kernel, on a word.
    Asleep {
        /// Where the word lies.
        location: u8,
        /// Its sleep ends after a time.
        slices: bool,
    },
    /// It came to the end of its program.
    Done,
    /// It was killed.
    Killed,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Thread<const L: usize> {
    pub(super) at: u16,
    pub(super) status: Status,
    /// How often it was woken by a time-out.
    pub(super) timed_out: u8,
    pub(super) registers: [Word; REGISTERS],
    /// What its loads must not go behind.
    pub(super) current: View<L>,
    /// What an acquire fence would make of it.
    pub(super) acquired: View<L>,
    /// What its relaxed stores pass on: its view at the last release fence.
    pub(super) released: View<L>,
}

impl<const L: usize> Thread<L> {
    pub(super) const START: Self = Thread {
        at: 0,
        status: Status::Running,
        timed_out: 0,
        registers: [0; REGISTERS],
        current: View::START,
        acquired: View::START,
        released: View::START,
    };

    pub(super) fn is_alive(&self) -> bool {
        matches!(self.status, Status::Running | Status::Asleep { .. })
    }

    pub(super) fn set(&mut self, register: Register, value: Word) {
        self.registers[usize::from(register.0)] = value;
    }

    /// Sleeps a slice that may end now that `killed` processes are dead.
    pub(super) fn may_time_out(&self, killed: usize) -> bool {
        matches!(self.status, Status::Asleep { slices: true, .. })
            && usize::from(self.timed_out) < killed
    }

    fn views(&mut self) -> [&mut View<L>; 3] {
        [&mut self.current, &mut self.acquired, &mut self.released]
    }

    /// Forgets what does not matter any more, given what lies ahead of it.
    fn forget(&mut self, ahead: &Ahead, may_be_killed: bool) {
        for (number, register) in self.registers.iter_mut().enumerate() {
            if ahead.registers & (1 << number) == 0 {
                *register = 0;
            }
        }
        if !ahead.relaxed_store {
            self.released = View::START;
        }
        if !ahead.acquire_fence && !may_be_killed {
            self.acquired = self.current;
        }
    }

    fn write_to(&self, words: &mut Vec<u64>) {
        let status = match self.status {
            Status::Running => 0,
            Status::Done => 1,
            Status::Killed => 2,
            Status::Asleep { location, slices } => 3 + u64::from(location) * 2 + u64::from(slices),
        };
        words.push(u64::from(self.at) | u64::from(self.timed_out) << 16 | status << 32);
        for four in self.registers.as_chunks::<4>().0 {
            let [a, b, c, d] = four.map(u64::from);
            words.push(a | b << 16 | c << 32 | d << 48);
        }
        if self.is_alive() {
            for view in [&self.current, &self.acquired, &self.released] {
                view.write_to(words);
            }
        }
    }

    /// Forgets all but the registers in the set `kept`.
    fn retire(&mut self, kept: u32) {
        self.at = 0;
        self.timed_out = 0;
        let nothing_ahead = Ahead { registers: kept, ..Ahead::NOTHING };
        self.current = View::START;
        self.forget(&nothing_ahead, false);
    }
}

#[derive(Clone, Debug)]
pub(super) struct State<const L: usize> {
    pub(super) memory: Memory<L>,
    pub(super) threads: Vec<Thread<L>>,
    /// What all sequentially consistent fences so far have known.
    pub(super) total: View<L>,
    pub(super) kills_left: u8,
}

/// What a state needs to know of a process to be reduced.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outlook<'a> {
    pub(super) ahead: &'a [Ahead],
    pub(super) kept: u32,
    pub(super) killable: bool,
}

impl<const L: usize> State<L> {
    pub(super) fn copy_from(&mut self, other: &Self) {
        self.memory.copy_from(&other.memory);
        self.threads.clone_from(&other.threads);
        self.total = other.total;
        self.kills_left = other.kills_left;
    }

    pub(super) fn killed(&self) -> usize {
        self.threads.iter().filter(|thread| thread.status == Status::Killed).count()
    }

    /// Renumbers every view before a message is put in at `index`.
    pub(super) fn make_room(&mut self, location: usize, index: usize) {
        if index == self.memory.history(location).len() {
            return;
        }
        self.memory.make_room(location, index);
        self.total.make_room(location, index);
        for thread in &mut self.threads {
            for view in thread.views() {
                view.make_room(location, index);
            }
        }
    }

    /// Brings the state into the form that it shares with all states of the same future.
    pub(super) fn reduce(&mut self, outlooks: &[Outlook<'_>]) {
        let mut read = 0;
        let mut least_known = View([u8::MAX; L]);
        let mut total_fence = false;
        let kills_left = self.kills_left > 0;
        for (thread, outlook) in self.threads.iter_mut().zip(outlooks) {
            if !thread.is_alive() {
                thread.retire(outlook.kept);
                continue;
            }
            let ahead = &outlook.ahead[usize::from(thread.at)];
            thread.forget(ahead, outlook.killable && kills_left);
            read |= ahead.read;
            total_fence |= ahead.total_fence;
            let known = thread.current.0.iter().zip(&ahead.indifferent);
            for (least, (known, indifferent)) in least_known.0.iter_mut().zip(known) {
                *least = (*least).min(known | indifferent);
            }
        }
        if !total_fence {
            self.total = View::START;
        }
        self.drop_messages_below(&least_known, read);
    }

    /// Drops the messages that every process which cares has gone beyond.
    fn drop_messages_below(&mut self, least_known: &View<L>, read: u64) {
        let floor = self.memory.floor(least_known);
        self.memory.forget_what_is_known_of(!read);
        if floor == View::START {
            return;
        }
        self.memory.drop_below(&floor);
        self.total.sink(&floor);
        for thread in &mut self.threads {
            for view in thread.views() {
                view.sink(&floor);
            }
        }
    }

    /// Identifies the state; `words` is scratch.
    pub(super) fn fingerprint(&self, words: &mut Vec<u64>) -> u128 {
        words.clear();
        words.push(u64::from(self.kills_left));
        self.total.write_to(words);
        for thread in &self.threads {
            thread.write_to(words);
        }
        self.memory.write_to(words);
        fingerprint(words)
    }
}
