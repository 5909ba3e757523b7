//! Private memory for bytes.

use std::io;

/// Zeroed bytes, as many as a region or a file says, which may be more than there is memory for.
pub(super) fn zeroed(len: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(len).map_err(|_| io::Error::from_raw_os_error(libc::ENOMEM))?;
    bytes.resize(len, 0);
    Ok(bytes)
}

/// Zeroed bytes, aligned to 16, so that they can be taken for any numbers.
#[derive(Debug)]
pub(super) struct Buffer(Vec<u128>);

impl Buffer {
    /// Room for so many bytes.
    pub(super) fn new(len: usize) -> Self {
        Self(vec![0; len.div_ceil(size_of::<u128>())])
    }

    /// Whether there is room for so many.
    pub(super) fn holds(&self, len: usize) -> bool {
        len <= size_of_val(&*self.0)
    }

    /// The first bytes.
    ///
    /// # Panics
    ///
    /// If there is no room for so many.
    pub(super) fn bytes_mut(&mut self, len: usize) -> &mut [u8] {
        &mut bytemuck::cast_slice_mut(&mut self.0)[..len]
    }
}
