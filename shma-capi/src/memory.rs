//! Private memory that C changes between two calls.

use crate::fault::Fault;

/// What a field keeps for one thread only, since it may be a gigabyte.
const LARGE_BYTES: usize = 64 << 10;

/// Bytes that an address is a multiple of.
const ALIGNED: usize = size_of::<u128>();

/// The new value of an update and, where the caller wants it, the old one.
#[derive(Debug, Default)]
pub(crate) struct Pair {
    /// First the new one. What is behind the two is left over from larger ones.
    room: Vec<u128>,
    len: usize,
    has_old: bool,
}

impl Pair {
    /// Room for values of so many bytes, both or only the new one. What they hold is unspecified.
    pub(crate) fn new(len: usize, has_old: bool) -> Result<Self, Fault> {
        let mut pair = Self::default();
        pair.prepare(len, has_old)?;
        Ok(pair)
    }

    /// Makes room for other values, in the memory of the former ones if they fit. After an error there
    /// is room for none.
    #[inline]
    pub(crate) fn prepare(&mut self, len: usize, has_old: bool) -> Result<(), Fault> {
        let words = Self::words(len) * if has_old { 2 } else { 1 };
        if self.room.len() < words {
            self.grow(words)?;
        }
        (self.len, self.has_old) = (len, has_old);
        Ok(())
    }

    #[cold]
    fn grow(&mut self, words: usize) -> Result<(), Fault> {
        // The former memory first: there may not be enough for both.
        *self = Self::default();
        let no_memory = |_| Fault::no_memory(words * ALIGNED);
        self.room.try_reserve_exact(words).map_err(no_memory)?;
        self.room.resize(words, 0);
        Ok(())
    }

    /// Frees what is not worth keeping for more than one thread.
    #[inline]
    pub(crate) fn forget_large(&mut self) {
        if self.room.len() * ALIGNED > LARGE_BYTES {
            *self = Self::default();
        }
    }

    /// Words of one value: at least one, so that every value has an address of its own.
    #[inline]
    fn words(len: usize) -> usize {
        len.div_ceil(ALIGNED).max(1)
    }

    /// Where C finds the new value and the old one, which is `NULL` if there is none.
    #[inline]
    pub(crate) fn addresses(&mut self) -> (*mut u8, *const u8) {
        let has_old = self.has_old;
        let (new, old) = self.room.split_at_mut(Self::words(self.len));
        let old = if has_old { old.as_ptr().cast() } else { std::ptr::null() };
        (new.as_mut_ptr().cast(), old)
    }

    #[inline]
    pub(crate) fn new_value(&self) -> &[u8] {
        let room: &[u8] = bytemuck::cast_slice(&self.room);
        &room[..self.len]
    }

    /// The new value, to be filled.
    #[inline]
    pub(crate) fn new_value_mut(&mut self) -> &mut [u8] {
        let room: &mut [u8] = bytemuck::cast_slice_mut(&mut self.room);
        &mut room[..self.len]
    }

    /// Fills the old value as a copy of the new one.
    #[inline]
    pub(crate) fn copy_old(&mut self) {
        if self.has_old {
            let room: &mut [u8] = bytemuck::cast_slice_mut(&mut self.room);
            let (new, old) = room.split_at_mut(Self::words(self.len) * ALIGNED);
            old[..self.len].copy_from_slice(&new[..self.len]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ALIGNED, Pair};

    /// C takes these for any numbers, and both values at once. They fill memory that had others.
    #[test]
    fn values_are_aligned_and_apart() {
        let mut kept = Pair::default();
        for (at, len) in [0, 1, 15, 16, 17, 100_000, 4096, 4097, 3].into_iter().enumerate() {
            for has_old in [false, true] {
                let mut new = Pair::new(len, has_old).unwrap();
                kept.prepare(len, has_old).unwrap();
                for pair in [&mut new, &mut kept] {
                    pair.new_value_mut().fill(at as u8);
                    pair.copy_old();
                    let (new, old) = pair.addresses();
                    assert_eq!((new.addr() % ALIGNED, old.addr() % ALIGNED), (0, 0));
                    assert_eq!(old.is_null(), !has_old);
                    assert!(old.is_null() || old.addr() >= new.addr() + len.max(1));
                    assert_eq!(pair.new_value(), vec![at as u8; len]);
                    // SAFETY: the old value lies there, and the pair is borrowed as long.
                    let old = has_old.then(|| unsafe { std::slice::from_raw_parts(old, len) });
                    assert!(old.is_none_or(|old| old == pair.new_value()));
                }
            }
        }
    }

    /// A library that aborts takes its program along. What was kept is of no more use then.
    #[test]
    fn memory_that_there_is_none_of_is_an_error() {
        let mut pair = Pair::new(3, true).unwrap();
        let fault = pair.prepare(1 << 62, true).unwrap_err();
        assert_eq!(fault.code, libc::ENOMEM);
        assert!(fault.text.contains("9223372036854775808 bytes"), "{}", fault.text);
        assert!(pair.new_value().is_empty());
        pair.prepare(3, true).unwrap();
        pair.new_value_mut().fill(7);
        assert_eq!(pair.new_value(), [7; 3]);
    }
}
