//! A bare futex word beside a number: the least that waiting can cost.
//!
//! `unsafe` here: atomics in shared memory.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use rustix::io::Errno;
use rustix::thread::futex;

use super::FUTEX;
use crate::ability::{Bell, Done, Peer, Place, Unable};
use crate::shared::Shared;

/// A futex.
pub struct Futex;

impl Peer for Futex {
    fn name(&self) -> &'static str {
        FUTEX
    }

    fn about(&self) -> &'static str {
        "a bare futex word beside a number; always makes the system call that wakes"
    }

    fn create_bell(&self, place: &Place) -> Result<Box<dyn Bell>, Unable> {
        Ok(Box::new(Word(Shared::create(&place.name, size_of::<Layout>())?)))
    }

    fn open_bell(&self, place: &Place) -> Result<Box<dyn Bell>, Unable> {
        Ok(Box::new(Word(Shared::open(&place.name)?)))
    }
}

#[repr(C)]
struct Layout {
    number: AtomicU64,
    word: AtomicU32,
}

struct Word(Shared);

impl Word {
    fn layout(&self) -> &Layout {
        // SAFETY: mapped as long as `self`, aligned to a page, and large enough; atomics alone.
        unsafe { &*self.0.start().cast::<Layout>() }
    }
}

impl Bell for Word {
    fn ring(&mut self, number: u64, times: u64) -> Done {
        let Layout { number: place, word } = self.layout();
        for _ in 0..times {
            place.store(number, Ordering::Relaxed);
            word.fetch_add(1, Ordering::Release);
            futex::wake(word, futex::Flags::empty(), u32::MAX >> 1)?;
        }
        Ok(())
    }

    fn sleep(&mut self, last: u64) -> Result<u64, Unable> {
        let Layout { number, word } = self.layout();
        loop {
            let seen = word.load(Ordering::Acquire);
            let number = number.load(Ordering::Relaxed);
            if number != last {
                return Ok(number);
            }
            match futex::wait(word, futex::Flags::empty(), seen, None) {
                Ok(()) | Err(Errno::AGAIN | Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn look(&mut self) -> Result<u64, Unable> {
        Ok(self.layout().number.load(Ordering::Acquire))
    }
}
