//! States of atomic fields.

use shma_core::{Shm, ShmState};

use crate::region::Name;

/// Numbers of every kind, single and in arrays, beside an ordinary field.
#[derive(Debug, ShmState)]
pub struct Counters {
    pub plain: u64,
    #[shm(atomic)]
    pub u32: u32,
    #[shm(atomic)]
    pub u64: u64,
    #[shm(atomic)]
    pub i32: i32,
    #[shm(atomic)]
    pub i64: i64,
    #[shm(atomic)]
    pub f32: f32,
    #[shm(atomic)]
    pub f64: f64,
    #[shm(atomic)]
    pub u32s: [u32; 37],
    #[shm(atomic)]
    pub u64s: [u64; 37],
    #[shm(atomic)]
    pub i32s: [i32; 37],
    #[shm(atomic)]
    pub i64s: [i64; 37],
    #[shm(atomic)]
    pub f32s: [f32; 37],
    #[shm(atomic)]
    pub f64s: [f64; 37],
    #[shm(atomic)]
    pub grid: [[i64; 5]; 3],
    #[shm(atomic)]
    pub cube: [[[f32; 2]; 3]; 4],
}

/// A region of them, all zero.
pub fn create(hint: &str) -> (Name, Shm<Counters>) {
    let name = Name::new(hint);
    let counters = Counters::create(&name, &Counters::zeroed()).unwrap();
    (name, counters)
}
