//! The library.

use std::hint::black_box;
use std::time::Duration;

use shma_core::{Shm, ShmState, Version};

use super::{SHMA, shma_scattered};
use crate::ability::{Bell, Done, FIELDS, Group, Peer, Place, Scattered, Store, Unable, mix};
use crate::sizes::{array, array_mut, sized};

/// The longest wait for a number, far above any latency.
const PATIENCE: Duration = Duration::from_secs(20);

/// One value.
#[derive(ShmState)]
struct Value<const N: usize> {
    numbers: [f64; N],
}

/// Eight values.
#[derive(ShmState)]
struct Values<const N: usize> {
    a: [f64; N],
    b: [f64; N],
    c: [f64; N],
    d: [f64; N],
    e: [f64; N],
    f: [f64; N],
    g: [f64; N],
    h: [f64; N],
}

/// A number to wait for.
#[derive(ShmState)]
struct Number {
    number: u64,
}

/// shma-core.
pub struct Shma;

impl Peer for Shma {
    fn name(&self) -> &'static str {
        SHMA
    }

    fn about(&self) -> &'static str {
        "this library"
    }

    /// Four slots, and two of its own from the first `update` on.
    fn copies(&self) -> u64 {
        6
    }

    fn create(&self, place: &Place) -> Result<Box<dyn Store>, Unable> {
        sized!(place.bytes, N => Ok(Box::new(Value::<N>::create(&place.name, &Value::zeroed())?)))
    }

    fn open(&self, place: &Place) -> Result<Box<dyn Store>, Unable> {
        sized!(place.bytes, N => Ok(Box::new(Value::<N>::open(&place.name)?)))
    }

    fn create_group(&self, place: &Place) -> Result<Box<dyn Group>, Unable> {
        sized!(group place.bytes, N => {
            Ok(Box::new(Together::<N>::new(Values::create(&place.name, &Values::zeroed())?)))
        })
    }

    fn open_group(&self, place: &Place) -> Result<Box<dyn Group>, Unable> {
        sized!(group place.bytes, N => Ok(Box::new(Together::<N>::new(Values::open(&place.name)?))))
    }

    fn create_scattered(&self, place: &Place) -> Result<Box<dyn Scattered>, Unable> {
        shma_scattered::create(place, false)
    }

    fn create_bell(&self, place: &Place) -> Result<Box<dyn Bell>, Unable> {
        let number = Number::create(&place.name, &Number::zeroed())?;
        Ok(Box::new(Waiter { seen: number.number.version(), number }))
    }

    fn open_bell(&self, place: &Place) -> Result<Box<dyn Bell>, Unable> {
        let number = Number::open(&place.name)?;
        Ok(Box::new(Waiter { seen: number.number.version(), number }))
    }
}

impl<const N: usize> Store for Shm<Value<N>> {
    fn read(&mut self, into: &mut [f64], times: u64) -> Done {
        let into = array_mut::<N>(into);
        for _ in 0..times {
            self.numbers.read_into(black_box(&mut *into));
        }
        Ok(())
    }

    fn write(&mut self, from: &[f64], times: u64) -> Done {
        let from = array::<N>(from);
        (0..times).for_each(|_| _ = self.numbers.write(black_box(from)));
        Ok(())
    }

    fn write_kept(&mut self, from: &[f64], times: u64) -> Done {
        let from = array::<N>(from);
        let mut writer = self.numbers.writer()?;
        (0..times).for_each(|_| _ = writer.write(black_box(from)));
        Ok(())
    }

    fn update_with(&mut self, step: &[f64], times: u64) -> Done {
        let step = array::<N>(step);
        (0..times).for_each(|_| _ = self.numbers.update_with(black_box(step), mix));
        Ok(())
    }

    fn update(&mut self, step: &[f64], times: u64) -> Done {
        for _ in 0..times {
            let step = array::<N>(black_box(step));
            self.numbers.update(|new, old| {
                for ((new, step), old) in new.iter_mut().zip(step).zip(old) {
                    *new = mix(*step, *old);
                }
            });
        }
        Ok(())
    }

    fn add(&mut self, times: u64) -> Done {
        for _ in 0..times {
            self.numbers.update(|new, _| new.iter_mut().for_each(|number| *number += 1.0));
        }
        Ok(())
    }

    fn add_part(&mut self, first: usize, times: u64) -> Done {
        for _ in 0..times {
            let part = black_box(first)..black_box(first) + 8;
            self.numbers.update_range(part, |new, _| {
                new.iter_mut().for_each(|number| *number += 1.0);
            });
        }
        Ok(())
    }

    #[cfg(shma_count)]
    fn retries(&mut self, reads: u64) -> Option<f64> {
        let copied = shma_core::private::take_copied() as f64;
        Some(copied / (reads as f64 * size_of::<Value<N>>() as f64) - 1.0)
    }
}

struct Together<const N: usize> {
    values: Shm<Values<N>>,
    ones: Box<Values<N>>,
    copy: Box<Values<N>>,
}

impl<const N: usize> Together<N> {
    fn new(values: Shm<Values<N>>) -> Self {
        let mut ones = Values::zeroed();
        for field in [
            &mut ones.a,
            &mut ones.b,
            &mut ones.c,
            &mut ones.d,
            &mut ones.e,
            &mut ones.f,
            &mut ones.g,
            &mut ones.h,
        ] {
            field.fill(1.0);
        }
        Self { values, ones, copy: Values::zeroed() }
    }
}

impl<const N: usize> Group for Together<N> {
    fn peek(&mut self) -> Result<[f64; FIELDS], Unable> {
        self.values.read_into(&mut self.copy);
        self.copied()
    }

    fn copied(&mut self) -> Result<[f64; FIELDS], Unable> {
        let Values { a, b, c, d, e, f, g, h } = &*self.copy;
        Ok([a, b, c, d, e, f, g, h].map(|field| field[0]))
    }

    fn add(&mut self, field: usize, times: u64) -> Done {
        let values = &*self.values;
        let fields = [
            &values.a, &values.b, &values.c, &values.d, &values.e, &values.f, &values.g, &values.h,
        ];
        for _ in 0..times {
            fields[field].update(|new, _| new.iter_mut().for_each(|number| *number += 1.0));
        }
        Ok(())
    }

    fn update_all(&mut self, times: u64) -> Done {
        (0..times).for_each(|_| self.values.update_with(black_box(&self.ones), mix));
        Ok(())
    }

    fn snapshot(&mut self, times: u64) -> Done {
        (0..times).for_each(|_| self.values.snapshot_into(black_box(&mut self.copy)));
        Ok(())
    }

    fn transaction(&mut self, times: u64) -> Done {
        for _ in 0..times {
            self.values.transaction(|new, old| {
                new.a[0] = old.a[0] + 1.0;
                new.h[0] = old.h[0] + 1.0;
            });
        }
        Ok(())
    }
}

struct Waiter {
    number: Shm<Number>,
    seen: Version,
}

impl Bell for Waiter {
    fn ring(&mut self, number: u64, times: u64) -> Done {
        (0..times).for_each(|_| _ = self.number.number.write(black_box(&number)));
        Ok(())
    }

    fn sleep(&mut self, last: u64) -> Result<u64, Unable> {
        loop {
            self.seen = self.number.number.wait_newer(self.seen, PATIENCE)?;
            let number = self.number.number.read();
            if number != last {
                return Ok(number);
            }
        }
    }

    fn look(&mut self) -> Result<u64, Unable> {
        Ok(self.number.number.read())
    }
}
