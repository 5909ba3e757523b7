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

/// The current numbers, those that were sent, and the mean. Says whether a bit has changed.
type Apply = fn(&mut [u8], Option<&[u8]>, &[f64]) -> bool;

/// How the real numbers of a field lie in memory.
#[derive(Debug, Clone, Copy)]
pub struct Floats {
    size: usize,
    load: fn(&[u8], &mut [f64]),
    apply: Apply,
}

macro_rules! floats {
    ($ty:ty, $from:expr, $to:expr) => {{
        const SIZE: usize = size_of::<$ty>();
        fn get(bytes: [u8; SIZE]) -> f64 {
            let from: fn($ty) -> f64 = $from;
            from(<$ty>::from_ne_bytes(bytes))
        }
        fn put(value: f64) -> [u8; SIZE] {
            let to: fn(f64) -> $ty = $to;
            to(value).to_ne_bytes()
        }
        Floats {
            size: SIZE,
            load: |bytes, into| {
                for (value, bytes) in into.iter_mut().zip(bytes.as_chunks().0) {
                    *value = get(*bytes);
                }
            },
            apply: |current, sent, mean| apply(current, sent, mean, get, put),
        }
    }};
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
        (self.load)(bytes, into);
    }

    /// Replaces each number by the mean, and keeps what was written since it was sent:
    /// `mean + (current - sent)`. Without `sent` the node has given nothing to the mean, and takes it as
    /// it is. Says whether a bit has changed.
    pub fn apply(self, current: &mut [u8], sent: Option<&[u8]>, mean: &[f64]) -> bool {
        (self.apply)(current, sent, mean)
    }
}

/// Of numbers of one kind.
fn apply<const SIZE: usize>(
    current: &mut [u8],
    sent: Option<&[u8]>,
    mean: &[f64],
    get: impl Fn([u8; SIZE]) -> f64,
    put: impl Fn(f64) -> [u8; SIZE],
) -> bool {
    let mut changed = false;
    let current = current.as_chunks_mut().0;
    let Some(sent) = sent else {
        for (current, mean) in current.iter_mut().zip(mean) {
            let new = put(*mean);
            changed |= new != *current;
            *current = new;
        }
        return changed;
    };
    for ((current, sent), mean) in current.iter_mut().zip(sent.as_chunks().0).zip(mean) {
        // Not as a difference of 0, which infinity less infinity is not.
        let since = if sent == current { 0.0 } else { get(*current) - get(*sent) };
        let new = put(if since == 0.0 { *mean } else { mean + since });
        changed |= new != *current;
        *current = new;
    }
    changed
}
