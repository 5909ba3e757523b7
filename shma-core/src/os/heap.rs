//! The contract under loom: a kernel that knows only which thread sleeps on which word.
//!
//! A slice of sleep does not end by itself, so that a lost wake-up shows as loom's deadlock and is
//! not mended by a time-out. Where a protocol relies on the end of its slices, which is how a
//! sleeper learns of a death, the model says that [`time_passes`].
//!
//! All calls take one lock, as those on one word do in a real kernel. Their order is explored, but
//! each also sees what the ones before it saw; models must not owe their success to that.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use loom::sync::Mutex;
use loom::thread::{self, Thread, ThreadId};

use crate::sync::{AtomicU32, Ordering};

#[derive(Default)]
struct Kernel {
    sleepers: Vec<(*const AtomicU32, Thread)>,
    /// How often time has passed.
    ticks: usize,
    /// How often it had when a thread last began to sleep or was woken.
    seen: Vec<(ThreadId, usize)>,
}

// Of the standard library: loom runs all threads of a model on the thread that started it.
thread_local! {
    static KERNEL: RefCell<Option<Rc<Mutex<Kernel>>>> = const { RefCell::new(None) };
}

/// Forgets all threads; every execution of a model starts with it.
pub(crate) fn boot() {
    KERNEL.set(Some(Rc::default()));
}

fn enter<R>(call: impl FnOnce(&mut Kernel) -> R) -> R {
    let kernel = KERNEL.with_borrow(|kernel| kernel.clone().expect("a model starts with `boot`"));
    let mut kernel = kernel.lock().expect("loom does not poison");
    call(&mut kernel)
}

pub(crate) fn futex_wait(word: &AtomicU32, seen: u32, _at_most: Duration) {
    let sleeps = enter(|kernel| {
        // Relaxed: a value that a waker has left behind cannot be loaded after that waker's call.
        if word.load(Ordering::Relaxed) != seen || kernel.catches_up() {
            return false;
        }
        kernel.sleepers.push((word, thread::current()));
        true
    });
    // Loom switches threads only on its own calls, so no thread can come in between.
    if sleeps {
        thread::park();
    }
}

pub(crate) fn futex_wake_one(word: &AtomicU32) {
    enter(|kernel| kernel.wake(1, |at| std::ptr::eq(at, word)));
}

pub(crate) fn futex_wake_all(word: &AtomicU32) {
    enter(|kernel| kernel.wake(usize::MAX, |at| std::ptr::eq(at, word)));
}

/// Ends every slice of sleep that has begun, and the next one of every other thread, because it
/// may have decided to sleep before.
pub(crate) fn time_passes() {
    enter(|kernel| {
        kernel.ticks += 1;
        kernel.wake(usize::MAX, |_| true);
    });
}

impl Kernel {
    /// Whether time has passed since the calling thread was last here.
    fn catches_up(&mut self) -> bool {
        let me = thread::current().id();
        let ticks = self.ticks;
        self.note(me, ticks) < ticks
    }

    /// Sets what a thread has seen of time, and returns what it had.
    fn note(&mut self, thread: ThreadId, ticks: usize) -> usize {
        match self.seen.iter_mut().find(|(id, _)| *id == thread) {
            Some((_, seen)) => std::mem::replace(seen, ticks),
            None => {
                self.seen.push((thread, ticks));
                0
            }
        }
    }

    fn wake(&mut self, most: usize, of: impl Fn(*const AtomicU32) -> bool) {
        let woken: Vec<_> = self.sleepers.extract_if(.., |(at, _)| of(*at)).take(most).collect();
        for (_, thread) in woken {
            self.note(thread.id(), self.ticks);
            thread.unpark();
        }
    }
}
