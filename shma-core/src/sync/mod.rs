//! Atomics and locks: the standard library's, or loom's in the models. The one place that names either.
//!
//! Beside them, what tests do to the protocols: [faults](mod@mutant) and [places to die](stop).

#[cfg(loom)]
pub(crate) use loom::sync::atomic::{AtomicPtr, AtomicU8, AtomicU32, AtomicU64, Ordering, fence};
#[cfg(loom)]
pub(crate) use loom::sync::{Mutex, MutexGuard};
#[cfg(not(loom))]
pub(crate) use std::sync::atomic::{AtomicPtr, AtomicU8, AtomicU32, AtomicU64, Ordering, fence};
#[cfg(not(loom))]
pub(crate) use std::sync::{Mutex, MutexGuard};

pub(crate) mod mutant;
pub(crate) mod stop;

pub(crate) use mutant::mutant;
pub(crate) use stop::stop_point;

/// A load that later accesses stay behind, also from memory that is mapped read-only. The standard
/// library promises atomic loads from such memory only when they are relaxed.
#[inline(always)]
pub(crate) fn load_acquire_64(word: &AtomicU64) -> u64 {
    // ThreadSanitizer knows no fences.
    if cfg!(shma_tsan) {
        return word.load(mutant!("load-not-acquired", Ordering::Acquire => Ordering::Relaxed));
    }
    let value = word.load(Ordering::Relaxed);
    if !mutant!("load-not-acquired") {
        fence(Ordering::Acquire);
    }
    value
}

/// A load of a word that the calling thread may change next, by a compare-exchange on what it sees
/// here. In the models it is also tried as an exchange, which changes nothing: loom overlooks some
/// orders of what a thread loads before it stores.
#[inline(always)]
pub(crate) fn load_hint_32(word: &AtomicU32) -> u32 {
    mutant!("hints-exchanged", word.load(Ordering::Relaxed) => word.fetch_or(0, Ordering::Relaxed))
}

/// As [`load_hint_32`], with later accesses behind it.
#[inline(always)]
pub(crate) fn load_acquire_32(word: &AtomicU32) -> u32 {
    // As above.
    if cfg!(shma_tsan) {
        return word.load(Ordering::Acquire);
    }
    let value = load_hint_32(word);
    fence(Ordering::Acquire);
    value
}

/// A load by the holder of a semaphore, of a word that only its holder changes: nothing is to be
/// ordered, because acquiring the semaphore has. Loom checks that no other thread can store meanwhile,
/// and does not take it for an access. One by the thread that is about to store would make it
/// overlook earlier loads of others.
#[inline(always)]
pub(crate) fn load_held_64(word: &AtomicU64) -> u64 {
    #[cfg(not(loom))]
    return word.load(Ordering::Relaxed);
    // SAFETY: loom ends the model if there is a store that this is not ordered with.
    #[cfg(loom)]
    #[allow(unsafe_code, reason = "loom's load without an order is unsafe")]
    return unsafe { word.unsync_load() };
}

/// A read-modify-write that changes nothing, but takes a place in the order of all changes of the
/// word. A compare-exchange, because compilers leave out a `fetch_or(0)` where the processor orders
/// loads and stores by itself. Returns what the word is.
pub(crate) fn touch_32(word: &AtomicU32, order: Ordering) -> u32 {
    let mut seen = 0;
    // Relaxed on failure: tried again.
    while let Err(other) = word.compare_exchange(seen, seen, order, Ordering::Relaxed) {
        seen = other;
    }
    seen
}

/// As [`touch_32`].
pub(crate) fn touch_64(word: &AtomicU64, order: Ordering) {
    let mut seen = 0;
    // Relaxed on failure: tried again.
    while let Err(other) = word.compare_exchange(seen, seen, order, Ordering::Relaxed) {
        seen = other;
    }
}

/// What no other thread accesses any more. Loom ends the model if there is an access that this is not
/// ordered with.
pub(crate) fn exclusive_ptr<T>(pointer: &mut AtomicPtr<T>) -> *mut T {
    #[cfg(not(loom))]
    return *pointer.get_mut();
    // A model that has ended panics in this way too, and one panic is enough.
    #[cfg(loom)]
    return match std::thread::panicking() {
        true => std::ptr::null_mut(),
        false => pointer.with_mut(|pointer| *pointer),
    };
}

/// As [`exclusive_ptr`], of a word that is not needed any more.
pub(crate) fn exclusive_8(word: &mut AtomicU8) {
    #[cfg(not(loom))]
    let _ = word;
    #[cfg(loom)]
    if !std::thread::panicking() {
        word.with_mut(|_| ());
    }
}

/// A part of what threads free by themselves: loom ends a model that has not dropped each.
#[derive(Debug)]
pub(crate) struct Live {
    #[cfg(loom)]
    _tracked: loom::alloc::Track<()>,
}

impl Live {
    pub(crate) fn new() -> Self {
        Self {
            #[cfg(loom)]
            _tracked: loom::alloc::Track::new(()),
        }
    }
}

/// Tells the processor, or loom's scheduler, that this thread waits for another.
#[inline]
pub(crate) fn spin() {
    #[cfg(loom)]
    loom::thread::yield_now();
    #[cfg(not(loom))]
    std::hint::spin_loop();
}
