//! Random numbers that can be drawn again from the same seed.

use std::fs::File;
use std::io::Read;

/// A source of random numbers (Steele, Lea, Flood: "Fast splittable pseudorandom number
/// generators", OOPSLA 2014).
#[derive(Debug, Clone)]
pub struct Rng(u64);

impl Rng {
    /// The same seed gives the same numbers.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A fresh seed. It is printed, so that a failure can be told again.
    pub fn seed() -> u64 {
        let seed = Self::fresh();
        println!("seed {seed}");
        seed
    }

    /// A new seed, from the system.
    pub fn fresh() -> u64 {
        let mut random = [0; 8];
        File::open("/dev/urandom").unwrap().read_exact(&mut random).unwrap();
        u64::from_ne_bytes(random)
    }

    /// Any number.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next_u64() % end as u64) as usize
    }

    /// Whether one of so many comes up.
    pub fn one_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }

    /// One of them.
    pub fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }
}
