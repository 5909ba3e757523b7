//! The library, where a value is accessed here and there.

use std::hint::black_box;

use shma_core::{Shm, ShmState};

use super::HUGE;
use crate::ability::{Done, Peer, Place, Scattered, Unable, unable};
use crate::sizes;

/// Numbers in a place.
const NUMBERS: usize = 8;

#[derive(ShmState)]
struct Large {
    #[shm(slots = 2)]
    numbers: [f64; sizes::LARGEST as usize / 8],
}

/// Makes the value, in huge pages if so.
pub fn create(place: &Place, huge: bool) -> Result<Box<dyn Scattered>, Unable> {
    if place.bytes != sizes::LARGEST {
        return unable("is scattered over 1 GiB only");
    }
    let state = Large::options().huge_pages(huge).create(&place.name, &Large::zeroed())?;
    Ok(Box::new(Handle { state, part: [0.0; NUMBERS] }))
}

/// shma-core, in huge pages.
pub struct Huge;

impl Peer for Huge {
    fn name(&self) -> &'static str {
        HUGE
    }

    fn about(&self) -> &'static str {
        "this library, with `huge_pages(true)`; asked for scattered accesses only"
    }

    fn create_scattered(&self, place: &Place) -> Result<Box<dyn Scattered>, Unable> {
        create(place, true)
    }
}

struct Handle {
    state: Shm<Large>,
    part: [f64; NUMBERS],
}

impl Scattered for Handle {
    fn read(&mut self, places: &[usize]) -> Done {
        for place in places {
            let first = place * NUMBERS;
            self.state.numbers.read_range(first..first + NUMBERS, black_box(&mut self.part));
        }
        Ok(())
    }

    fn add(&mut self, places: &[usize]) -> Done {
        for place in places {
            let first = place * NUMBERS;
            self.state.numbers.update_range(first..first + NUMBERS, |new, _| {
                new.iter_mut().for_each(|number| *number += 1.0);
            });
        }
        Ok(())
    }

    fn copied(&mut self) -> f64 {
        self.part[0]
    }
}
