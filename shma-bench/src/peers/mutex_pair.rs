//! Locking and unlocking an uncontended robust mutex: the least cost of changing a small value
//! exclusively, with a lock that survives its owner.

use super::{MUTEX_PAIR, robust::Guarded};
use crate::ability::{Done, Peer, Place, Store, Unable, unable};

/// Lock and unlock.
pub struct Pair;

impl Peer for Pair {
    fn name(&self) -> &'static str {
        MUTEX_PAIR
    }

    fn about(&self) -> &'static str {
        "lock and unlock of an uncontended robust process-shared pthread mutex, and nothing else"
    }

    fn create(&self, place: &Place) -> Result<Box<dyn Store>, Unable> {
        if place.bytes > 64 {
            return unable("a reference for the smallest values");
        }
        Ok(Box::new(Locks(Guarded::create(&place.name, 1, 64)?)))
    }
}

struct Locks(Guarded);

impl Locks {
    fn repeat(&mut self, times: u64) -> Done {
        (0..times).for_each(|_| drop(self.0.lock(0)));
        Ok(())
    }
}

impl Store for Locks {
    fn write(&mut self, _: &[f64], times: u64) -> Done {
        self.repeat(times)
    }

    fn update_with(&mut self, _: &[f64], times: u64) -> Done {
        self.repeat(times)
    }

    fn update(&mut self, _: &[f64], times: u64) -> Done {
        self.repeat(times)
    }
}
