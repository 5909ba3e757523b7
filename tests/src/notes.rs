//! Numbers that outlive the process that noted them, to the last instruction before its death.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::region::Name;

/// A file of numbers. Dropped by who made it, it is removed.
#[derive(Debug)]
pub struct Notes {
    file: File,
    made: Option<PathBuf>,
}

impl Notes {
    /// A new one, for the processes of a region.
    pub fn create(name: &Name) -> Self {
        let path = std::env::temp_dir().join(format!("{name}.notes"));
        let file = File::options().read(true).write(true).create_new(true).open(&path).unwrap();
        Self { file, made: Some(path) }
    }

    /// Where another process finds it.
    pub fn path(&self) -> &str {
        self.made.as_deref().and_then(Path::to_str).expect("its maker names it")
    }

    /// Opens what another process has made.
    pub fn open(path: &str) -> Self {
        let file = File::options().read(true).write(true).open(path).unwrap();
        Self { file, made: None }
    }

    /// Notes a number. Once this returns, every process reads it, whatever becomes of this one.
    pub fn note(&self, line: usize, number: u64) {
        self.file.write_all_at(&number.to_ne_bytes(), 8 * line as u64).unwrap();
    }

    /// The number in a line; 0 if there is none yet.
    pub fn read(&self, line: usize) -> u64 {
        let mut bytes = [0; 8];
        let read = self.file.read_at(&mut bytes, 8 * line as u64).unwrap();
        assert!(read == 0 || read == 8, "{read} bytes of a number");
        u64::from_ne_bytes(bytes)
    }
}

impl Drop for Notes {
    fn drop(&mut self) {
        if let Some(path) = &self.made {
            std::fs::remove_file(path).unwrap();
        }
    }
}
