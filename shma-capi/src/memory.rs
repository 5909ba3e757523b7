//! Private memory that C changes between two calls.

use crate::fault::Fault;

/// What a field keeps for one thread only, since it may be a gigabyte.
const LARGE_BYTES: usize = 64 << 10;

/// What an address is a multiple of: copies by whole vectors take half the time if no vector lies in two
/// lines of the cache.
#[derive(Debug, Clone, Copy, bytemuck::Zeroable, bytemuck::Pod)]
#[repr(C, align(64))]
struct Line([u64; 8]);

/// Its bytes.
const ALIGNED: usize = size_of::<Line>();

/// Memory of one value, which may be left over from a larger one.
#[derive(Debug, Default)]
struct Room(Vec<Line>);

impl Room {
    /// Whether a value of so many bytes has room. An empty one has to have an address too.
    #[inline]
    fn holds(&self, len: usize) -> bool {
        len.max(1) <= self.0.len() * ALIGNED
    }

    #[cold]
    fn grow(&mut self, len: usize) -> Result<(), Fault> {
        // The former memory first: there may not be enough for both.
        *self = Self::default();
        let lines = len.div_ceil(ALIGNED).max(1);
        let no_memory = |_| Fault::no_memory(lines * ALIGNED);
        self.0.try_reserve_exact(lines).map_err(no_memory)?;
        self.0.resize(lines, Line([0; 8]));
        Ok(())
    }

    #[inline]
    fn bytes(&self, len: usize) -> &[u8] {
        &bytemuck::cast_slice(&self.0)[..len]
    }

    #[inline]
    fn bytes_mut(&mut self, len: usize) -> &mut [u8] {
        &mut bytemuck::cast_slice_mut(&mut self.0)[..len]
    }
}

/// The new value of an update and, where the caller wants it, the old one.
#[derive(Debug, Default)]
pub(crate) struct Pair {
    new: Room,
    old: Room,
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
        if !self.new.holds(len) || has_old && !self.old.holds(len) {
            self.grow(len, has_old)?;
        }
        (self.len, self.has_old) = (len, has_old);
        Ok(())
    }

    #[cold]
    fn grow(&mut self, len: usize, has_old: bool) -> Result<(), Fault> {
        *self = Self::default();
        self.new.grow(len)?;
        if has_old { self.old.grow(len) } else { Ok(()) }
    }

    /// Frees what is not worth keeping for more than one thread.
    #[inline]
    pub(crate) fn forget_large(&mut self) {
        if self.new.holds(LARGE_BYTES + 1) {
            *self = Self::default();
        }
    }

    /// Where C finds the new value and the old one, which is `NULL` if there is none.
    #[inline]
    pub(crate) fn addresses(&mut self) -> (*mut u8, *const u8) {
        let old = if self.has_old { self.old.0.as_ptr().cast() } else { std::ptr::null() };
        (self.new.0.as_mut_ptr().cast(), old)
    }

    #[inline]
    pub(crate) fn new_value(&self) -> &[u8] {
        self.new.bytes(self.len)
    }

    /// Both, to be filled alike.
    #[inline]
    pub(crate) fn values_mut(&mut self) -> (&mut [u8], Option<&mut [u8]>) {
        let Self { new, old, len, has_old } = self;
        (new.bytes_mut(*len), has_old.then(|| old.bytes_mut(*len)))
    }
}

#[cfg(test)]
mod tests {
    use super::{ALIGNED, Pair};

    fn fill(pair: &mut Pair, with: u8) {
        let (new, old) = pair.values_mut();
        new.fill(with);
        old.into_iter().for_each(|old| old.fill(with));
    }

    /// C takes these for any numbers, and both values at once. They fill memory that had others.
    #[test]
    fn values_are_aligned_and_apart() {
        let mut kept = Pair::default();
        for (at, len) in [0, 1, 15, 16, 17, 100_000, 4096, 4097, 3].into_iter().enumerate() {
            for has_old in [false, true] {
                let mut new = Pair::new(len, has_old).unwrap();
                kept.prepare(len, has_old).unwrap();
                for pair in [&mut new, &mut kept] {
                    fill(pair, at as u8);
                    let (new, old) = pair.addresses();
                    assert_eq!((new.addr() % ALIGNED, old.addr() % ALIGNED), (0, 0));
                    assert_eq!(old.is_null(), !has_old);
                    assert!(old.is_null() || old.addr().abs_diff(new.addr()) >= len.max(1));
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
        assert!(fault.text.contains("4611686018427387904 bytes"), "{}", fault.text);
        assert!(pair.new_value().is_empty());
        pair.prepare(3, true).unwrap();
        fill(&mut pair, 7);
        assert_eq!(pair.new_value(), [7; 3]);
    }
}
