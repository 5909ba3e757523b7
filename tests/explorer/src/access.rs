//! The rules of the view machine: what a process may read, where it may write, what it learns.

use std::ops::RangeInclusive;
use std::sync::atomic::Ordering;

use crate::expression::Word;
use crate::instruction::releases;
use crate::memory::{Message, View};
use crate::state::{State, Status};

/// What a store or the store half of a read-modify-write adds to a location.
#[derive(Clone, Copy, Debug)]
pub(super) struct Write<const L: usize> {
    /// Where in the modification order.
    pub(super) index: usize,
    pub(super) value: Word,
    pub(super) order: Ordering,
    /// For a read-modify-write, what the message before carries: a release sequence goes on.
    pub(super) carried: Option<View<L>>,
}

impl<const L: usize> State<L> {
    /// The messages that a load of the process may read: none older than what it knows.
    pub(super) fn readable(&self, process: usize, location: usize) -> RangeInclusive<usize> {
        let newest = self.memory.history(location).len() - 1;
        self.threads[process].current.at(location)..=newest
    }

    /// Is the message followed by one that nothing can be put before?
    pub(super) fn is_taken(&self, location: usize, index: usize) -> bool {
        self.memory.history(location).get(index + 1).is_some_and(|follower| follower.attached)
    }

    /// Reads the message, and learns what it carries: at once if this acquires, else at the next
    /// acquire fence.
    pub(super) fn read(
        &mut self,
        process: usize,
        location: usize,
        index: usize,
        acquire: bool,
    ) -> Word {
        let message = self.memory.history(location)[index];
        let thread = &mut self.threads[process];
        thread.current.raise(location, index);
        thread.acquired.raise(location, index);
        thread.acquired.join(&message.view);
        if acquire {
            thread.current.join(&message.view);
        }
        message.value
    }

    /// Writes a message that carries what the process knows if this releases, else what it knew at
    /// its last release fence. Views are renumbered before ([`State::make_room`]).
    pub(super) fn write(&mut self, process: usize, location: usize, write: Write<L>) {
        let Write { index, value, order, carried } = write;
        let thread = &mut self.threads[process];
        thread.current.raise(location, index);
        thread.acquired.raise(location, index);
        let mut view = if releases(order) { thread.current } else { thread.released };
        view.raise(location, index);
        if let Some(carried) = &carried {
            view.join(carried);
        }
        self.memory.insert(location, index, Message { value, attached: carried.is_some(), view });
    }

    /// A fence. The sequentially consistent ones have a total order, in which each knows all that
    /// the earlier ones knew.
    pub(super) fn fence(&mut self, process: usize, order: Ordering) {
        let thread = &mut self.threads[process];
        match order {
            Ordering::Acquire => thread.current = thread.acquired,
            Ordering::Release => thread.released = thread.current,
            _ => {
                thread.acquired.join(&self.total);
                thread.current = thread.acquired;
                thread.released = thread.acquired;
                self.total = thread.acquired;
            }
        }
    }

    /// A fence in this process, one in each of the others that lives, wherever it is in its program,
    /// and one more in this process.
    pub(super) fn heavy_fence(&mut self, process: usize, others: impl Iterator<Item = usize>) {
        self.fence(process, Ordering::SeqCst);
        for other in others {
            if self.threads[other].is_alive() {
                self.fence(other, Ordering::SeqCst);
            }
        }
        self.fence(process, Ordering::SeqCst);
    }

    /// From now on the process reads nothing older than what is there now.
    pub(super) fn see_latest(&mut self, process: usize, location: usize) {
        let newest = self.memory.history(location).len() - 1;
        let thread = &mut self.threads[process];
        thread.current.raise(location, newest);
        thread.acquired.raise(location, newest);
    }

    /// The process is killed: the kernel stores 0 in its token, with all that it had done before.
    pub(super) fn kill(&mut self, process: usize, token: usize) {
        let index = self.memory.history(token).len();
        let thread = &mut self.threads[process];
        thread.status = Status::Killed;
        let mut view = thread.acquired;
        view.raise(token, index);
        self.memory.insert(token, index, Message { value: 0, attached: false, view });
        self.kills_left -= 1;
    }
}
