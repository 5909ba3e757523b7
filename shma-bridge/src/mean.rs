//! Means of numbers that lie in memory as bytes.
//!
//! All of them are added as `f64`, so that a sum of `f32` neither overflows nor loses a whole number.

use half::{bf16, f16};
use shma_core::untyped::Number;

/// Whether numbers of this kind have a mean.
pub fn is_float(number: Number) -> bool {
    real(number).is_some()
}

/// The real numbers that it consists of: a complex number is two.
fn real(number: Number) -> Option<Number> {
    match number {
        Number::F16 | Number::Bf16 | Number::F32 | Number::F64 => Some(number),
        Number::ComplexF32 => Some(Number::F32),
        Number::ComplexF64 => Some(Number::F64),
        _ => None,
    }
}

/// How the real numbers of a field lie in memory.
#[derive(Debug, Clone, Copy)]
pub struct Floats {
    size: usize,
    load: fn(&[u8]) -> f64,
    store: fn(f64, &mut [u8]),
}

macro_rules! floats {
    ($ty:ty, $from:expr, $to:expr) => {
        Floats {
            size: size_of::<$ty>(),
            load: |bytes| {
                let mut own = [0; size_of::<$ty>()];
                own.copy_from_slice(bytes);
                let from: fn($ty) -> f64 = $from;
                from(<$ty>::from_ne_bytes(own))
            },
            store: |value, bytes| {
                let to: fn(f64) -> $ty = $to;
                bytes.copy_from_slice(&to(value).to_ne_bytes());
            },
        }
    };
}

impl Floats {
    /// Those of this kind; `None` if they have no mean.
    pub fn of(number: Number) -> Option<Self> {
        Some(match real(number)? {
            Number::F16 => floats!(f16, f16::to_f64, f16::from_f64),
            Number::Bf16 => floats!(bf16, bf16::to_f64, bf16::from_f64),
            Number::F32 => floats!(f32, f64::from, |value| value as f32),
            _ => floats!(f64, |value| value, |value| value),
        })
    }

    /// How many there are in so many bytes.
    pub fn count(self, bytes: usize) -> usize {
        bytes / self.size
    }

    /// All of them.
    pub fn load(self, bytes: &[u8], into: &mut [f64]) {
        for (value, bytes) in into.iter_mut().zip(bytes.chunks_exact(self.size)) {
            *value = (self.load)(bytes);
        }
    }

    /// Replaces each number by the mean, and keeps what was written since it was sent:
    /// `mean + (current - sent)`. Without `sent` the node has given nothing to the mean, and takes it as
    /// it is. Says whether a bit has changed.
    pub fn apply(self, current: &mut [u8], sent: Option<&[u8]>, mean: &[f64]) -> bool {
        let mut changed = false;
        let mut new = [0; size_of::<f64>()];
        let new = &mut new[..self.size];
        for (at, (current, mean)) in current.chunks_exact_mut(self.size).zip(mean).enumerate() {
            let sent = sent.map(|sent| &sent[at * self.size..][..self.size]);
            // Not as a difference of 0, which infinity less infinity is not.
            let since = match sent {
                Some(sent) if sent != current => (self.load)(current) - (self.load)(sent),
                _ => 0.0,
            };
            let value = if since == 0.0 { *mean } else { mean + since };
            (self.store)(value, new);
            changed |= new != current;
            current.copy_from_slice(new);
        }
        changed
    }
}
