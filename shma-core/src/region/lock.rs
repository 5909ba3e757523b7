//! The locks of the life cycle; what they are for is in the module above.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Instant;

use rustix::fs::{AtFlags, CWD};
use rustix::io::Errno;

use super::Name;
use crate::error::Error;
use crate::header::RETIRED_AT;
use crate::os::{ByteLock, FileId, ForkPage, file_size_limit};

/// A: the byte that attachments read-lock.
pub(crate) const ATTACHED: i64 = (1 << 40) - 1;

/// N: the byte that is write-locked to remove or replace a name.
pub(super) const NAMED: i64 = (1 << 40) - 2;

/// A file whose name may have to go.
#[derive(Debug, Clone, Copy)]
pub(super) struct Named<'a> {
    pub(super) name: &'a Name,
    pub(super) path: &'a Path,
    pub(super) file: &'a File,
    pub(super) id: FileId,
}

impl Named<'_> {
    /// Acts on the name while write locks on these bytes are held and `path` is this file. False if
    /// it is not, if somebody else holds one of the locks, or if the act says so.
    ///
    /// No thread forks meanwhile: the child would have a share of the locks and hold them for as
    /// long as it lives, and nobody could attach. Also false, then, if threads fork without a gap
    /// until `end`. `act` must not allocate; `call` is what fails in it.
    pub(super) fn locked(
        self,
        fork: ForkPage,
        end: Instant,
        bytes: &[i64],
        call: &'static str,
        act: impl FnOnce() -> Result<bool, Errno>,
    ) -> Result<bool, Error> {
        let moment = || {
            let _taken = match Taken::take(self.file, bytes)? {
                Some(taken) if leads_to(self.path, self.id) => taken,
                _ => return Ok(Ok(false)),
            };
            Ok(act())
        };
        let acted = fork.unforked(end, moment).unwrap_or(Ok(Ok(false)));
        let acted = acted.map_err(|error| self.name.io("fcntl(F_OFD_SETLK)", error))?;
        acted.map_err(|errno| self.name.io(call, errno.into()))
    }
}

/// Whether the path, links not followed, is this file.
pub(super) fn leads_to(path: &Path, id: FileId) -> bool {
    rustix::fs::statat(CWD, path, AtFlags::SYMLINK_NOFOLLOW)
        .is_ok_and(|stat| FileId::of(&stat) == id)
}

/// Leaves a hint for a process that has the file open. The name says the same, so nothing depends on
/// whether this succeeds. A process that may write no files so long leaves none: SIGXFSZ would end it.
pub(super) fn retire(file: &File) {
    if file_size_limit() < RETIRED_AT + 4 {
        return;
    }
    let _ = file.write_all_at(&1_u32.to_ne_bytes(), RETIRED_AT);
}

/// Write locks, given up when dropped. Where that fails, closing the file does it.
struct Taken<'a>(&'a File, &'a [i64]);

impl<'a> Taken<'a> {
    /// Takes all of them or none.
    fn take(file: &'a File, bytes: &'a [i64]) -> io::Result<Option<Self>> {
        let mut taken = Self(file, &[]);
        for (count, byte) in bytes.iter().enumerate() {
            if !ByteLock::Write.try_take(file, *byte)? {
                return Ok(None);
            }
            taken.1 = &bytes[..=count];
        }
        Ok(Some(taken))
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.1.iter().for_each(|byte| _ = ByteLock::release(self.0, *byte));
    }
}
