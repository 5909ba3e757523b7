//! Mappings that the children of a process can only read.
//!
//! A handler of a signal may fork in the middle of a call, and its child may go on with that call.
//! It would store into shared memory as if it were its parent. That means values that have long
//! been replaced, a version that goes back, a semaphore that the parent holds. So every mapping
//! that can be written is listed here, and [`protect_inherited`] takes the permission away in the
//! child, before its `fork` returns. Such a child ends at its first store, by SIGSEGV. Nothing of
//! that costs a call anything.
//!
//! `unsafe` here: the list, and changing the permission.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicUsize, Ordering};

use rustix::mm::{MprotectFlags, mprotect};

use super::placed::{How, Placed};

/// A mapping of a region.
#[derive(Debug)]
pub(crate) struct Mapping {
    map: Placed,
    /// Where it is listed, if it can be written.
    entry: Option<&'static Entry>,
}

impl Mapping {
    /// Maps so many bytes of a file. From the size of a huge page on, the address is one that huge pages
    /// fit.
    pub(crate) fn new(file: &File, len: usize, how: How) -> io::Result<Self> {
        let map = Placed::new(file, len, how)?;
        let entry = how.writable.then(|| Entry::list(map.as_mut_ptr().addr(), map.len()));
        Ok(Self { map, entry })
    }

    /// Lets the kernel put huge pages in the place of small ones, as far as it can.
    pub(crate) fn collapse(&self) {
        self.map.collapse();
    }

    /// Has the kernel enter a page of it.
    pub(super) fn touch(&self) {
        self.map.touch();
    }

    #[inline]
    pub(crate) fn as_mut_ptr(&self) -> *mut u8 {
        self.map.as_mut_ptr()
    }

    /// Writes the first page to the file system, and waits until it is there.
    pub(crate) fn write_out_first_page(&self) -> io::Result<()> {
        self.map.write_out_first_page()
    }

    pub(crate) fn len(&self) -> usize {
        self.map.len()
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // Before it is unmapped: something else may have its address then.
        if let Some(entry) = self.entry {
            entry.unlist();
        }
    }
}

/// A place in the list. It is used again, and never freed, so that the list needs no lock: a child
/// might inherit that locked.
#[derive(Debug)]
struct Entry {
    taken: AtomicBool,
    start: AtomicUsize,
    /// Bytes; 0 if nothing is listed here.
    len: AtomicUsize,
    next: AtomicPtr<Entry>,
}

static FIRST: AtomicPtr<Entry> = AtomicPtr::new(ptr::null_mut());

impl Entry {
    fn all() -> impl Iterator<Item = &'static Self> {
        // Acquire, here and below, with the Release in `list`.
        let mut next = FIRST.load(Ordering::Acquire);
        std::iter::from_fn(move || {
            // SAFETY: null, or an entry that `list` has leaked.
            let entry = unsafe { next.as_ref() }?;
            next = entry.next.load(Ordering::Acquire);
            Some(entry)
        })
    }

    fn list(start: usize, len: usize) -> &'static Self {
        // Acquire: what its last owner stored comes before what this one stores.
        let take = |entry: &&Self| !entry.taken.swap(true, Ordering::Acquire);
        let entry = Self::all().find(take).unwrap_or_else(Self::add);
        entry.start.store(start, Ordering::Relaxed);
        // Release: a child that has this length has the start.
        entry.len.store(len, Ordering::Release);
        entry
    }

    fn add() -> &'static Self {
        let entry: &'static Self = Box::leak(Box::new(Self {
            taken: AtomicBool::new(true),
            start: AtomicUsize::new(0),
            len: AtomicUsize::new(0),
            next: AtomicPtr::new(ptr::null_mut()),
        }));
        let link = |first| {
            entry.next.store(first, Ordering::Relaxed);
            Some(ptr::from_ref(entry).cast_mut())
        };
        // Release, with the Acquire of `all`: the entry and what is behind it.
        let _ = FIRST.fetch_update(Ordering::Release, Ordering::Relaxed, link);
        entry
    }

    fn unlist(&self) {
        self.len.store(0, Ordering::Relaxed);
        // Release, with the Acquire of `list`.
        self.taken.store(false, Ordering::Release);
    }
}

/// Takes from a fork child the permission to write what its parent could. To be called in the child,
/// before `fork` returns.
///
/// The child has the list as it stood at one instant of the `fork`, which excludes all changes of
/// mappings. A mapping that is listed there is in the child, since it is listed after it is made and
/// unlisted before it is removed.
pub(super) fn protect_inherited() {
    for entry in Entry::all() {
        let len = entry.len.load(Ordering::Acquire);
        let start = entry.start.load(Ordering::Relaxed);
        if len != 0 {
            // SAFETY: a mapping of this library's, which is only accessed through its own handles.
            // These store nothing in a child; one that was about to is ended by this.
            let _ =
                unsafe { mprotect(ptr::without_provenance_mut(start), len, MprotectFlags::READ) };
        }
    }
}
