//! What computing takes and nothing else: from one buffer in shared memory to another, and back.
//!
//! `unsafe` here: borrowing the buffers.

use std::hint::black_box;

use super::LOOP;
use crate::ability::{Done, Peer, Place, Store, Unable, mix};
use crate::shared::Shared;
use crate::sizes::{array, array_mut, sized};

/// A loop without a lock.
pub struct Loop;

impl Peer for Loop {
    fn name(&self) -> &'static str {
        LOOP
    }

    fn about(&self) -> &'static str {
        "a loop of one process alone, without a lock: into a second buffer, and in place for additions"
    }

    fn create(&self, place: &Place) -> Result<Box<dyn Store>, Unable> {
        let shared = Shared::create(&place.name, 2 * place.bytes as usize)?;
        sized!(place.bytes, N => Ok(Box::new(Buffers::<N> { shared, newest: 0 })))
    }
}

struct Buffers<const N: usize> {
    shared: Shared,
    newest: usize,
}

impl<const N: usize> Buffers<N> {
    /// The other buffer and the newest.
    fn buffers(&mut self) -> (&mut [f64; N], &[f64; N]) {
        let start = self.shared.start().cast::<[f64; N]>();
        let (other, newest) =
            (start.wrapping_add(1 - self.newest), start.wrapping_add(self.newest));
        // SAFETY: within the mapping, which no other process attaches to, and borrowed with `self`.
        let other = unsafe { &mut *other };
        // SAFETY: as above; it is the other half.
        let newest = unsafe { &*newest };
        (other, newest)
    }
}

impl<const N: usize> Store for Buffers<N> {
    fn peek(&mut self, into: &mut [f64]) -> Done {
        array_mut::<N>(into).copy_from_slice(self.buffers().1);
        Ok(())
    }

    fn poke(&mut self, from: &[f64]) -> Done {
        self.buffers().0.copy_from_slice(array::<N>(from));
        self.newest = 1 - self.newest;
        Ok(())
    }

    fn update_with(&mut self, step: &[f64], times: u64) -> Done {
        for _ in 0..times {
            let step = array::<N>(black_box(step));
            let (out, old) = self.buffers();
            for ((out, step), old) in out.iter_mut().zip(step).zip(old) {
                *out = mix(*step, *old);
            }
            black_box(out);
            self.newest = 1 - self.newest;
        }
        Ok(())
    }

    fn update(&mut self, step: &[f64], times: u64) -> Done {
        self.update_with(step, times)
    }

    /// In place.
    fn add_each(&mut self, step: &[f64], times: u64) -> Done {
        self.newest = 1 - self.newest;
        let value = self.buffers().0;
        for _ in 0..times {
            for (value, step) in value.iter_mut().zip(array::<N>(black_box(step))) {
                *value += step;
            }
            black_box(&mut *value);
        }
        self.newest = 1 - self.newest;
        Ok(())
    }
}
