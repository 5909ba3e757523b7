//! Private memory of run-time size, aligned as values in shared memory are.

use std::ops::{Deref, DerefMut};

use bytemuck::{Pod, Zeroable};

#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C, align(64))]
struct Line([f64; 8]);

/// Numbers.
pub struct Buffer(Box<[Line]>);

impl Buffer {
    /// So many bytes of zeroes, each page of which was touched.
    pub fn zeroed(bytes: u64) -> Self {
        Self::filled(bytes, |_| 0.0)
    }

    /// So many bytes of numbers, each by its index.
    pub fn filled(bytes: u64, number: impl Fn(usize) -> f64) -> Self {
        let mut buffer = Self(bytemuck::zeroed_slice_box((bytes as usize).div_ceil(64)));
        for (index, value) in buffer.iter_mut().enumerate() {
            *value = number(index);
        }
        buffer
    }
}

impl Deref for Buffer {
    type Target = [f64];

    fn deref(&self) -> &[f64] {
        bytemuck::cast_slice(&self.0)
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f64] {
        bytemuck::cast_slice_mut(&mut self.0)
    }
}
