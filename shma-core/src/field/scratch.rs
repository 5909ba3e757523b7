//! Private memory for closures: the two copies of `update`, and the blocks of element-wise calls.
//!
//! Nothing that a closure gets lies in shared memory, so neither its panic nor a hostile peer
//! reaches through it.
//!
//! `unsafe` here: memory that is filled before it is read.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;
use std::ops::Range;
use std::sync::Mutex;

use crate::manifest::element::Element;
use crate::sync::AtomicU64;
use crate::words;

/// Values up to this size are copied to the stack.
pub(crate) const STACK_BYTES: usize = 4 << 10;

/// Values up to this size are moved about as values.
const VALUE_BYTES: usize = 128;

/// Bytes of a block of element-wise calls: it is still in the first cache when it is stored. Twice
/// as much was slower from 4 MiB on, where the next block is fetched meanwhile; half as much was
/// slower everywhere.
const BLOCK_BYTES: usize = 1 << 10;

/// Bytes of a block of [`load_twice`]. Half or twice as much was about as good; copies one after the
/// other took 1.06 times as long at 1 MiB.
const COPIED_BYTES: usize = 32 << 10;

/// From here on both copies are made whole: a long copy may go past the caches, and in blocks 256 MiB
/// took 1.1 times as long.
const WHOLE_BYTES: usize = 16 << 20;

/// From here on an element-wise call has the next block fetched while it computes this one. The
/// short copies are over before the processor sees a stream in them. Less is in the second cache
/// anyway.
const FETCHED_BYTES: usize = 2 << 20;

/// Makes a value out of the bytes that `fill` writes.
///
/// # Safety
///
/// `fill` writes all of them.
#[inline]
pub(crate) unsafe fn fill<T: Element>(fill: impl FnOnce(&mut [MaybeUninit<u8>])) -> T {
    let mut value = MaybeUninit::<T>::uninit();
    fill(bytes_of(&mut value));
    // SAFETY: all bytes are initialised, as the caller promises, and any bytes are a `T`.
    unsafe { value.assume_init() }
}

/// Loads a value over another one.
#[inline]
pub(crate) fn load_over<T: Element>(from: &[AtomicU64], into: &mut T) {
    words::load_over(from, bytemuck::bytes_of_mut(into));
}

/// Copies a value twice from byte `first` on, block by block: the second copy is made while the first
/// one is in a near cache.
pub(crate) fn load_twice(from: &[AtomicU64], first: usize, new: &mut [u8], old: &mut [u8]) {
    let block = if new.len() < WHOLE_BYTES { COPIED_BYTES } else { new.len() };
    let both = old.chunks_mut(block).zip(new.chunks_mut(block));
    for ((old, new), at) in both.zip((first..).step_by(block)) {
        words::load_part_over(from, at, old);
        new.copy_from_slice(old);
    }
}

/// A pair of values of the field's type that a handle keeps for the next update, if it is too
/// large for the stack. Guarded by a lock of this process: the shared semaphore would not do,
/// since a peer can clear it and let two threads in.
#[derive(Debug)]
pub(crate) struct Spare<T>(Mutex<Option<Box<[T; 2]>>>);

impl<T: Element> Spare<T> {
    pub(crate) const fn new() -> Self {
        Self(Mutex::new(None))
    }

    /// Calls `f` with two copies, first the one to change, of the value in `from`.
    #[inline]
    pub(crate) fn with_copies<R>(&self, from: &[AtomicU64], f: impl FnOnce(&mut T, &T) -> R) -> R {
        // Separate functions, because one would have room for both copies on the stack also when it
        // does not use it, unless the compiler optimises.
        if const { size_of::<T>() > STACK_BYTES } {
            self.with_boxed(from, f)
        } else if const { size_of::<T>() > VALUE_BYTES } {
            with_rooms(from, f)
        } else {
            with_values(from, f)
        }
    }

    fn with_boxed<R>(&self, from: &[AtomicU64], f: impl FnOnce(&mut T, &T) -> R) -> R {
        // Not waited for: another thread that has it returns it soon, and a new pair does as well.
        let kept = self.0.try_lock().ok().and_then(|mut spare| spare.take());
        let mut pair = kept.unwrap_or_else(bytemuck::zeroed_box::<[T; 2]>);
        let [new, old] = &mut *pair;
        load_twice(from, 0, bytemuck::bytes_of_mut(new), bytemuck::bytes_of_mut(old));
        let result = f(new, old);
        if let Ok(mut spare) = self.0.try_lock() {
            *spare = Some(pair);
        }
        result
    }
}

/// By value, so that the compiler keeps what it can in registers.
#[inline]
fn with_values<T: Element, R>(from: &[AtomicU64], f: impl FnOnce(&mut T, &T) -> R) -> R {
    // SAFETY: `load` writes all bytes that it is given.
    let old: T = unsafe { fill(|into| words::load(from, into)) };
    let mut new = old;
    f(&mut new, &old)
}

/// In place: larger values would be moved once more on the way.
#[inline]
fn with_rooms<T: Element, R>(from: &[AtomicU64], f: impl FnOnce(&mut T, &T) -> R) -> R {
    let (mut new, mut old) = (MaybeUninit::uninit(), MaybeUninit::uninit());
    words::load(from, bytes_of(&mut old));
    // SAFETY: `load` has initialised all its bytes, and any bytes are a `T`.
    let old = unsafe { old.assume_init_ref() };
    f(new.write(*old), old)
}

