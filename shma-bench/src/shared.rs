//! Shared memory without any protocol, for the references and for what processes agree on.

use std::fs::OpenOptions;
use std::path::PathBuf;

use anyhow::{Context, Result};
use memmap2::{MmapOptions, MmapRaw};

/// Where shared memory lies.
pub const DIRECTORY: &str = "/dev/shm";

/// A mapped file. Dropping the handle that created it removes it.
#[derive(Debug)]
pub struct Shared {
    map: MmapRaw,
    made: Option<PathBuf>,
}

impl Shared {
    /// So many bytes of zeroes, each page of which was touched.
    pub fn create(name: &str, bytes: usize) -> Result<Self> {
        let path = path(name);
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(&path);
        let file = file.with_context(|| format!("creating {}", path.display()))?;
        rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, bytes as u64)
            .with_context(|| format!("reserving {bytes} bytes for {}", path.display()))?;
        let map = MmapOptions::new().populate().map_raw(&file)?;
        Ok(Self { map, made: Some(path) })
    }

    /// What another process has created.
    pub fn open(name: &str) -> Result<Self> {
        let path = path(name);
        let file = OpenOptions::new().read(true).write(true).open(&path);
        let file = file.with_context(|| format!("opening {}", path.display()))?;
        Ok(Self { map: MmapOptions::new().map_raw(&file)?, made: None })
    }

    /// Its start, aligned to a page.
    pub fn start(&self) -> *mut u8 {
        self.map.as_mut_ptr()
    }

    /// Its length.
    pub fn len(&self) -> usize {
        self.map.len()
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if let Some(path) = &self.made {
            let _ = std::fs::remove_file(path);
        }
    }
}

fn path(name: &str) -> PathBuf {
    PathBuf::from(DIRECTORY).join(name)
}
