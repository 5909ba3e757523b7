//! The contract under loom: a kernel that knows only which thread sleeps on which word.
//!
//! A slice of sleep does not end by itself, so that a lost wake-up shows as loom's deadlock and is
//! not mended by a time-out. Where a protocol relies on the end of its slices, which is how a
//! sleeper learns of a death, the model says that [`time_passes`]. A sleep of [`SHORT`] ends at once.
//!
//! All calls take one lock, as those on one word do in a real kernel. Their order is explored, but
//! each also sees what the ones before it saw; models must not owe their success to that.
//!
//! `unsafe` here: words that are known by their addresses.
#![allow(unsafe_code)]

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use loom::sync::Mutex;
use loom::thread::{self, Thread, ThreadId};

use crate::sync::{AtomicU32, Ordering, fence};

#[derive(Default)]
struct Kernel {
    sleepers: Vec<(*const AtomicU32, Thread)>,
    /// How often time has passed.
    ticks: usize,
    /// How often it had when a thread last began to sleep or was woken.
    seen: Vec<(ThreadId, usize)>,
}

// The standard library's: loom runs all threads of a model on the thread that started it.
thread_local! {
    static KERNEL: RefCell<Option<Rc<Mutex<Kernel>>>> = const { RefCell::new(None) };
    static REFUSED: Cell<Option<Refused>> = const { Cell::new(None) };
}

/// Forgets all threads; every execution of a model starts with it.
pub(crate) fn boot() {
    KERNEL.set(Some(Rc::default()));
    REFUSED.set(None);
}

/// What a kernel may refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// To a publisher, that heavy fences reach it.
    Accepting,
    /// To a waiter, a heavy fence.
    Heavy,
    /// To a heavy fence, that it reaches the publisher. What both have stored is visible all the same
    /// when a sleep of [`SHORT`] ends.
    Reaching,
}

/// The longest sleep that ends by itself.
const SHORT: Duration = Duration::from_millis(1);

/// Refuses it until the next [`boot`].
pub(crate) fn refuse(what: Refused) {
    REFUSED.set(Some(what));
}

fn enter<R>(call: impl FnOnce(&mut Kernel) -> R) -> R {
    let kernel = KERNEL.with_borrow(|kernel| kernel.clone().expect("a model starts with `boot`"));
    let mut kernel = kernel.lock().expect("loom does not poison");
    call(&mut kernel)
}

pub(crate) fn pause(_at_most: Duration) {
    thread::yield_now();
}

pub(crate) fn futex_wait(word: &AtomicU32, seen: u32, at_most: Duration) -> bool {
    if at_most <= SHORT {
        return sleep_shortly();
    }
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
    false
}

fn sleep_shortly() -> bool {
    thread::yield_now();
    if REFUSED.get() == Some(Refused::Reaching) {
        fence(Ordering::SeqCst);
    }
    true
}

/// The most words that a thread of a model sleeps on.
pub(crate) const MOST_WORDS: usize = 3;

pub(crate) fn most_words() -> usize {
    MOST_WORDS
}

/// Words to sleep on. The kernel compares one after the other, and a thread that it has entered under a
/// word can be woken before it compares the next.
pub(crate) struct Words<'a>(&'a AtomicU32, Vec<(*const AtomicU32, u32)>);

impl<'a> Words<'a> {
    pub(crate) fn new(first: &'a AtomicU32, seen: u32) -> Self {
        Self(first, vec![(first, seen)])
    }

    pub(crate) fn push(&mut self, word: *const AtomicU32, seen: u32) {
        self.1.push((word, seen));
    }

    pub(crate) fn sleep(&self, at_most: Duration) -> bool {
        if let [(_, seen)] = self.1[..] {
            return futex_wait(self.0, seen, at_most);
        }
        if at_most <= SHORT {
            return sleep_shortly();
        }
        let mut entered = 0;
        for (word, seen) in &self.1 {
            let goes_on = enter(|kernel| {
                // SAFETY: the words of a model last as long as its threads.
                let at = unsafe { &**word };
                // Relaxed: as in `futex_wait`.
                let same = at.load(Ordering::Relaxed) == *seen;
                let goes_on = same && !kernel.catches_up() && kernel.stands(entered);
                if goes_on {
                    kernel.sleepers.push((*word, thread::current()));
                } else {
                    kernel.leave();
                }
                goes_on
            });
            if !goes_on {
                return false;
            }
            entered += 1;
        }
        // One that was woken since does not sleep: `park` returns at once after an `unpark`.
        thread::park();
        enter(Kernel::leave);
        false
    }
}

/// Whether the publisher's process gets heavy fences.
pub(crate) fn accept_heavy_fences() -> bool {
    REFUSED.get() != Some(Refused::Accepting)
}

/// Has the threads of a process that accepts it pass a fence. Here those have a fence of
/// sequential consistency where the contract has a light one, and the two kinds order each other as
/// two such fences do. So would two light ones, which the contract does not say: no model has two
/// threads with light fences.
pub(crate) fn heavy_fence() -> bool {
    let refused = REFUSED.get();
    if refused.is_none() {
        fence(Ordering::SeqCst);
    }
    refused != Some(Refused::Heavy)
}

/// As above.
pub(crate) fn light_fence() {
    fence(Ordering::SeqCst);
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

    /// Whether the calling thread is still entered under so many words.
    fn stands(&self, words: usize) -> bool {
        let me = thread::current().id();
        self.sleepers.iter().filter(|(_, thread)| thread.id() == me).count() == words
    }

    /// The calling thread sleeps on no word any more.
    fn leave(&mut self) {
        let me = thread::current().id();
        self.sleepers.retain(|(_, thread)| thread.id() != me);
    }

    fn wake(&mut self, most: usize, of: impl Fn(*const AtomicU32) -> bool) {
        let woken: Vec<_> = self.sleepers.extract_if(.., |(at, _)| of(*at)).take(most).collect();
        for (_, thread) in woken {
            self.note(thread.id(), self.ticks);
            thread.unpark();
        }
    }
}
