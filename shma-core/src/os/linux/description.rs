//! Which open file description is behind a descriptor's number.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;

use rustix::fs::{SeekFrom, Stat};
use rustix::rand::{GetRandomFlags, getrandom};

/// The file behind a descriptor, told apart from every other of this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    pub(crate) fn of(stat: &Stat) -> Self {
        Self { device: stat.st_dev, inode: stat.st_ino }
    }

    /// Whether a file lies where this one does: in the same mounted file system.
    pub(crate) fn is_beside(self, stat: &Stat) -> bool {
        self.device == stat.st_dev
    }

    fn is(self, file: impl AsFd) -> bool {
        rustix::fs::fstat(file).is_ok_and(|stat| Self::of(&stat) == self)
    }
}

/// An open file description, told apart from every other, also of the same file.
///
/// A process may close descriptors that are not its own, and open the same file again under the same
/// number. Locks belong to the description, so the file alone does not tell whose they are. The
/// kernel has a name for a description (`kcmp`), which sandboxes forbid to ask for. But a
/// description has an offset, which a region's file is never read or written by: `pread` and `pwrite`
/// leave it alone. A random offset beyond the end of any region is the mark.
///
/// Duplicates and fork children share the description, and its mark. The answer holds until another
/// thread closes the descriptor; no call can look at a number and act on it in one step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Description {
    file: FileId,
    offset: u64,
}

/// The smallest mark, and the bits that are random. The sum stays within what ext4 can seek to.
const FIRST_MARK: u64 = 1 << 41;
const RANDOM_BITS: u64 = (1 << 40) - 1;

impl Description {
    /// Marks the description that was just opened.
    pub(crate) fn mark(opened: &File) -> io::Result<Self> {
        let file = FileId::of(&rustix::fs::fstat(opened)?);
        let mut random = [0; 8];
        // So few bytes come whole or not at all.
        getrandom(&mut random[..], GetRandomFlags::empty())?;
        let offset = FIRST_MARK + (u64::from_ne_bytes(random) & RANDOM_BITS);
        rustix::fs::seek(opened, SeekFrom::Start(offset))?;
        Ok(Self { file, offset })
    }

    /// The file that it is open on.
    pub(crate) fn file(&self) -> FileId {
        self.file
    }

    /// Whether `file`'s number still refers to this description.
    pub(crate) fn is(&self, file: &File) -> bool {
        self.file.is(file) && rustix::fs::tell(file).is_ok_and(|offset| offset == self.offset)
    }
}
