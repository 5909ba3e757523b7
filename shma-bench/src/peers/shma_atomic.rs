//! The library's atomic fields: numbers without a semaphore.

use std::hint::black_box;

use shma_core::{Shm, ShmState};

use super::{SHMA_EXACT, SHMA_RACY};
use crate::ability::{Done, Peer, Place, Store, Unable};
use crate::sizes::{array, array_mut, sized};

/// A value whose numbers are atomics of their own.
#[derive(ShmState)]
struct Numbers<const N: usize> {
    #[shm(atomic)]
    numbers: [f64; N],
}

/// By loads and stores.
pub struct Racy;

impl Peer for Racy {
    fn name(&self) -> &'static str {
        SHMA_RACY
    }

    fn about(&self) -> &'static str {
        "this library's atomic fields, added to by loads and stores; \
         additions at the same instant may be lost"
    }

    fn create(&self, place: &Place) -> Result<Box<dyn Store>, Unable> {
        sized!(place.bytes, N => Ok(Box::new(Value::<N, true>::create(place)?)))
    }
}

/// By compare-exchange.
pub struct Exact;

impl Peer for Exact {
    fn name(&self) -> &'static str {
        SHMA_EXACT
    }

    fn about(&self) -> &'static str {
        "this library's atomic fields, added to by compare-exchange"
    }

    fn create(&self, place: &Place) -> Result<Box<dyn Store>, Unable> {
        sized!(place.bytes, N => Ok(Box::new(Value::<N, false>::create(place)?)))
    }
}

struct Value<const N: usize, const RACY: bool>(Shm<Numbers<N>>);

impl<const N: usize, const RACY: bool> Value<N, RACY> {
    fn create(place: &Place) -> Result<Self, Unable> {
        Ok(Self(Numbers::create(&place.name, &Numbers::zeroed())?))
    }
}

impl<const N: usize, const RACY: bool> Store for Value<N, RACY> {
    fn peek(&mut self, into: &mut [f64]) -> Done {
        self.0.numbers.read_into(array_mut::<N>(into));
        Ok(())
    }

    fn poke(&mut self, from: &[f64]) -> Done {
        self.0.numbers.update_with_racy(array::<N>(from), |new, _| new);
        Ok(())
    }

    fn add_each(&mut self, step: &[f64], times: u64) -> Done {
        let step = array::<N>(step);
        for _ in 0..times {
            if RACY {
                self.0.numbers.add_racy(black_box(step));
            } else {
                self.0.numbers.add(black_box(step));
            }
        }
        Ok(())
    }
}
