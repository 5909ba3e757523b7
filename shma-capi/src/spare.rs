//! The updates that a field keeps for the next ones, with their memory and their handles.
//!
//! To make one anew costs three times what the rest of an update of 64 bytes does, and a locked
//! instruction a sixth of it. So each is for one thread, which takes it without one.
//!
//! | state | meaning | changed by |
//! |---|---|---|
//! | `FREE` | kept by its field | its thread, to `OPEN`; the end of the field, which frees it |
//! | `OPEN` | under way, and its field has it back | its end, to `FREE`; the end of the field, to `ALONE` |
//! | `ALONE` | under way, and no field has it back | its end, which frees it |
//!
//! The end of a field and that of an update may meet, in two threads: both exchange the state. The
//! beginning of an update and the end of its field do not, by promise 3 of the crate.
//!
//! `unsafe` here: a block that two owners hand to each other.

use std::cell::UnsafeCell;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicPtr, AtomicU8, Ordering};

const FREE: u8 = 0;
const OPEN: u8 = 1;
const ALONE: u8 = 2;

/// How many threads a field keeps something for. Others make theirs anew each time.
const MOST: usize = 16;

/// What C gets a pointer to.
#[derive(Debug)]
pub struct Block<T> {
    state: AtomicU8,
    /// Whether it is the first of its field.
    is_first: bool,
    /// The thread that it is for. One that has ended leaves it to the next of this number.
    thread: libc::pthread_t,
    /// What the field keeps behind it.
    next: AtomicPtr<Self>,
    /// Invariant 1: accessed by the [`Owned`] alone while the state is `OPEN` or `ALONE`, and by the
    /// thread that frees it.
    value: UnsafeCell<T>,
}

/// The number of the thread among the living ones of its process.
#[inline]
fn this_thread() -> libc::pthread_t {
    // SAFETY: it has no conditions.
    unsafe { libc::pthread_self() }
}

impl<T> Block<T> {
    fn new(value: T, state: u8, is_first: bool) -> NonNull<Self> {
        let block = Self {
            state: AtomicU8::new(state),
            is_first,
            thread: this_thread(),
            next: AtomicPtr::default(),
            value: UnsafeCell::new(value),
        };
        NonNull::from(Box::leak(Box::new(block)))
    }

    /// The value, if it is under way.
    ///
    /// # Safety
    ///
    /// No thread ends it meanwhile.
    #[inline]
    pub(crate) unsafe fn open(&self) -> Option<&T> {
        // Relaxed: the caller has the pointer from the thread that opened it.
        if self.state.load(Ordering::Relaxed) == FREE {
            return None;
        }
        // SAFETY: by invariant 1 its owner alone changes it, and that one has left it to C.
        Some(unsafe { &*self.value.get() })
    }

    /// Takes it, if it is free and the calling thread's.
    #[inline]
    fn take(&self) -> bool {
        // Acquire: meets the release in `Owned::drop`, by an earlier thread of this number.
        let free = self.thread == this_thread() && self.state.load(Ordering::Acquire) == FREE;
        if free {
            // Relaxed: nothing is read because of it. No other thread changes it from `FREE` now.
            self.state.store(OPEN, Ordering::Relaxed);
        }
        free
    }
}

/// What a field keeps.
#[derive(Debug)]
pub(crate) struct Spare<T>(
    /// The first of a list. Invariant 2: each of its blocks is freed when this is dropped, or by its
    /// owner later.
    AtomicPtr<Block<T>>,
);

impl<T> Spare<T> {
    pub(crate) const fn new() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    /// The value that is kept for the calling thread. A new one, if there is none yet or it is under way.
    #[inline]
    pub(crate) fn take(&self, make: impl FnOnce() -> T) -> Owned<T> {
        // Acquire: meets the release in `keep`.
        let first = self.0.load(Ordering::Acquire);
        // SAFETY: by invariant 2 it stays as long as `self`.
        match NonNull::new(first).filter(|first| unsafe { first.as_ref() }.take()) {
            Some(block) => Owned(block),
            None => self.take_otherwise(make),
        }
    }

    #[cold]
    fn take_otherwise(&self, make: impl FnOnce() -> T) -> Owned<T> {
        let mut place = &self.0;
        for at in 0..MOST {
            // Acquire: as in `take`.
            let Some(found) = NonNull::new(place.load(Ordering::Acquire)) else {
                return Self::keep(place, Block::new(make(), OPEN, at == 0));
            };
            // SAFETY: by invariant 2 it stays as long as `self`.
            let block = unsafe { found.as_ref() };
            if block.take() {
                return Owned(found);
            }
            place = &block.next;
        }
        Owned(Block::new(make(), ALONE, false))
    }

    /// Keeps a new block at this place from now on, unless another thread was quicker.
    fn keep(place: &AtomicPtr<Block<T>>, new: NonNull<Block<T>>) -> Owned<T> {
        // Release: meets the acquire in `take`. Relaxed on failure: nothing is read.
        let (success, failure) = (Ordering::Release, Ordering::Relaxed);
        if place.compare_exchange(ptr::null_mut(), new.as_ptr(), success, failure).is_err() {
            // SAFETY: no other thread knows of it.
            let state = unsafe { &new.as_ref().state };
            // Relaxed: as above.
            state.store(ALONE, Ordering::Relaxed);
        }
        Owned(new)
    }
}

