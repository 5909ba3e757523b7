//! A robust mutex, and values that are changed in place: the least that exclusion can cost.

use std::hint::black_box;

use super::{MUTEX_IN_PLACE, robust::Guarded};
use crate::ability::{Done, FIELDS, Group, Peer, Place, Store, Unable, mix, unable};
use crate::buffer::Buffer;
use crate::sizes::{array, array_mut, sized};

/// A mutex around a value in place.
pub struct InPlace;

impl Peer for InPlace {
    fn name(&self) -> &'static str {
        MUTEX_IN_PLACE
    }

    fn about(&self) -> &'static str {
        "a bare robust pthread mutex; values are changed in place. \
         A reader stalls all others, and a panic or a kill leaves half a value"
    }

    fn create(&self, place: &Place) -> Result<Box<dyn Store>, Unable> {
        let guarded = Guarded::create(&place.name, 1, place.bytes as usize)?;
        sized!(place.bytes, N => Ok(Box::new(Value::<N>(guarded))))
    }

    fn open(&self, place: &Place) -> Result<Box<dyn Store>, Unable> {
        let guarded = Guarded::open(&place.name, place.bytes as usize)?;
        sized!(place.bytes, N => Ok(Box::new(Value::<N>(guarded))))
    }

    fn create_group(&self, place: &Place) -> Result<Box<dyn Group>, Unable> {
        let guarded = Guarded::create(&place.name, 1, FIELDS * place.bytes as usize)?;
        grouped(guarded, place.bytes)
    }

    fn open_group(&self, place: &Place) -> Result<Box<dyn Group>, Unable> {
        let guarded = Guarded::open(&place.name, FIELDS * place.bytes as usize)?;
        grouped(guarded, place.bytes)
    }
}

fn grouped(guarded: Guarded, bytes: u64) -> Result<Box<dyn Group>, Unable> {
    let ones = Buffer::filled(bytes, |_| 1.0);
    let copy = Buffer::zeroed(FIELDS as u64 * bytes);
    sized!(group bytes, N => Ok(Box::new(Values::<N, { N * FIELDS }> { guarded, ones, copy })))
}

struct Value<const N: usize>(Guarded);

impl<const N: usize> Store for Value<N> {
    fn peek(&mut self, into: &mut [f64]) -> Done {
        array_mut::<N>(into).copy_from_slice(self.0.lock(0).value::<N>());
        Ok(())
    }

    fn poke(&mut self, from: &[f64]) -> Done {
        self.0.lock(0).value::<N>().copy_from_slice(array::<N>(from));
        Ok(())
    }

    fn read(&mut self, _: &mut [f64], _: u64) -> Done {
        unable("reads as the mutex with copies does")
    }

    fn write(&mut self, _: &[f64], _: u64) -> Done {
        unable("replaces as the mutex with copies does")
    }

    fn add_each(&mut self, step: &[f64], times: u64) -> Done {
        let step = array::<N>(step);
        for _ in 0..times {
            let mut held = self.0.lock(0);
            for (value, step) in held.value::<N>().iter_mut().zip(black_box(step)) {
                *value += step;
            }
        }
        Ok(())
    }

    fn update_with(&mut self, step: &[f64], times: u64) -> Done {
        let step = array::<N>(step);
        for _ in 0..times {
            let mut held = self.0.lock(0);
            for (value, step) in held.value::<N>().iter_mut().zip(black_box(step)) {
                *value = mix(*step, *value);
            }
        }
        Ok(())
    }

    fn update(&mut self, step: &[f64], times: u64) -> Done {
        self.update_with(step, times)
    }

    fn add(&mut self, times: u64) -> Done {
        for _ in 0..times {
            let mut held = self.0.lock(0);
            black_box(held.value::<N>()).iter_mut().for_each(|number| *number += 1.0);
        }
        Ok(())
    }

    fn add_part(&mut self, first: usize, times: u64) -> Done {
        for _ in 0..times {
            let mut held = self.0.lock(0);
            let part = &mut black_box(held.value::<N>())[first..first + 8];
            part.iter_mut().for_each(|number| *number += 1.0);
        }
        Ok(())
    }
}

/// One mutex around all of them: `ALL` numbers, `N` a value.
struct Values<const N: usize, const ALL: usize> {
    guarded: Guarded,
    ones: Buffer,
    copy: Buffer,
}

impl<const N: usize, const ALL: usize> Group for Values<N, ALL> {
    fn peek(&mut self) -> Result<[f64; FIELDS], Unable> {
        let mut held = self.guarded.lock(0);
        let values = held.value::<ALL>();
        Ok(std::array::from_fn(|field| values[field * N]))
    }

    fn add(&mut self, field: usize, times: u64) -> Done {
        for _ in 0..times {
            let mut held = self.guarded.lock(0);
            let value = &mut black_box(held.value::<ALL>())[field * N..][..N];
            value.iter_mut().for_each(|number| *number += 1.0);
        }
        Ok(())
    }

    fn update_all(&mut self, times: u64) -> Done {
        for _ in 0..times {
            let mut held = self.guarded.lock(0);
            for value in held.value::<ALL>().chunks_exact_mut(N) {
                for (value, one) in value.iter_mut().zip(array::<N>(black_box(&self.ones))) {
                    *value = mix(*one, *value);
                }
            }
        }
        Ok(())
    }

    fn snapshot(&mut self, times: u64) -> Done {
        for _ in 0..times {
            self.copy.copy_from_slice(self.guarded.lock(0).value::<ALL>());
            black_box(&mut self.copy);
        }
        Ok(())
    }

    fn copied(&mut self) -> Result<[f64; FIELDS], Unable> {
        Ok(std::array::from_fn(|field| self.copy[field * N]))
    }

    fn transaction(&mut self, times: u64) -> Done {
        for _ in 0..times {
            let mut held = self.guarded.lock(0);
            let values = black_box(held.value::<ALL>());
            values[0] += 1.0;
            values[ALL - N] += 1.0;
        }
        Ok(())
    }
}
