//! The locks of the life cycle; what they are for is in the module above.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Instant;

use rustix::fs::{AtFlags, CWD};
use rustix::io::Errno;

use super::Name;
use super::header::RETIRED_AT;
use crate::error::Error;
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

/// What became of an attempt to act on a name.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Attempt<T> {
    /// The act ran, and returned this.
    Done(T),
    /// The name leads to another file, or to none.
    NameLost,
    /// Another process holds one of the locks.
    Locked,
    /// Threads of this process forked without a gap until the deadline.
    Forking,
}

impl Named<'_> {
    /// Acts on the name while write locks on these bytes are held and `path` is this file.
    ///
    /// No thread forks meanwhile: the child would share the locks and hold them as long as it lives,
    /// and no process could attach. `act` must not allocate; `call` is what fails in it.
    pub(super) fn locked<T>(
        self,
        fork: ForkPage,
        end: Instant,
        bytes: &[i64],
        call: &'static str,
        act: impl FnOnce() -> Result<T, Errno>,
    ) -> Result<Attempt<T>, Error> {
        let moment = || {
            let Some(_taken) = Taken::take(self.file, bytes)? else {
                return Ok(Ok(Attempt::Locked));
            };
            if !leads_to(self.path, self.id) {
                return Ok(Ok(Attempt::NameLost));
            }
            Ok(act().map(Attempt::Done))
        };
        let acted = fork.unforked(end, moment).unwrap_or(Ok(Ok(Attempt::Forking)));
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
