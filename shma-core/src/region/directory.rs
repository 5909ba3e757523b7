//! Where regions lie.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{FileType, Mode, StatFs};
use rustix::io::Errno;

use crate::error::{Error, USUAL};

/// Magic numbers of file systems whose files live in memory: tmpfs, ramfs, hugetlbfs.
const IN_MEMORY: [u64; 3] = [0x0102_1994, 0x8584_58f6, 0x9584_58f6];

/// A directory that holds regions, as an absolute path: a process may change its own later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Directory(Option<Arc<Path>>);

impl Directory {
    /// `/dev/shm`.
    pub(crate) const USUAL: Self = Self(None);

    /// The directory at a path; `None` is `/dev/shm`.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the path is empty, or relative where the process has no directory.
    pub(crate) fn at(path: Option<&Path>) -> Result<Self, Error> {
        let Some(path) = path else { return Ok(Self::USUAL) };
        let absolute = std::path::absolute(path).map_err(|source| Error::Io {
            name: String::new(),
            call: "finding the directory of regions",
            directory: Some(path.to_owned()),
            source,
        })?;
        Ok(if absolute == Path::new(USUAL) { Self::USUAL } else { Self(Some(absolute.into())) })
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.as_deref().unwrap_or(Path::new(USUAL))
    }

    /// Whether it is `/dev/shm`.
    pub(super) fn is_usual(&self) -> bool {
        self.0.is_none()
    }

    /// The path of a file in it.
    pub(super) fn join(&self, file: &str) -> PathBuf {
        self.path().join(file)
    }

    /// Says why it is no directory, if it is none.
    pub(super) fn check_kind(&self) -> Result<(), Errno> {
        let stat = rustix::fs::stat(self.path())?;
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory => Ok(()),
            _ => Err(Errno::NOTDIR),
        }
    }

    /// Whether a user who does not own a region can remove or rename it. `/dev/shm` is used as the
    /// system has set it up: the mode may not be for the user of a container to choose.
    pub(super) fn lets_others_remove(&self) -> bool {
        if self.is_usual() {
            return false;
        }
        let Ok(stat) = rustix::fs::stat(self.path()) else { return false };
        let mode = Mode::from_raw_mode(stat.st_mode);
        mode.intersects(Mode::WGRP | Mode::WOTH) && !mode.contains(Mode::SVTX)
    }

    fn stat_fs(&self) -> Option<StatFs> {
        rustix::fs::statfs(self.path()).ok()
    }

    /// Whether what lies there takes memory, and is gone after a boot.
    pub(super) fn is_in_memory(&self) -> bool {
        // The type is an integer of another size on each platform.
        self.stat_fs().is_some_and(|stat| IN_MEMORY.contains(&(stat.f_type as u64 & 0xffff_ffff)))
    }

    /// Bytes that are free there; `None` if that has no limit of its own.
    pub(super) fn free(&self) -> Option<u64> {
        let stat = rustix::fs::statvfs(self.path()).ok()?;
        (stat.f_blocks > 0).then_some(stat.f_bavail * stat.f_frsize)
    }
}
