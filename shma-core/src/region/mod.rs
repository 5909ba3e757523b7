//! Regions: the files in `/dev/shm` that hold states, and this process's attachments to them.
//!
//! [`Region`] is an attachment; it is the only place where an offset becomes a pointer. How one is
//! created is in [`mod@create`], how an existing one is attached to in [`mod@open`], how its name goes
//! in [`end`] and, if no attachment is left to remove it, in [`dead`]. [`mod@look`] maps a region without
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
//! | A, attached | 2^40 - 1 | read: by every attachment; write: by one who shows that there is none |
//! | N, name | 2^40 - 2 | write: by one who is about to remove or replace the name of this file |
//!
//! 1. The name is removed or replaced only by one who holds N of the file that the name means, and
//!    who has looked, after locking, that it still means it. So two processes never both believe
//!    that they remove one name.
//! 2. An attachment takes A first and looks then whether the name leads to the file. So a region whose
//!    name is removed because there is no attachment has none: a process that comes in between does
//!    not find the name, and starts again.
//! 3. No lock is waited for without a deadline.
//! 4. Write locks are taken and given up while no thread of the process forks. A fork child shares
//!    the locks that it finds, which is right for an attachment, whose memory it has too, and would
//!    keep a name from being used for as long as the child lives.
//!
//! `unsafe` here: pointers into the mapping.
#![allow(unsafe_code)]

pub(crate) mod access;
mod create;
mod dead;
mod deadline;
mod end;
mod file;
mod header;
mod lock;
mod look;
mod mapping;
mod name;
mod open;
mod owner;
mod room;
mod stored;
pub(crate) mod token;

use std::mem::ManuallyDrop;
use std::ptr::NonNull;

use rustix::io::Errno;

use crate::error::Place;
use crate::manifest::{Known, Manifest};
use crate::os::{Description, FileId, Mapping};
use crate::protocol::control::Control;
use crate::protocol::layout;
use crate::protocol::notify::Notify;
use crate::protocol::semaphore::Owners;
use crate::sync::{AtomicU64, Ordering};
use crate::words;

use deadline::{DEADLINE, PAUSE};
use file::RegionFile;
use header::Header;
use token::Token;

pub(crate) use create::create;
pub(crate) use dead::{abandoned, remove_abandoned, remove_dead, temporaries};
pub(crate) use end::unlink;
pub(crate) use lock::ATTACHED;
pub(crate) use look::look;
pub(crate) use name::{DIRECTORY, Name, PREFIX};
pub(crate) use open::open;
pub(crate) use owner::Users;

/// How a region is made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Creation {
    /// Permission bits.
    pub(crate) mode: u32,
    /// Whether it stays until it is unlinked.
    pub(crate) persistent: bool,
}

/// When the pages of a mapping are touched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pages {
    /// Each at its first access.
    Later,
    /// All of them at once, so that no first access is slow.
    AtOnce,
}

/// An attachment of this process to a region.
#[derive(Debug)]
pub(crate) struct Region {
    /// Invariant 1: at least as long as `manifest` says, for as long as the attachment lives, and
    /// page-aligned. Dropped by hand, because the mapping holds the lock A as `file` does.
    map: ManuallyDrop<Mapping>,
    /// Dropped by hand, before the name is removed.
    file: ManuallyDrop<RegionFile>,
    name: Name,
    manifest: Known,
    /// Whether dropping the last attachment removes the name.
    unlink_on_drop: bool,
    /// Whether the mapping can be written.
    writable: bool,
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

/// The addresses of one partition. They are good for as long as the region they came from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Addresses {
    pub(crate) control: NonNull<Control>,
    pub(crate) slots: NonNull<[AtomicU64]>,
    /// Empty except for atomic fields.
    pub(crate) call_counters: NonNull<[AtomicU64]>,
    pub(crate) commit: NonNull<AtomicU64>,
}

impl Region {
    pub(crate) fn name(&self) -> &str {
        self.name.as_str()
    }

