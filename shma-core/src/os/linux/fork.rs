//! Forks: how a process learns that it is the child of one, and how a thread keeps what it holds for
//! a moment from being shared with one.
//!
//! `unsafe` here: the page that a fork wipes, and handlers that the C library calls around `fork`.
#![allow(unsafe_code)]

use std::cell::Cell;
use std::io;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use memmap2::MmapOptions;
use rustix::mm::{Advice, madvise};
use rustix::param::page_size;

use super::mapping::protect_inherited;
use super::{futex_wait, futex_wake_all};
use crate::sync::AtomicU32;
use crate::sync::mutant;

/// Words in a page that the kernel gives to every child of a fork empty, also to one that was made
/// by a bare system call.
#[derive(Debug)]
struct Words {
    /// The process's generation; zero until it is asked for.
    generation: AtomicU64,
    /// How many calls of `fork` are under way, or [`UNFORKED`].
    forks: AtomicU32,
    /// Whether a thread opens files; see [`super::descriptors`].
    opening: AtomicU32,
}

/// In [`Words::forks`]: a thread keeps all others from forking.
const UNFORKED: u32 = u32::MAX;

/// How long a thread that forks sleeps between two looks; it is woken before.
const SLICE: Duration = Duration::from_secs(1);

/// What a process knows of its forks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ForkPage(&'static Words);

/// The words of this process, once there are any. No lock guards it: a child that is forked while
/// another thread sets it would inherit that lock locked.
static PAGE: AtomicPtr<Words> = AtomicPtr::new(ptr::null_mut());

/// Runs before `main`, or when a library that has this in it is loaded. Handlers of `fork` are
/// called in the reverse of their order before it, and in their order after it: what those wait for
/// that the program registers comes before a `fork` is counted here, not while it is. And none is under
/// way uncounted, unless a thread forks while such a library is loaded.
#[used]
#[unsafe(link_section = ".init_array")]
static AT_START: extern "C" fn() = {
    extern "C" fn watch() {
        // Attaching retries, and says what is wrong.
        if !mutant!("forks-watched-late") {
            let _ = ForkPage::get();
        }
    }
    watch
};

thread_local! {
    /// Whether this thread is in, or about to be in, [`ForkPage::unforked`].
    static KEEPS_FORKS_OUT: Cell<bool> = const { Cell::new(false) };
}

impl ForkPage {
    /// The page of this process; it is never unmapped.
    pub(crate) fn get() -> io::Result<Self> {
        let page = match Self::current() {
            Some(page) => page,
            None => Self::map()?.settle(),
        };
        page.watch_forks()?;
        Ok(page)
    }

    /// The page, if there is one.
    fn current() -> Option<Self> {
        // Acquire, with the Release of `settle`. (What the page holds was zero before it was mapped.)
        let page = PAGE.load(Ordering::Acquire);
        // SAFETY: null, or set by `settle` to words that last as long as the process.
        unsafe { page.as_ref() }.map(Self)
    }

    /// Makes this the page of the process, unless another thread was quicker: then it is that
    /// thread's, and this one stays unused.
    fn settle(self) -> Self {
        let mine = ptr::from_ref(self.0).cast_mut();
        // Release, with the Acquire of `current`; on failure as there.
        let set =
            PAGE.compare_exchange(ptr::null_mut(), mine, Ordering::Release, Ordering::Acquire);
        match set {
            Ok(_) => self,
            // SAFETY: not null, so it was set here by another thread; see `current`.
            Err(other) => Self(unsafe { &*other }),
        }
    }

    fn map() -> io::Result<Self> {
        let map = MmapOptions::new().len(page_size()).map_anon()?;
        let map = Box::leak(Box::new(map));
        let page = map.as_mut_ptr();
        // SAFETY: advice for one page, which the mapping above consists of; what it holds changes
        // in fork children alone, where it becomes zeroes.
        unsafe { madvise(page.cast(), page_size(), Advice::LinuxWipeOnFork) }?;
        // SAFETY: the mapping is leaked, so it lasts; it is a page of zeroes, so it holds aligned
        // `Words`, which consist of atomics alone; and nothing else points into it.
        Ok(Self(unsafe { &*page.cast::<Words>() }))
    }

