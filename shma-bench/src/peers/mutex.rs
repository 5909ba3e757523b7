//! A robust mutex, and values that are copied under it: what one would write by hand if a closure that
//! panics is not to leave half a value.

use std::hint::black_box;

use super::robust::Guarded;
use crate::ability::{Done, FIELDS, Group, Peer, Place, Store, Unable, mix};
use crate::buffer::Buffer;
use crate::sizes::{array, array_mut, sized};

/// A mutex around copies.
pub struct Mutex;

impl Peer for Mutex {
    fn name(&self) -> &'static str {
        "mutex, copies"
    }

    fn about(&self) -> &'static str {
        "a bare robust pthread mutex; values are copied out, changed, and copied back. \
         A reader stalls all others, and a kill while copying back leaves half a value"
    }

    fn create(&self, place: &Place) -> Result<Box<dyn Store>, Unable> {
        let guarded = Guarded::create(&place.name, 1, place.bytes as usize)?;
        sized!(place.bytes, N => Ok(Box::new(Value::<N> { guarded, new: None })))
    }

    fn open(&self, place: &Place) -> Result<Box<dyn Store>, Unable> {
        let guarded = Guarded::open(&place.name, place.bytes as usize)?;
        sized!(place.bytes, N => Ok(Box::new(Value::<N> { guarded, new: None })))
    }

    fn create_group(&self, place: &Place) -> Result<Box<dyn Group>, Unable> {
        let guarded = Guarded::create(&place.name, FIELDS, place.bytes as usize)?;
        let ones = Buffer::filled(place.bytes, |_| 1.0);
        sized!(group place.bytes, N => Ok(Box::new(Values::<N> { guarded, ones })))
    }

    fn open_group(&self, place: &Place) -> Result<Box<dyn Group>, Unable> {
        let guarded = Guarded::open(&place.name, place.bytes as usize)?;
        let ones = Buffer::filled(place.bytes, |_| 1.0);
        sized!(group place.bytes, N => Ok(Box::new(Values::<N> { guarded, ones })))
    }
}

struct Value<const N: usize> {
    guarded: Guarded,
    /// From the first change on.
    new: Option<Buffer>,
}

impl<const N: usize> Value<N> {
    fn change(&mut self, times: u64, mut change: impl FnMut(&mut [f64; N])) -> Done {
        let new = self.new.get_or_insert_with(|| Buffer::zeroed(8 * N as u64));
        let new = array_mut::<N>(new);
        for _ in 0..times {
            let mut held = self.guarded.lock(0);
            let value = held.value::<N>();
            new.copy_from_slice(value);
            change(black_box(&mut *new));
            value.copy_from_slice(new);
        }
        Ok(())
    }
}

impl<const N: usize> Store for Value<N> {
    fn read(&mut self, into: &mut [f64], times: u64) -> Done {
        let into = array_mut::<N>(into);
        for _ in 0..times {
            into.copy_from_slice(self.guarded.lock(0).value::<N>());
            black_box(&mut *into);
        }
        Ok(())
    }

    fn write(&mut self, from: &[f64], times: u64) -> Done {
        for _ in 0..times {
            let from = array::<N>(black_box(from));
            self.guarded.lock(0).value::<N>().copy_from_slice(from);
        }
        Ok(())
    }

    fn update_with(&mut self, step: &[f64], times: u64) -> Done {
        self.update(step, times)
    }

    fn update(&mut self, step: &[f64], times: u64) -> Done {
        let step = array::<N>(step);
        self.change(times, |value| {
            for (value, step) in value.iter_mut().zip(black_box(step)) {
                *value = mix(*step, *value);
            }
        })
    }

    fn add(&mut self, times: u64) -> Done {
        self.change(times, |value| value.iter_mut().for_each(|number| *number += 1.0))
    }
}

/// A mutex each. Small parts of them are changed in place.
struct Values<const N: usize> {
    guarded: Guarded,
    ones: Buffer,
}

impl<const N: usize> Group for Values<N> {
    fn peek(&mut self) -> Result<[f64; FIELDS], Unable> {
        Ok(std::array::from_fn(|field| self.guarded.lock(field).value::<N>()[0]))
    }

    fn add(&mut self, field: usize, times: u64) -> Done {
        for _ in 0..times {
            let mut held = self.guarded.lock(field);
            black_box(held.value::<N>()).iter_mut().for_each(|number| *number += 1.0);
        }
        Ok(())
    }

    fn update_all(&mut self, times: u64) -> Done {
        for field in (0..times).flat_map(|_| 0..FIELDS) {
            let mut held = self.guarded.lock(field);
            let ones = array::<N>(black_box(&self.ones));
            for (value, one) in held.value::<N>().iter_mut().zip(ones) {
                *value = mix(*one, *value);
            }
        }
        Ok(())
    }
}
