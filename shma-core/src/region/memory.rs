//! A region's memory in this process.
//!
//! An attachment maps it. A future that waits shares the mapping and nothing else of the attachment, so
//! that the last handle still removes the name.
//!
//! `unsafe` here: pointers into the mapping.
#![allow(unsafe_code)]

use std::io;
use std::ptr::NonNull;

use rustix::io::Errno;

use super::header::Header;
use super::name::Name;
use crate::error::{Error, Place};
use crate::manifest::{Known, Manifest};
use crate::os::{FileId, ForkPage, Mapping};
use crate::protocol::control::Control;
use crate::protocol::layout;
use crate::protocol::notify::Notify;
use crate::sync::{AtomicU64, Ordering};
use crate::words;

/// A mapping of a region, what it holds, and the way back to its name.
#[derive(Debug)]
pub(crate) struct Memory {
    /// Invariant 1: at least as long as `manifest` says, for as long as this lives, and page-aligned.
    pub(super) map: Mapping,
    pub(super) name: Name,
    pub(super) manifest: Known,
    /// Of each field that has a semaphore. Invariant 2: of `map`.
    pub(super) ordinary: Box<[Ordinary]>,
    pub(super) file: FileId,
    /// Where paths began when it was mapped.
    pub(super) root: Option<FileId>,
    /// The process that mapped it.
    pub(super) fork: ForkPage,
    pub(super) generation: u64,
    /// Whether the mapping can be written.
    pub(super) writable: bool,
}

/// A field that has a semaphore: its number and its control block. A transaction goes over them several
/// times, in as few instructions as it can.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ordinary {
    index: usize,
    control: NonNull<Control>,
}

// SAFETY: a control block consists of atomics alone, which any thread may use.
unsafe impl Send for Ordinary {}
// SAFETY: as above.
unsafe impl Sync for Ordinary {}

impl Ordinary {
    /// Those of a manifest, for which the mapping is long enough, in declaration order.
    pub(super) fn all(map: &Mapping, manifest: &Manifest<'_>) -> Box<[Self]> {
        let fields = manifest.fields.iter().enumerate();
        let ordinary = fields.filter(|(_, field)| !field.atomic);
        ordinary.map(|(index, field)| Self { index, control: at(map, field.offset) }).collect()
    }
}

/// Where the paths of this process begin; another directory after `chroot`.
pub(super) fn root() -> Option<FileId> {
    rustix::fs::stat("/").ok().map(|stat| FileId::of(&stat))
}

/// The addresses of one partition. They are good for as long as the memory they came from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Addresses {
    pub(crate) control: NonNull<Control>,
    pub(crate) slots: NonNull<[AtomicU64]>,
    /// Empty except for atomic fields.
    pub(crate) call_counters: NonNull<[AtomicU64]>,
    pub(crate) commit: NonNull<AtomicU64>,
}

impl Memory {
    pub(crate) fn manifest(&self) -> &Manifest<'_> {
        self.manifest.get()
    }

    /// The manifest by itself.
    pub(crate) fn known(&self) -> &Known {
        &self.manifest
    }

    /// Where a field is, for an error.
    pub(crate) fn place(&self, index: usize) -> Place {
        Place::new(self.name.as_str(), Some(self.manifest.field_name(index)))
    }

    /// Whether the mapping can be written.
    pub(crate) fn is_writable(&self) -> bool {
        self.writable
    }

    /// Tells a process from its fork children, whose copies of this can only be read.
    pub(crate) fn fork_page(&self) -> ForkPage {
        self.fork
    }

    /// Whether a store of the calling process reaches the region.
    pub(crate) fn may_store(&self) -> bool {
        self.writable && self.fork.is(self.generation)
    }

    /// Whether the header says that the name is gone: a hint.
    pub(crate) fn is_said_retired(&self) -> bool {
        // Relaxed: a word of its own.
        self.header().retired.load(Ordering::Relaxed) != 0
    }

    /// Whether the name is gone, for one that has no attachment. Where this process cannot see the
    /// directory, the hint has to do.
    pub(crate) fn is_retired(&self) -> bool {
        !self.look_for_name().unwrap_or_else(|| !self.is_said_retired())
    }

    /// The failure of a call.
    pub(crate) fn io(&self, call: &'static str, source: io::Error) -> Error {
        self.name.io(call, source)
    }

    /// Whether the name leads to the region; `None` if the process can no longer see where regions lie,
    /// as after `chroot`.
    pub(super) fn look_for_name(&self) -> Option<bool> {
        match rustix::fs::lstat(self.name.path()) {
            Ok(stat) => Some(FileId::of(&stat) == self.file),
            Err(Errno::NOENT | Errno::NOTDIR) if self.would_see_name() => Some(false),
            Err(_) => None,
        }
    }

    /// Whether a name that is not found is gone: its directory is still the one that the region lies
    /// in, or is gone too, and paths begin where they did.
    fn would_see_name(&self) -> bool {
        match rustix::fs::stat(self.name.directory().path()) {
            Ok(stat) => self.file.is_beside(&stat),
            Err(Errno::NOENT | Errno::NOTDIR) => self.root.is_some() && self.root == root(),
            Err(_) => false,
        }
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
            control: at(&self.map, field.offset),
            slots: NonNull::slice_from_raw_parts(at(&self.map, field.slot_offset()), words),
            call_counters: NonNull::slice_from_raw_parts(at(&self.map, counters), counter_words),
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

    /// The number of each field that has a semaphore, and its control block, in declaration order.
    #[inline]
    pub(crate) fn ordinary(&self) -> impl DoubleEndedIterator<Item = (usize, &Control)> + Clone {
        self.ordinary.iter().map(|ordinary| {
            // SAFETY: by invariant 2 the address is that of a control block inside the mapping, aligned,
            // for as long as `self` is borrowed; `Control` consists of atomics alone, so any bytes are a
            // value of it and others may write them.
            (ordinary.index, unsafe { ordinary.control.as_ref() })
        })
    }

    /// All control blocks in declaration order.
    pub(crate) fn controls(&self) -> impl Iterator<Item = &Control> {
        (0..self.manifest().fields.len()).map(|index| self.control(index))
    }

    /// Makes a value, or zeros, the first publication of a field of a new region, in all its slots.
    pub(crate) fn fill(&self, index: usize, value: Option<&[u8]>) {
        let control = self.control(index);
        // SAFETY: as in `control`.
        let words = unsafe { self.addresses(index).slots.as_ref() };
        let stride = self.manifest().fields[index].slot_stride() / words::WORD;
        // A new file is zeros.
        if let Some(value) = value {
            for slot in words.chunks(stride) {
                words::store(slot, value);
            }
        }
        // Relaxed, all of them: no other process looks before the rename.
        control.version.store(1, Ordering::Relaxed);
        control.begin.store(1, Ordering::Relaxed);
        control.target.store(1, Ordering::Relaxed);
        control.notify.store(Notify::FIRST, Ordering::Relaxed);
        control.published.store(crate::os::precise_nanos(), Ordering::Relaxed);
    }
}

/// The address at an offset of the manifest.
fn at<T>(map: &Mapping, offset: usize) -> NonNull<T> {
    assert!(offset < map.len() && offset.is_multiple_of(layout::ALIGN));
    // SAFETY: inside the mapping by the assertion.
    let address = unsafe { map.as_mut_ptr().add(offset) };
    NonNull::new(address.cast()).expect("a mapping does not start at address zero")
}