    /// Has the C library call this module around every `fork` that begins from now on.
    fn watch_forks(self) -> io::Result<()> {
        static WATCHED: AtomicBool = AtomicBool::new(false);
        // Relaxed: what matters is that the calling thread has seen the handlers registered. Two
        // threads may both do it, and every `fork` is then counted twice, before and after.
        if WATCHED.load(Ordering::Relaxed) || mutant!("forks-unwatched") {
            return Ok(());
        }
        // SAFETY: the handlers may run at any time from now on, on any thread: they need `PAGE`,
        // which is set, and this thread's flag, which has no destructor.
        match unsafe { libc::pthread_atfork(Some(before_fork), Some(after_fork), Some(in_child)) } {
            0 => {
                WATCHED.store(true, Ordering::Relaxed);
                Ok(())
            }
            errno => Err(io::Error::from_raw_os_error(errno)),
        }
    }

    /// The word that keeps two threads from opening files at once; zero in a new process.
    pub(super) fn opening(self) -> &'static AtomicU32 {
        &self.0.opening
    }

    /// The generation of the calling process.
    pub(crate) fn generation(self) -> u64 {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        // Relaxed: both words are read and written by this process alone, and nothing hangs on
        // their order but their values. A child counts on from its copy of the parent's `NEXT`, so
        // it draws a number that no handle it inherited has.
        match self.0.generation.load(Ordering::Relaxed) {
            0 => {
                let mine = NEXT.fetch_add(1, Ordering::Relaxed);
                match self.0.generation.compare_exchange(
                    0,
                    mine,
                    Ordering::Relaxed,
                    Ordering::Relaxed,
                ) {
                    Ok(_) => mine,
                    Err(other) => other,
                }
            }
            generation => generation,
        }
    }

    /// Whether the calling process is the one that got this generation.
    #[inline]
    pub(crate) fn is(self, generation: u64) -> bool {
        // Relaxed: as above.
        self.0.generation.load(Ordering::Relaxed) == generation
    }

    /// Runs `moment` while no other thread forks, so that no child gets a share of what is opened
    /// and closed, or locked and unlocked, in it. `None` if forks overlap without a gap until `end`.
    ///
    /// `moment` must not wait for anything that a thread may hold while it forks. It must not
    /// allocate, then: an allocator may be locked before [`before_fork`] is called.
    ///
    /// A `fork` from a handler of a signal that interrupts `moment` is not kept out, since it could
    /// only wait for itself; nor is a bare system call.
    pub(crate) fn unforked<T>(self, end: Instant, moment: impl FnOnce() -> T) -> Option<T> {
        struct Leave(ForkPage);
        impl Drop for Leave {
            fn drop(&mut self) {
                // Release, with the Acquire of `before_fork`: the moment is over.
                self.0.0.forks.store(0, Ordering::Release);
                futex_wake_all(&self.0.0.forks);
            }
        }
        struct Unflag;
        impl Drop for Unflag {
            fn drop(&mut self) {
                KEEPS_FORKS_OUT.set(false);
            }
        }
        KEEPS_FORKS_OUT.set(true);
        let _unflag = Unflag;
        // Acquire, with the Release of `after_fork` and of `Leave`.
        while let Err(seen) =
            self.0.forks.compare_exchange(0, UNFORKED, Ordering::Acquire, Ordering::Relaxed)
        {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            futex_wait(&self.0.forks, seen, left);
        }
        let _leave = Leave(self);
        Some(moment())
    }
}

/// Counts a `fork`, when no thread keeps it out.
extern "C" fn before_fork() {
    let (Some(ForkPage(words)), false) = (ForkPage::current(), KEEPS_FORKS_OUT.get()) else {
        return;
    };
    // Fails while it is `UNFORKED`.
    let one_more = |under_way: u32| under_way.checked_add(1);
    // Acquire, with the Release of `Leave`: the child has nothing of that moment.
    while words.forks.fetch_update(Ordering::Acquire, Ordering::Relaxed, one_more).is_err() {
        futex_wait(&words.forks, UNFORKED, SLICE);
    }
}

/// Runs in the child, before its `fork` returns.
extern "C" fn in_child() {
    protect_inherited();
}

/// Counts it off, in the parent. The child's count is empty as it is.
extern "C" fn after_fork() {
    let (Some(ForkPage(words)), false) = (ForkPage::current(), KEEPS_FORKS_OUT.get()) else {
        return;
    };
    // Not every one has been counted: in the child of a signal handler that interrupted a `fork`, that
    // one ends here as well.
    let one_less = |under_way| (1..UNFORKED).contains(&under_way).then(|| under_way - 1);
    // Release, with the Acquire of `unforked`: what comes then, the child has nothing of.
    let _ = words.forks.fetch_update(Ordering::Release, Ordering::Relaxed, one_less);
    futex_wake_all(&words.forks);
}