impl<T> Drop for Spare<T> {
    fn drop(&mut self) {
        let mut next = *self.0.get_mut();
        while let Some(kept) = NonNull::new(next) {
            // SAFETY: by invariant 2 it is still there.
            let block = unsafe { kept.as_ref() };
            // Relaxed: by promise 3 of the crate no update begins any more.
            next = block.next.load(Ordering::Relaxed);
            // Acquire: meets the release in `Owned::drop`. Release: meets the acquire there.
            if block.state.swap(ALONE, Ordering::AcqRel) == FREE {
                // SAFETY: of `Block::new`. No update has it, and none can take it any more.
                drop(unsafe { Box::from_raw(kept.as_ptr()) });
            }
        }
    }
}

/// A value that is under way. Dropped, it is kept by its field, or freed.
#[derive(Debug)]
pub(crate) struct Owned<T>(
    /// Invariant 3: its state is `OPEN` or `ALONE`, and no other is of the same block.
    NonNull<Block<T>>,
);

// SAFETY: by invariant 3 it is the only way to its value, and any thread may give the block back.
unsafe impl<T: Send> Send for Owned<T> {}

impl<T> Owned<T> {
    /// Leaves it under way.
    #[inline]
    pub(crate) fn into_raw(self) -> *mut Block<T> {
        ManuallyDrop::new(self).0.as_ptr()
    }

    /// What was left under way.
    ///
    /// # Safety
    ///
    /// The block is of [`into_raw`](Self::into_raw), and is passed here once.
    #[inline]
    pub(crate) unsafe fn from_raw(block: NonNull<Block<T>>) -> Self {
        Self(block)
    }

    /// Whether its field keeps no other before it.
    #[inline]
    pub(crate) fn is_first(&self) -> bool {
        // SAFETY: by invariant 3 it is not freed.
        unsafe { self.0.as_ref() }.is_first
    }
}

impl<T> Deref for Owned<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: by invariant 3 it is not freed.
        let value = unsafe { self.0.as_ref() }.value.get();
        // SAFETY: by invariants 1 and 3 no other accesses it.
        unsafe { &*value }
    }
}

impl<T> DerefMut for Owned<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: by invariant 3 it is not freed.
        let value = unsafe { self.0.as_ref() }.value.get();
        // SAFETY: by invariants 1 and 3 no other accesses it.
        unsafe { &mut *value }
    }
}

impl<T> Drop for Owned<T> {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: by invariant 3 it is not freed.
        let state = unsafe { &self.0.as_ref().state };
        // Release: meets the acquire in `Block::take` and `Spare::drop`. Acquire: meets the release there.
        // From here on the block may be another owner's.
        if state.swap(FREE, Ordering::AcqRel) == ALONE {
            // SAFETY: of `Block::new`. No field has it.
            drop(unsafe { Box::from_raw(self.0.as_ptr()) });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Barrier};
    use std::thread;

    use super::{MOST, Owned, Spare};

    type Counted = Arc<()>;

    /// What is under way outlives its field, in whichever order they end, and all of it is freed.
    #[test]
    fn each_value_is_freed_once() {
        let value = Counted::default();
        let spare = Spare::new();
        let owned: Vec<_> = (0..MOST + 2).map(|_| spare.take(|| value.clone())).collect();
        assert_eq!(Arc::strong_count(&value), 1 + MOST + 2);
        assert!(owned[0].is_first() && !owned[1].is_first());
        drop(owned);
        assert_eq!(Arc::strong_count(&value), 1 + MOST, "not all are kept, or too many");
        let again = spare.take(|| panic!("there is one"));
        let other = spare.take(|| panic!("there is one"));
        drop(other);
        drop(spare);
        assert_eq!(Arc::strong_count(&value), 2, "one ended with its field, or others did not");
        drop(again);
        assert_eq!(Arc::strong_count(&value), 1, "it is not freed");
        drop(Spare::<Counted>::new());
    }

    /// Two owners of one value would change it both. More threads than are kept for.
    #[test]
    fn threads_never_share_a_value() {
        let spare = Spare::new();
        for _ in 0..3 {
            thread::scope(|scope| {
                for thread in 0..MOST as u64 + 4 {
                    let spare = &spare;
                    scope.spawn(move || {
                        for round in 0..2_000_u64 {
                            let (mut one, mut other) = (spare.take(|| 0), spare.take(|| 0));
                            (*one, *other) = (round << 8 | thread, !(round << 8 | thread));
                            assert_eq!(
                                (*one, *other),
                                (round << 8 | thread, !(round << 8 | thread))
                            );
                        }
                    });
                }
            });
        }
    }

    /// A field may be closed in one thread while its update ends in another.
    #[test]
    fn a_field_and_its_update_end_at_once() {
        for _ in 0..2_000 {
            let (value, both) = (Counted::default(), Barrier::new(2));
            let spare = Spare::new();
            let owned = spare.take(|| value.clone());
            thread::scope(|scope| {
                let both = &both;
                scope.spawn(move || {
                    both.wait();
                    drop::<Owned<_>>(owned);
                });
                both.wait();
                drop(spare);
            });
            assert_eq!(Arc::strong_count(&value), 1);
        }
    }
}
