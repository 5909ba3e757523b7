//! Who sees what others can see of a victim: the bytes in shared memory. What else outlives it, the
//! kernel keeps, and only system calls change that.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

/// Looks at the same files again and again.
#[derive(Debug)]
pub struct Witness {
    files: Vec<(File, Vec<u8>)>,
    /// What is there now.
    now: Vec<u8>,
}

impl Witness {
    /// Looks at these files for the first time, as far as there are such. A system call may make
    /// others of them: then a new witness is needed.
    pub fn of(files: Vec<PathBuf>) -> Self {
        let files = files.into_iter().filter_map(|path| {
            let mut file = File::open(path).ok()?;
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).ok()?;
            Some((file, bytes))
        });
        Self { files: files.collect(), now: Vec::new() }
    }

    /// Whether anything is not as it was the last time.
    pub fn notices(&mut self) -> bool {
        let mut changed = false;
        for (file, before) in &mut self.files {
            self.now.resize(before.len(), 0);
            file.read_exact_at(&mut self.now, 0).expect("shared memory can be read");
            if self.now != *before {
                std::mem::swap(&mut self.now, before);
                changed = true;
            }
        }
        changed
    }
}
