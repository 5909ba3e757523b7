//! Regions: the files that hold states, and this process's attachments to them.
//!
//! [`Region`] is an attachment, and [`Memory`] what it maps: the only place where an offset becomes a
//! pointer. How one is created is in [`mod@create`], how an existing one is attached to in [`mod@open`], how its name goes
//! in [`end`] and, if no attachment is left to remove it, in [`dead`], for which [`sweep`] looks. [`mod@look`] maps a region without
//! attaching. What they share: whose a file is ([`owner`]), opening it ([`file`]), what it says of
//! itself ([`stored`]), and the way into memory ([`mapping`]).
//!
//! # Locks of the life cycle
//!
//! Both are locks of open file descriptions on bytes of the region's file, so they end with the
//! process that holds them, however it ends.
//!
//! | lock | byte | held |
//! |---|---|---|
//! | A, attached | 2^40 - 1 | read: by every attachment; write: by a process that shows that there is none |
//! | N, name | 2^40 - 2 | write: by a process that is about to remove or replace the name of this file |
//!
//! 1. Only a process that holds N of the file that the name means removes or replaces the name. It
//!    has checked, after locking, that the name still means that file. So two processes never both
//!    believe that they remove one name.
//! 2. An attachment takes A first and looks then whether the name leads to the file. So a region whose
//!    name is removed because there is no attachment has none. A process that comes in between does
//!    not find the name, and starts again.
//! 3. No lock is waited for without a deadline.
//! 4. Write locks are taken and given up while no thread of the process forks. A fork child shares
//!    the locks that it finds. That is right for an attachment, whose memory it has too. A write
//!    lock in a child would keep a name from being used for as long as the child lives.

pub(crate) mod access;
mod clean;
mod create;
mod dead;
mod deadline;
mod directory;
mod end;
mod file;
mod header;
mod lock;
mod look;
mod mapping;
mod memory;
mod name;
mod open;
mod owner;
mod room;
mod stored;
mod sweep;
pub(crate) mod token;

use std::mem::ManuallyDrop;
use std::ops::Deref;
use std::path::PathBuf;
use std::sync::Arc;

use crate::manifest::Notes;
use crate::os::{self, Description, FileId, HUGE};
use crate::protocol::semaphore::Owners;

use deadline::{DEADLINE, PAUSE};
use file::RegionFile;
use token::Token;

pub(crate) use create::create;
pub(crate) use dead::{abandoned, remove_abandoned, remove_dead, temporaries};
pub(crate) use directory::Directory;
pub(crate) use end::unlink;
pub(crate) use lock::ATTACHED;
pub(crate) use look::{look, look_to_open};
pub(crate) use memory::{Addresses, Memory};
pub(crate) use name::{Name, PREFIX};
pub(crate) use open::{Opening, open};
pub(crate) use owner::Users;

/// How a region is made.
#[derive(Debug, Clone)]
pub(crate) struct Creation {
    /// Permission bits.
    pub(crate) mode: u32,
    /// Whether it stays until it is unlinked.
    pub(crate) persistent: bool,
    /// Whether the kernel is asked for huge pages.
    pub(crate) huge_pages: bool,
    /// What is noted beside the layout.
    pub(crate) notes: Notes,
}

/// When the pages of a mapping are touched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Pages {
    /// Each at its first access.
    #[default]
    Later,
    /// All of them at once, so that no first access is slow.
    AtOnce,
}

/// An attachment of this process to a region.
#[derive(Debug)]
pub(crate) struct Region {
    /// Dropped by hand, because a mapping holds the lock A as `file` does. A future that waits shares
    /// it, and may outlive the attachment.
    memory: ManuallyDrop<Arc<Memory>>,
    /// Dropped by hand, before the name is removed.
    file: ManuallyDrop<RegionFile>,
    name: Name,
    notes: Notes,
    /// Whether dropping the last attachment removes the name.
    unlink_on_drop: bool,
    /// The sign of life of a read-write attachment.
    token: Option<Token>,
    pid: u32,
}

/// A region as this process knows it: two attachments to one region are one here, and a fork
/// child's are not its parent's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RegionKey {
    pub(crate) file: FileId,
    pub(crate) generation: u64,
}

impl Deref for Region {
    type Target = Memory;

    #[inline]
    fn deref(&self) -> &Memory {
        &self.memory
    }
}

impl Region {
    /// The region's name.
    pub(crate) fn name(&self) -> &str {
        self.name.as_str()
    }

    /// What remains of the region for a waiter whose handle is gone.
    pub(crate) fn memory(&self) -> &Arc<Memory> {
        &self.memory
    }

    /// How many bytes of the region are in huge pages, if there is room for one and the kernel says it.
    pub(crate) fn huge_bytes(&self) -> Option<u64> {
        (self.map.len() >= HUGE).then(|| os::huge_bytes(&self.map)).flatten()
    }

    /// The file that its name refers to.
    pub(crate) fn path(&self) -> PathBuf {
        self.name.path()
    }

    /// What its creator has noted.
    pub(crate) fn notes(&self) -> &Notes {
        &self.notes
    }

    /// How this process knows the region.
    #[inline]
    pub(crate) fn key(&self) -> RegionKey {
        RegionKey { file: self.file.id(), generation: self.file.generation() }
    }

    /// The id that this process has in diagnostics.
    #[inline]
    pub(crate) fn pid(&self) -> u32 {
        self.pid
    }

    /// Whether the calling process got this attachment through fork.
    #[inline]
    pub(crate) fn is_forked(&self) -> bool {
        self.file.is_forked()
    }

    /// Whether the name still leads to the region. Another name, of a file that was renamed or linked
    /// by hand, does not count: no process finds the region there.
    pub(crate) fn is_linked(&self) -> bool {
        self.memory.look_for_name().unwrap_or_else(|| self.file.is_linked())
    }
}

impl Owners for Region {
    #[inline]
    fn me(&self) -> u32 {
        self.token.as_ref().map_or(0, Token::owner)
    }

    fn is_dead(&self, owner: u32) -> bool {
        match self.file.own() {
            Some(file) => token::is_dead(file, self.file.description(), owner),
            // A region without a name cannot be asked then; see `docs::limitations`.
            None => self.reopen(false).is_ok_and(|file| {
                Description::mark(&file).is_ok_and(|it| token::is_dead(&file, it, owner))
            }),
        }
    }
}
