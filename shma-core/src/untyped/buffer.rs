//! Private memory for bytes.

/// Zeroed bytes, aligned to 16, so that they can be taken for any numbers.
#[derive(Debug)]
pub(super) struct Buffer {
    room: Vec<u128>,
    len: usize,
}

impl Buffer {
    pub(super) fn new(len: usize) -> Self {
        Self { room: vec![0; len.div_ceil(size_of::<u128>())], len }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &bytemuck::cast_slice(&self.room)[..self.len]
    }

    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut bytemuck::cast_slice_mut(&mut self.room)[..self.len]
    }
}
