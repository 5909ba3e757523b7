//! Sleeping on several words at once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::io::Errno;
use rustix::thread::futex::{self, Wait, WaitFlags, WaitPtr, WaitvFlags};
use rustix::time::{ClockId, Timespec, clock_gettime};

use super::{futex_wait, timespec};
use crate::sync::AtomicU32;

/// The most words that a thread can sleep on.
pub(crate) const MOST_WORDS: usize = 128;

/// How long a thread sleeps on the first word alone when the kernel does not take all of them.
const FIRST_ALONE: Duration = Duration::from_millis(1);

/// Whether the kernel, or a sandbox, has refused `futex_waitv` to this process or to one that it was
/// forked from.
static REFUSED: AtomicBool = AtomicBool::new(false);

/// How many words a thread can sleep on.
pub(crate) fn most_words() -> usize {
    // Relaxed: a hint; `sleep` finds out by itself.
    if REFUSED.load(Ordering::Relaxed) { 1 } else { MOST_WORDS }
}

/// Words to sleep on.
#[derive(Debug)]
pub(crate) struct Words<'a> {
    first: &'a AtomicU32,
    waits: [Wait; MOST_WORDS],
    len: usize,
}

impl<'a> Words<'a> {
    /// One word: the sleep ends when it is not `seen`.
    pub(crate) fn new(first: &'a AtomicU32, seen: u32) -> Self {
        let mut words = Self { first, waits: [Wait::new(); MOST_WORDS], len: 0 };
        words.push(first, seen);
        words
    }

    /// Adds a word. It may be unmapped by the time of the sleep, which then ends early, or sleeps on
    /// what lies there: nothing but the kernel looks at the address.
    ///
    /// # Panics
    ///
    /// If there are [`MOST_WORDS`] already.
    pub(crate) fn push(&mut self, word: *const AtomicU32, seen: u32) {
        let wait = &mut self.waits[self.len];
        wait.val = seen.into();
        wait.uaddr = WaitPtr::new(word.cast_mut().cast());
        // Not private: see `futex_wait`.
        wait.flags = WaitFlags::SIZE_U32;
        self.len += 1;
    }

    /// Sleeps while every word is what it was seen to be, woken by a wake on any of them; may return
    /// early for any reason. Where the kernel lacks the call, the sleep is on the first word, and short.
    /// Returns whether the whole time has passed.
    pub(crate) fn sleep(&self, at_most: Duration) -> bool {
        let first = self.waits[0].val as u32;
        if self.len == 1 {
            return futex_wait(self.first, first, at_most);
        }
        let waits = &self.waits[..self.len];
        let end = after(at_most);
        match futex::waitv(waits, WaitvFlags::empty(), Some(&end), ClockId::Monotonic) {
            Ok(_) | Err(Errno::AGAIN | Errno::INTR) => return false,
            Err(Errno::TIMEDOUT) => return true,
            // A word is not mapped any more, or there is no memory for it now.
            Err(Errno::FAULT | Errno::NOMEM) => {}
            Err(_) => REFUSED.store(true, Ordering::Relaxed),
        }
        futex_wait(self.first, first, at_most.min(FIRST_ALONE)) && at_most <= FIRST_ALONE
    }
}

/// The time on the monotonic clock when so much has passed.
fn after(duration: Duration) -> Timespec {
    let now = clock_gettime(ClockId::Monotonic);
    now.checked_add(timespec(duration)).unwrap_or(Timespec { tv_sec: i64::MAX, tv_nsec: 0 })
}