    pub(crate) fn manifest(&self) -> &Manifest<'_> {
        self.manifest.get()
    }

    /// The manifest by itself.
    pub(crate) fn known(&self) -> &Known {
        &self.manifest
    }

    /// Where a field is, for an error.
    pub(crate) fn place(&self, index: usize) -> Place {
        Place::new(self.name(), Some(self.manifest.field_name(index)))
    }

    /// How this process knows the region.
    #[inline]
    pub(crate) fn key(&self) -> RegionKey {
        RegionKey { file: self.file.id(), generation: self.file.generation() }
    }

    /// Whether the mapping can be written.
    pub(crate) fn is_writable(&self) -> bool {
        self.writable
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
        match rustix::fs::lstat(self.name.path()) {
            Ok(stat) => FileId::of(&stat) == self.file.id(),
            Err(Errno::NOENT) if self.sees_directory() => false,
            // The process can no longer see where regions lie, as after `chroot`.
            Err(_) => self.file.is_linked(),
        }
    }

    /// Whether the directory of regions is still the one that the region lies in.
    fn sees_directory(&self) -> bool {
        rustix::fs::stat(DIRECTORY).is_ok_and(|stat| self.file.id().is_beside(&stat))
    }

    #[inline]
    pub(crate) fn header(&self) -> &Header {
        // SAFETY: by invariant 1 the mapping is page-aligned, lasts as long as `self`, and covers
        // the header; `Header` consists of atomics alone, so any bytes are a value of it and
        // others may write them.
        unsafe { &*self.map.as_mut_ptr().cast::<Header>() }
    }

    /// Where a partition lies.
    ///
    /// # Panics
    ///
    /// If the manifest has no field of this number.
    pub(crate) fn addresses(&self, index: usize) -> Addresses {
        let field = &self.manifest().fields[index];
        let words = field.slots * field.slot_stride() / words::WORD;
        let counters = field.offset + layout::CONTROL_BYTES;
        let counter_words = (field.slot_offset() - counters) / words::WORD;
        Addresses {
            control: self.at(field.offset),
            slots: NonNull::slice_from_raw_parts(self.at(field.slot_offset()), words),
            call_counters: NonNull::slice_from_raw_parts(self.at(counters), counter_words),
            commit: NonNull::from(&self.header().commit),
        }
    }

    /// The control block of a partition.
    pub(crate) fn control(&self, index: usize) -> &Control {
        // SAFETY: the address is that of a control block inside the mapping, aligned, for as long
        // as `self` is borrowed; `Control` consists of atomics alone, so any bytes are a value of
        // it and others may write them.
        unsafe { self.addresses(index).control.as_ref() }
    }

    /// All control blocks in declaration order.
    pub(crate) fn controls(&self) -> impl Iterator<Item = &Control> {
        (0..self.manifest().fields.len()).map(|index| self.control(index))
    }

    /// Makes a value the first publication of a field of a new region, in all its slots.
    pub(crate) fn fill(&self, index: usize, value: &[u8]) {
        let control = self.control(index);
        // SAFETY: as in `control`.
        let words = unsafe { self.addresses(index).slots.as_ref() };
        let stride = self.manifest().fields[index].slot_stride() / words::WORD;
        for slot in words.chunks(stride) {
            words::store(slot, value);
        }
        // Relaxed, all of them: no other process looks before the rename.
        control.version.store(1, Ordering::Relaxed);
        control.begin.store(1, Ordering::Relaxed);
        control.target.store(1, Ordering::Relaxed);
        control.notify.store(Notify::FIRST, Ordering::Relaxed);
        control.published.store(crate::os::precise_nanos(), Ordering::Relaxed);
    }

    /// The address at an offset of the manifest.
    fn at<T>(&self, offset: usize) -> NonNull<T> {
        assert!(offset < self.map.len() && offset.is_multiple_of(layout::ALIGN));
        // SAFETY: inside the mapping by the assertion.
        let address = unsafe { self.map.as_mut_ptr().add(offset) };
        NonNull::new(address.cast()).expect("a mapping does not start at address zero")
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