/// Memory for a value as bytes that need not be initialised.
#[inline]
fn bytes_of<T>(room: &mut MaybeUninit<T>) -> &mut [MaybeUninit<u8>] {
    // SAFETY: the same memory, borrowed for as long; bytes that need not be initialised may hold
    // whatever a `MaybeUninit` may.
    unsafe { std::slice::from_raw_parts_mut(room.as_mut_ptr().cast(), size_of::<T>()) }
}

/// Calls `f` with two copies, first the one to change, of the `len` elements that start at byte
/// `first` of the value in `from`.
#[inline]
pub(crate) fn with_part_copies<E: Element, R>(
    from: &[AtomicU64],
    first: usize,
    len: usize,
    f: impl FnOnce(&mut [E], &[E]) -> R,
) -> R {
    let run = |new: &mut [MaybeUninit<E>], old: &mut [MaybeUninit<E>]| {
        let old = load_scalars(from, first, old);
        f(new.write_copy_of_slice(old), old)
    };
    if len * size_of::<E>() <= STACK_BYTES && align_of::<E>() <= align_of::<Room<STACK_BYTES>>() {
        run(Room::<STACK_BYTES>::new().scalars(len), Room::<STACK_BYTES>::new().scalars(len))
    } else {
        run(&mut Box::new_uninit_slice(len), &mut Box::new_uninit_slice(len))
    }
}

/// Calls `change` for block after block of the scalars in `from`, with the block's place among all
/// scalars and a private copy of it. Stores the result at the same place in `to` unless `check`
/// refuses. `len` is the number of scalars.
///
/// Stops at the first error.
#[inline]
pub(crate) fn in_blocks<S: Element, Stop>(
    from: &[AtomicU64],
    to: &[AtomicU64],
    len: usize,
    mut change: impl FnMut(Range<usize>, &mut [S]),
    mut check: impl FnMut() -> Result<(), Stop>,
) -> Result<(), Stop> {
    let word_of = |scalar: usize| scalar * size_of::<S>() / words::WORD;
    let mut run = |block: &mut [MaybeUninit<S>]| {
        let pieces = words::Pieces::of(len * size_of::<S>());
        let mut first = 0;
        while first < len {
            let end = len.min(first + block.len());
            let word = word_of(first);
            let next = word_of(end)..word_of(len.min(end + block.len()));
            let block = load_scalars(from, word * words::WORD, &mut block[..end - first]);
            if len * size_of::<S>() >= FETCHED_BYTES {
                words::prefetch(&from[next.clone()]);
                pieces.prefetch_to_store(&to[next]);
            }
            change(first..end, block);
            check()?;
            pieces.store(&to[word..], bytemuck::cast_slice(block));
            first = end;
        }
        Ok(())
    };
    if const {
        size_of::<S>() * block_len::<S>() <= BLOCK_BYTES
            && align_of::<S>() <= align_of::<Room<BLOCK_BYTES>>()
    } {
        run(Room::<BLOCK_BYTES>::new().scalars(const { block_len::<S>() }))
    } else {
        run(&mut Box::new_uninit_slice(const { block_len::<S>() }))
    }
}

/// Room for elements on the stack.
#[repr(align(64))]
struct Room<const BYTES: usize>([MaybeUninit<u8>; BYTES]);

impl<const BYTES: usize> Room<BYTES> {
    #[inline]
    fn new() -> Self {
        Self([MaybeUninit::uninit(); BYTES])
    }

    /// The room as so many elements.
    #[inline]
    fn scalars<S: Element>(&mut self, len: usize) -> &mut [MaybeUninit<S>] {
        assert!(len * size_of::<S>() <= BYTES && align_of::<S>() <= align_of::<Self>());
        // SAFETY: aligned and long enough by the assertion, borrowed as long as `self`; bytes that
        // are not initialised are elements that are not.
        unsafe { std::slice::from_raw_parts_mut(self.0.as_mut_ptr().cast(), len) }
    }
}

/// Scalars in a block: as many as fit, and so many that the next block starts on a whole word; at
/// least the fewest that do.
const fn block_len<S>() -> usize {
    let mut fewest = 1;
    while !(fewest * size_of::<S>()).is_multiple_of(words::WORD) {
        fewest += 1;
    }
    let blocks = BLOCK_BYTES / (fewest * size_of::<S>());
    if blocks == 0 { fewest } else { blocks * fewest }
}

/// Loads elements from byte `first` of the value in `from` on.
#[inline]
fn load_scalars<'b, S: Element>(
    from: &[AtomicU64],
    first: usize,
    into: &'b mut [MaybeUninit<S>],
) -> &'b mut [S] {
    let bytes = std::mem::size_of_val(into);
    // SAFETY: the same memory as bytes, borrowed as long.
    let raw = unsafe { std::slice::from_raw_parts_mut(into.as_mut_ptr().cast(), bytes) };
    words::load_part(from, first, raw);
    // SAFETY: `load_part` writes all bytes that it is given, and any bytes are elements.
    unsafe { into.assume_init_mut() }
}
