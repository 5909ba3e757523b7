//! What copying takes and nothing else: no lock, no order, and values that may be torn.
//!
//! `unsafe` here: copies from and to shared memory. A reader beside a writer may get anything,
//! which is what makes it a reference only.

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};

use super::MEMCPY;
use crate::ability::{Done, Peer, Place, Store, Unable};
use crate::shared::Shared;
use crate::sizes::{array, array_mut, sized};

/// Places that a writer uses in turn.
const COPIES: usize = 4;

/// Before them, the number of the newest.
const HEAD: usize = 4096;

/// Plain copies.
pub struct Memcpy;

impl Peer for Memcpy {
    fn name(&self) -> &'static str {
        MEMCPY
    }

    fn about(&self) -> &'static str {
        "copies without any protocol, written to four places in turn; what is read may be torn"
    }

    fn copies(&self) -> u64 {
        COPIES as u64
    }

    fn create(&self, place: &Place) -> Result<Box<dyn Store>, Unable> {
        let shared = Shared::create(&place.name, HEAD + COPIES * place.bytes as usize)?;
        sized!(place.bytes, N => Ok(Box::new(Copies::<N> { shared })))
    }

    fn open(&self, place: &Place) -> Result<Box<dyn Store>, Unable> {
        let shared = Shared::open(&place.name)?;
        sized!(place.bytes, N => Ok(Box::new(Copies::<N> { shared })))
    }
}

struct Copies<const N: usize> {
    shared: Shared,
}

impl<const N: usize> Copies<N> {
    fn newest(&self) -> &AtomicU64 {
        // SAFETY: the start of a mapping that lives as long as `self`, aligned to a page.
        unsafe { &*self.shared.start().cast::<AtomicU64>() }
    }

    fn place(&self, number: u64) -> *mut [f64; N] {
        let places = self.shared.start().wrapping_add(HEAD).cast::<[f64; N]>();
        places.wrapping_add(number as usize % COPIES)
    }
}

impl<const N: usize> Store for Copies<N> {
    fn read(&mut self, into: &mut [f64], times: u64) -> Done {
        let into = array_mut::<N>(into);
        for _ in 0..times {
            let from = black_box(self.place(self.newest().load(Ordering::Acquire)));
            // SAFETY: within the mapping; `into` is private. A torn value is allowed here.
            unsafe { from.copy_to_nonoverlapping(into, 1) };
            black_box(&mut *into);
        }
        Ok(())
    }

    fn write(&mut self, from: &[f64], times: u64) -> Done {
        let from = array::<N>(from);
        for _ in 0..times {
            let next = self.newest().load(Ordering::Relaxed).wrapping_add(1);
            let to = self.place(next);
            // SAFETY: as in `read`, the other way; there is one writer.
            unsafe { to.copy_from_nonoverlapping(black_box(from), 1) };
            self.newest().store(next, Ordering::Release);
        }
        Ok(())
    }

    fn write_kept(&mut self, from: &[f64], times: u64) -> Done {
        self.write(from, times)
    }
}
