//! Who sees what others can see of a victim: the bytes in shared memory. What else outlives it, the
//! kernel keeps, and only system calls change that.

use std::path::PathBuf;

use shma_tests::region::Bytes;

/// Looks at the same files again and again.
#[derive(Debug)]
pub struct Witness(Vec<(Bytes, Vec<u8>)>);

impl Witness {
    /// Looks at these files for the first time, as far as there are such. A system call may make
    /// others of them: then a new witness is needed.
    pub fn of(files: Vec<PathBuf>) -> Self {
        let files = files.into_iter().filter(|path| path.exists()).map(|path| Bytes::open(&path));
        let look = |file: Bytes| {
            let seen = file.all();
            (file, seen)
        };
        Self(files.map(look).collect())
    }

    /// Whether anything is not as it was the last time.
    pub fn notices(&mut self) -> bool {
        let mut changed = false;
        for (file, seen) in &mut self.0 {
            let now = file.all();
            changed |= now != *seen;
            *seen = now;
        }
        changed
    }
}
