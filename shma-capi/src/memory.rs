//! Private memory that C changes between two calls.

use std::sync::Mutex;

use crate::fault::Fault;

/// Values above this size leave their memory to the next update of the field: a new one would cost more
/// than the copy, because the system hands it out page by page. Below, the allocator is as quick.
const KEPT_BYTES: usize = 4 << 10;

/// Bytes that an address is a multiple of.
const ALIGNED: usize = size_of::<u128>();

/// The new value of an update and, where the caller wants it, the old one.
#[derive(Debug)]
pub(crate) struct Pair {
    /// First the new one.
    room: Vec<u128>,
    len: usize,
    has_old: bool,
}

impl Pair {
    /// Room for values of so many bytes, both or only the new one. What they hold is unspecified.
    pub(crate) fn new(len: usize, has_old: bool, spare: &Spare) -> Result<Self, Fault> {
        let kept = if len > KEPT_BYTES { spare.take() } else { None };
        let words = Self::words(len) * if has_old { 2 } else { 1 };
        let mut room = kept.filter(|kept| kept.len() >= words).unwrap_or_default();
        if room.is_empty() {
            let no_memory = |_| Fault::no_memory(words * ALIGNED);
            room.try_reserve_exact(words).map_err(no_memory)?;
            room.resize(words, 0);
        }
        Ok(Self { room, len, has_old })
    }

    /// Words of one value: at least one, so that every value has an address of its own.
    fn words(len: usize) -> usize {
        len.div_ceil(ALIGNED).max(1)
    }

    /// Where C finds the new value and the old one, which is `NULL` if there is none.
    pub(crate) fn addresses(&mut self) -> (*mut u8, *const u8) {
        let has_old = self.has_old;
        let (new, old) = self.room.split_at_mut(Self::words(self.len));
        let old = if has_old { old.as_ptr().cast() } else { std::ptr::null() };
        (new.as_mut_ptr().cast(), old)
    }

    pub(crate) fn new_value(&self) -> &[u8] {
        // SAFETY: the room is at least as long; any words are bytes.
        unsafe { std::slice::from_raw_parts(self.room.as_ptr().cast(), self.len) }
    }

    /// Has both values filled, the old one as a copy of the new one.
    pub(crate) fn fill<E>(
        &mut self,
        fill: impl FnOnce(&mut [u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let (new, old) = self.room.split_at_mut(Self::words(self.len));
        // SAFETY: the room is at least as long; any bytes are words.
        let bytes = unsafe { std::slice::from_raw_parts_mut(new.as_mut_ptr().cast(), self.len) };
        fill(bytes)?;
        if self.has_old {
            old[..new.len()].copy_from_slice(new);
        }
        Ok(())
    }

    /// Leaves the memory to the next update.
    pub(crate) fn keep(self, spare: &Spare) {
        if self.len > KEPT_BYTES {
            spare.put(self.room);
        }
    }
}

/// Memory of the latest update of a field.
#[derive(Debug, Default)]
pub(crate) struct Spare(Mutex<Option<Vec<u128>>>);

impl Spare {
    /// Not waited for: new memory does as well, and a fork child may find the lock taken for ever.
    fn take(&self) -> Option<Vec<u128>> {
        self.0.try_lock().ok().and_then(|mut kept| kept.take())
    }

    fn put(&self, room: Vec<u128>) {
        if let Ok(mut kept) = self.0.try_lock() {
            *kept = Some(room);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ALIGNED, Pair, Spare};

    /// C takes these for any numbers, and both values at once.
    #[test]
    fn values_are_aligned_and_apart() {
        let spare = Spare::default();
        for len in [0, 1, 15, 16, 17, 4096, 4097, 100_000] {
            for has_old in [false, true] {
                let mut pair = Pair::new(len, has_old, &spare).unwrap();
                pair.fill(|new| {
                    new.fill(7);
                    Ok::<_, ()>(())
                })
                .unwrap();
                let (new, old) = pair.addresses();
                assert_eq!((new.addr() % ALIGNED, old.addr() % ALIGNED), (0, 0));
                assert_eq!(old.is_null(), !has_old);
                assert!(old.is_null() || old.addr() >= new.addr() + len.max(1));
                assert!(pair.new_value().iter().all(|byte| *byte == 7));
                pair.keep(&spare);
            }
        }
    }

    /// A library that aborts takes its program along.
    #[test]
    fn memory_that_there_is_none_of_is_an_error() {
        let fault = Pair::new(1 << 62, true, &Spare::default()).unwrap_err();
        assert_eq!(fault.code, libc::ENOMEM);
        assert!(fault.text.contains("9223372036854775808 bytes"), "{}", fault.text);
    }
}
