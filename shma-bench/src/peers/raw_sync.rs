//! shared_memory with the locks of raw_sync: what the crates' own examples do.
//!
//! `unsafe` here: the interface of raw_sync, and borrowing what a lock guards while it is held.

use std::hint::black_box;

use raw_sync::locks::{LockGuard, LockImpl, LockInit, Mutex, ReadLockGuard, RwLock};
use shared_memory::{Shmem, ShmemConf};

use crate::ability::{Bell, Done, Peer, Place, Store, Unable, mix, unable};
use crate::sizes::{array, array_mut, sized};

/// Room for the lock.
const HEAD: usize = 128;

/// With a mutex.
pub const MUTEX: Locked = Locked {
    name: "raw_sync mutex",
    about: "shared_memory with raw_sync's Mutex, values changed in place; \
            a process that dies while it holds the lock leaves it locked",
    new: |start, data| {
        // SAFETY: `HEAD` bytes for the lock, not used by any process yet; the mapping outlives it.
        unsafe { Mutex::new(start, data) }
    },
    existing: |start, data| {
        // SAFETY: `new` was called for these bytes; the mapping outlives the lock.
        unsafe { Mutex::from_existing(start, data) }
    },
};

/// With a lock that lets several read.
pub const RW_LOCK: Locked = Locked {
    name: "raw_sync rwlock",
    about: "shared_memory with raw_sync's RwLock, values changed in place; \
            a process that dies while it holds the lock leaves it locked",
    new: |start, data| {
        // SAFETY: as for the mutex.
        unsafe { RwLock::new(start, data) }
    },
    existing: |start, data| {
        // SAFETY: as for the mutex.
        unsafe { RwLock::from_existing(start, data) }
    },
};

type Made = Result<(Box<dyn LockImpl>, usize), Box<dyn std::error::Error>>;

/// shared_memory with one of the locks.
pub struct Locked {
    name: &'static str,
    about: &'static str,
    new: fn(*mut u8, *mut u8) -> Made,
    existing: fn(*mut u8, *mut u8) -> Made,
}

impl Peer for Locked {
    fn name(&self) -> &'static str {
        self.name
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn create(&self, place: &Place) -> Result<Box<dyn Store>, Unable> {
        let size = HEAD + place.bytes as usize;
        let memory = ShmemConf::new().os_id(&place.name).size(size).create()?;
        // Touches each page, as the others do.
        // SAFETY: the mapping has `size` bytes, and no other process knows it yet.
        unsafe { memory.as_ptr().write_bytes(0, size) };
        self.attach(place, memory, self.new)
    }

    fn open(&self, place: &Place) -> Result<Box<dyn Store>, Unable> {
        self.attach(place, ShmemConf::new().os_id(&place.name).open()?, self.existing)
    }

    fn open_bell(&self, _: &Place) -> Result<Box<dyn Bell>, Unable> {
        unable("its events carry no value")
    }
}

impl Locked {
    fn attach(
        &self,
        place: &Place,
        memory: Shmem,
        lock: fn(*mut u8, *mut u8) -> Made,
    ) -> Result<Box<dyn Store>, Unable> {
        let start = memory.as_ptr();
        let (lock, used) = lock(start, start.wrapping_add(HEAD))?;
        assert!(used <= HEAD);
        sized!(place.bytes, N => Ok(Box::new(Value::<N> { lock, _memory: memory })))
    }
}

/// The lock goes before the memory.
struct Value<const N: usize> {
    lock: Box<dyn LockImpl>,
    _memory: Shmem,
}

impl<const N: usize> Value<N> {
    fn change(&mut self, times: u64, mut change: impl FnMut(&mut [f64; N])) -> Done {
        for _ in 0..times {
            let guard: LockGuard<'_> = self.lock.lock()?;
            // SAFETY: `N` numbers behind the lock, aligned to `HEAD`, which is held.
            change(black_box(unsafe { &mut *guard.cast::<[f64; N]>() }));
        }
        Ok(())
    }
}

impl<const N: usize> Store for Value<N> {
    fn read(&mut self, into: &mut [f64], times: u64) -> Done {
        let into = array_mut::<N>(into);
        for _ in 0..times {
            let guard: ReadLockGuard<'_> = self.lock.rlock()?;
            // SAFETY: as in `change`, held for reading.
            into.copy_from_slice(unsafe { &*guard.cast::<[f64; N]>() });
            black_box(&mut *into);
        }
        Ok(())
    }

    fn write(&mut self, from: &[f64], times: u64) -> Done {
        self.change(times, |value| value.copy_from_slice(array::<N>(black_box(from))))
    }

    fn update_with(&mut self, step: &[f64], times: u64) -> Done {
        let step = array::<N>(step);
        self.change(times, |value| {
            for (value, step) in value.iter_mut().zip(black_box(step)) {
                *value = mix(*step, *value);
            }
        })
    }

    fn update(&mut self, step: &[f64], times: u64) -> Done {
        self.update_with(step, times)
    }

    fn add(&mut self, times: u64) -> Done {
        self.change(times, |value| value.iter_mut().for_each(|number| *number += 1.0))
    }

    fn add_part(&mut self, first: usize, times: u64) -> Done {
        self.change(times, |value| {
            value[first..first + 8].iter_mut().for_each(|number| *number += 1.0);
        })
    }
}
