//! Mappings at addresses that huge pages fit.
//!
//! `unsafe` here: mapping and unmapping, advice, and touching pages.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::mem::ManuallyDrop;
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::mm::{MapFlags, ProtFlags};

/// Bytes of a huge page. On machines with others nothing is lost but some addresses.
pub(crate) const HUGE: usize = 2 << 20;

/// So much is collapsed by one call.
const COLLAPSED_AT_ONCE: usize = 32 * HUGE;

/// A mapping of the start of a file. One that a huge page fits into begins where one can.
#[derive(Debug)]
pub(super) struct Placed {
    /// Invariant: so many bytes from here on are mapped until this is dropped, and belong to it.
    address: *mut u8,
    len: usize,
}

// SAFETY: an address; what is done with it is for its users to prove.
unsafe impl Send for Placed {}
// SAFETY: as above.
unsafe impl Sync for Placed {}

/// How a mapping is made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct How {
    pub(crate) writable: bool,
    /// Whether all pages are touched.
    pub(crate) at_once: bool,
}

impl Placed {
    pub(super) fn new(file: &File, len: usize, how: How) -> io::Result<Self> {
        let access = if how.writable { ProtFlags::WRITE } else { ProtFlags::empty() };
        let populate = if how.at_once { MapFlags::POPULATE } else { MapFlags::empty() };
        let room = if len < HUGE { None } else { Some(Room::reserve(len)?) };
        let (at, fixed) = match &room {
            None => (ptr::null_mut(), MapFlags::empty()),
            Some(room) => (room.aligned, MapFlags::FIXED),
        };
        let flags = MapFlags::SHARED | populate | fixed;
        // SAFETY: an address of the kernel's choice, or one inside of what `room` has reserved, with
        // enough of it behind, where nothing else lies.
        let mapped =
            unsafe { rustix::mm::mmap(at.cast(), len, ProtFlags::READ | access, flags, file, 0) };
        let address = mapped?.cast::<u8>();
        if let Some(room) = room {
            room.keep(len);
        }
        Ok(Self { address, len })
    }

    #[inline]
    pub(super) fn as_mut_ptr(&self) -> *mut u8 {
        self.address
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Writes the first page to the file system, and waits until it is there.
    pub(super) fn write_out_first_page(&self) -> io::Result<()> {
        // SAFETY: inside the mapping, by its invariant; nothing in memory changes.
        let written =
            unsafe { rustix::mm::msync(self.address.cast(), 1, rustix::mm::MsyncFlags::SYNC) };
        Ok(written?)
    }

    /// Lets the kernel put huge pages in the place of small ones, as far as it can.
    pub(super) fn collapse(&self) {
        let whole = self.len / HUGE * HUGE;
        for at in (0..whole).step_by(COLLAPSED_AT_ONCE) {
            let bytes = COLLAPSED_AT_ONCE.min(whole - at);
            // SAFETY: inside the mapping, by its invariant; the contents stay what they are.
            let advised = unsafe {
                libc::madvise(self.address.wrapping_add(at).cast(), bytes, libc::MADV_COLLAPSE)
            };
            // Before Linux 6.1 there is no such call.
            if advised != 0 && io::Error::last_os_error().raw_os_error() == Some(libc::EINVAL) {
                return;
            }
        }
    }

    /// Touches one word of each huge page that there may be, so that the kernel maps what there is.
    pub(super) fn touch(&self) {
        for at in (0..self.len.saturating_sub(8)).step_by(HUGE) {
            // SAFETY: inside the mapping, by its invariant, and aligned as its start is; any bytes are
            // a value, and others may write them.
            let word = unsafe { &*self.address.wrapping_add(at).cast::<AtomicU64>() };
            // Relaxed: the value is of no interest.
            std::hint::black_box(word.load(Ordering::Relaxed));
        }
    }
}

impl Drop for Placed {
    fn drop(&mut self) {
        // SAFETY: it belongs to this alone, and there is no use of it any more.
        let _ = unsafe { rustix::mm::munmap(self.address.cast(), self.len) };
    }
}

/// Addresses without memory, more than are needed. Dropped, they are free again.
struct Room {
    start: *mut u8,
    len: usize,
    aligned: *mut u8,
}

impl Room {
    fn reserve(len: usize) -> io::Result<Self> {
        let len = len.checked_next_multiple_of(HUGE).and_then(|len| len.checked_add(HUGE));
        let len = len.ok_or(io::ErrorKind::OutOfMemory)?;
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
        // SAFETY: an address of the kernel's choice.
        let start =
            unsafe { rustix::mm::mmap_anonymous(ptr::null_mut(), len, ProtFlags::empty(), flags) };
        let start = start?.cast::<u8>();
        let aligned = start.map_addr(|address| address.next_multiple_of(HUGE));
        Ok(Self { start, len, aligned })
    }

    /// Frees all but so many bytes, which something has been mapped to, up to the end of their page.
    fn keep(self, len: usize) {
        // What is in the middle goes elsewhere.
        let room = ManuallyDrop::new(self);
        let head = room.aligned.addr() - room.start.addr();
        let kept = len.next_multiple_of(rustix::param::page_size());
        free(room.start, head);
        free(room.aligned.wrapping_add(kept), room.len - head - kept);
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        free(self.start, self.len);
    }
}

/// Frees what a `Room` has reserved. Where that fails, addresses are lost, and no memory.
fn free(start: *mut u8, len: usize) {
    if len > 0 {
        // SAFETY: a part of a reservation that nothing was mapped to.
        let _ = unsafe { rustix::mm::munmap(start.cast(), len) };
    }
}
