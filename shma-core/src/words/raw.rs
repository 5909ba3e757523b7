//! The copy primitives for private memory that other threads of the process may access meanwhile, as
//! the arrays of an interpreter. No borrow of it exists here, only pointers.
//!
//! Such an access is a race, and what it leaves in that memory is unspecified. It reaches nothing else.

use super::{WORD, covering, load_part_over, store_part};
use crate::sync::AtomicU64;

/// Bytes that go through a private room at a time, where they do not go directly. On x86-64 these are a
/// few at both ends.
const ROOM: usize =
    if cfg!(all(target_arch = "x86_64", not(any(loom, shma_tsan)))) { 16 } else { 512 };

/// As [`load_part`](super::load_part).
///
/// # Safety
///
/// `into` can be written for `len` bytes, and is not shared memory.
pub(crate) unsafe fn load_part_raw(from: &[AtomicU64], first: usize, into: *mut u8, len: usize) {
    let (words, direct) = (&from[covering(first, len)], direct(first, len));
    if !direct.is_empty() {
        super::count(direct.len());
        let at = &words[(first % WORD).div_ceil(WORD)..];
        assert!(direct.len() <= at.len() * WORD);
        // SAFETY: inside of `into` by `direct`.
        let to = unsafe { into.add(direct.start) };
        // SAFETY: `to` can be written as the caller promises, and `at` is as long by the assertion and
        // consists of atomics; the length is a multiple of a pair.
        unsafe { super::assembly::load(to, at.as_ptr().cast(), direct.len()) };
    }
    let mut room = [0; ROOM];
    for piece in pieces(&direct, len) {
        let room = &mut room[..piece.len()];
        load_part_over(words, first % WORD + piece.start, room);
        // SAFETY: inside of `into`.
        let to = unsafe { into.add(piece.start) };
        // SAFETY: as the caller promises; the room is another object.
        unsafe { to.copy_from_nonoverlapping(room.as_ptr(), piece.len()) };
    }
}

/// As [`store_part`].
///
/// # Safety
///
/// `from` can be read for `len` bytes, and is not shared memory.
pub(crate) unsafe fn store_part_raw(to: &[AtomicU64], first: usize, from: *const u8, len: usize) {
    let (words, direct) = (&to[covering(first, len)], direct(first, len));
    if !direct.is_empty() {
        super::count(direct.len());
        let at = &words[(first % WORD).div_ceil(WORD)..];
        assert!(direct.len() <= at.len() * WORD);
        // SAFETY: inside of `from` by `direct`.
        let from = unsafe { from.add(direct.start) };
        // SAFETY: `from` can be read as the caller promises; `at` is as long by the assertion, consists
        // of atomics, which may be written through a shared borrow, and is in no plain access; the
        // length is a multiple of a pair.
        unsafe { super::assembly::store(at.as_ptr().cast_mut().cast(), from, direct.len()) };
    }
    let mut room = [0; ROOM];
    for piece in pieces(&direct, len) {
        let room = &mut room[..piece.len()];
        // SAFETY: inside of `from`.
        let bytes = unsafe { from.add(piece.start) };
        // SAFETY: as the caller promises; the room is another object.
        unsafe { bytes.copy_to_nonoverlapping(room.as_mut_ptr(), piece.len()) };
        store_part(words, first % WORD + piece.start, room);
    }
}

/// The bytes, of `len` from byte `first` of a slot on, that consist of whole pairs of words and go
/// directly.
fn direct(first: usize, len: usize) -> std::ops::Range<usize> {
    let head = (WORD - first % WORD) % WORD;
    if head < len {
        let rest = len - head;
        return head..head + (rest - rest % super::assembly::PAIR);
    }
    head.min(len)..head.min(len)
}

/// The bytes before and behind those that go directly, as much as fits a room at a time.
fn pieces(
    direct: &std::ops::Range<usize>,
    len: usize,
) -> impl Iterator<Item = std::ops::Range<usize>> + use<> {
    let parts = [0..direct.start, direct.end..len];
    parts.into_iter().flat_map(|part| {
        let end = part.end;
        part.step_by(ROOM).map(move |start| start..end.min(start + ROOM))
    })
}

#[cfg(test)]
mod tests {
    use super::{load_part_raw, store_part_raw};
    use crate::sync::AtomicU64;
    use crate::words::{load_part_over, store_part};

    /// Every place and length around words, pairs and rooms does what the primitive with borrows does.
    #[test]
    fn raw_copies_are_the_same_copies() {
        let words: Vec<AtomicU64> =
            (0..200_u64).map(|i| AtomicU64::new(i.wrapping_mul(0x0101_0203_0508_1321))).collect();
        let lengths = || (0..70).chain(500..540).chain(1010..1050);
        for first in 0..20 {
            for len in lengths() {
                let (mut raw, mut expected) = (vec![0xaa; len + 2], vec![0; len]);
                let into = raw[1..].as_mut_ptr();
                // SAFETY: the bytes behind the first are as many.
                unsafe { load_part_raw(&words, first, into, len) };
                load_part_over(&words, first, &mut expected);
                assert_eq!(raw[1..=len], expected, "{first} {len}");
                assert_eq!((raw[0], raw[len + 1]), (0xaa, 0xaa));

                let fresh = || (0..200).map(|_| AtomicU64::new(u64::MAX)).collect::<Vec<_>>();
                let bytes: Vec<u8> = (0..len).map(|i| (i * 7) as u8).collect();
                let (one, other) = (fresh(), fresh());
                // SAFETY: so many bytes.
                unsafe { store_part_raw(&one, first, bytes.as_ptr(), len) };
                store_part(&other, first, &bytes);
                let all = |words: Vec<AtomicU64>| -> Vec<u64> {
                    words.into_iter().map(AtomicU64::into_inner).collect()
                };
                assert_eq!(all(one), all(other), "{first} {len}");
            }
        }
    }
}
