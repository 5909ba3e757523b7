//! A region's file, open, and the lock A on it.

use std::fs::File;
use std::mem::ManuallyDrop;

use rustix::fs::Stat;

use super::Name;
use super::lock::ATTACHED;
use crate::error::Error;
use crate::os::{ByteLock, Description, FileId, ForkPage};

/// A descriptor of the region's file, and what tells whether it is one.
///
/// A daemon closes all descriptors, also those that are not its own. Their numbers go to other
/// files then, or to other descriptions of this one, which belong to other handles. None of them
/// may be locked, released, asked or closed in this one's place.
#[derive(Debug)]
pub(super) struct RegionFile {
    /// `None` once it was closed, in a region that is only looked at.
    file: Option<ManuallyDrop<File>>,
    description: Description,
    fork: ForkPage,
    generation: u64,
}

impl RegionFile {
    /// Without the lock yet.
    pub(super) fn new(name: &Name, file: File) -> Result<Self, Error> {
        let fork = fork_page(name)?;
        let description = mark(name, &file)?;
        let generation = fork.generation();
        Ok(Self { file: Some(ManuallyDrop::new(file)), description, fork, generation })
    }

    /// Takes A; false if somebody shows that nobody is attached.
    pub(super) fn attach(&self, name: &Name) -> Result<bool, Error> {
        let taken = ByteLock::Read.try_take(self.get(), ATTACHED);
        taken.map_err(|error| name.io("fcntl(F_OFD_SETLK)", error))
    }

    /// Gives up A.
    ///
    /// A fork child shares the lock, also one that is about to exec, and a program may start others at
    /// any time. Nobody would remove the name after it, so it does not count: whoever wants to stay
    /// attaches anew. If this fails, closing does the same but for them.
    pub(super) fn detach(&self) {
        if let Some(file) = self.own() {
            give_up(file);
        }
    }

    /// The region's file, to be used where nothing can have closed it yet.
    ///
    /// # Panics
    ///
    /// If [`close`](Self::close) has.
    pub(super) fn get(&self) -> &File {
        self.file.as_ref().expect("the file of a region is closed after its last use")
    }

    /// The region's file, unless something else has its descriptor.
    pub(super) fn own(&self) -> Option<&File> {
        self.file.as_deref().filter(|file| self.description.is(file))
    }

    /// Closes the descriptor, unless it has become another file's.
    pub(super) fn close(&mut self) {
        let is_own = self.own().is_some();
        if let Some(file) = self.file.take().filter(|_| is_own) {
            drop(ManuallyDrop::into_inner(file));
        }
    }

    /// What the descriptor was opened for.
    pub(super) fn description(&self) -> Description {
        self.description
    }

    /// Whether the region's file has any name; false if something else has its descriptor.
    pub(super) fn is_linked(&self) -> bool {
        let stat = self.own().and_then(|file| rustix::fs::fstat(file).ok());
        stat.is_some_and(|stat| stat.st_nlink > 0)
    }

    pub(super) fn id(&self) -> FileId {
        self.description.file()
    }

    pub(super) fn fork(&self) -> ForkPage {
        self.fork
    }

    /// A number that no handle has that a process of another fork made.
    #[inline]
    pub(super) fn generation(&self) -> u64 {
        self.generation
    }

    /// Whether the calling process got this through fork.
    #[inline]
    pub(super) fn is_forked(&self) -> bool {
        !self.fork.is(self.generation)
    }
}

impl Drop for RegionFile {
    fn drop(&mut self) {
        if let Some(file) = self.own().filter(|_| !self.is_forked()) {
            give_up(file);
        }
        self.close();
    }
}

fn give_up(file: &File) {
    let _ = ByteLock::release(file, ATTACHED);
}

pub(super) fn fstat(name: &Name, file: &File) -> Result<Stat, Error> {
    rustix::fs::fstat(file).map_err(|errno| name.io("fstat", errno.into()))
}

pub(super) fn mark(name: &Name, opened: &File) -> Result<Description, Error> {
    Description::mark(opened).map_err(|error| name.io("fstat, getrandom or lseek", error))
}

pub(super) fn fork_page(name: &Name) -> Result<ForkPage, Error> {
    ForkPage::get()
        .map_err(|error| name.io("mmap, madvise(MADV_WIPEONFORK) or pthread_atfork", error))
}
