//! Memory that is given out the same way to each child. The system's allocator goes other ways when
//! the parent has allocated otherwise before.
//!
//! `unsafe` here: an allocator.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// The system's allocator, until the process has entered the arena.
#[derive(Debug)]
pub struct Arena;

const PAGE: usize = 4096;
const ROOM: usize = 1 << 20;

#[repr(align(4096))]
struct Memory(UnsafeCell<[u8; ROOM]>);

// SAFETY: the bytes are touched by those to whom the allocator has given them, each by one.
unsafe impl Sync for Memory {}

static MEMORY: Memory = Memory(UnsafeCell::new([0; ROOM]));
static ENTERED: AtomicBool = AtomicBool::new(false);
static TAKEN: AtomicUsize = AtomicUsize::new(0);

/// From here on this process allocates from the arena for as long as there is room, and nothing
/// that it releases is given out again. For a process whose allocator is an [`Arena`], and that
/// does not live long.
pub fn enter() {
    ENTERED.store(true, Ordering::Relaxed);
}

/// Room in the arena that was never handed out, and so is zeroed.
fn take(layout: Layout) -> Option<*mut u8> {
    if !ENTERED.load(Ordering::Relaxed) || layout.align() > PAGE {
        return None;
    }
    let start = |taken: usize| taken.next_multiple_of(layout.align());
    let end = |taken: usize| start(taken).checked_add(layout.size()).filter(|end| *end <= ROOM);
    let taken = TAKEN.fetch_update(Ordering::Relaxed, Ordering::Relaxed, end).ok()?;
    Some(MEMORY.0.get().cast::<u8>().wrapping_add(start(taken)))
}

fn is_taken(pointer: *mut u8) -> bool {
    let start = MEMORY.0.get().addr();
    (start..start + ROOM).contains(&pointer.addr())
}

// SAFETY: what the arena gives lies in its memory, which is there for ever, is aligned because that
// is to a page, and given once, because `TAKEN` only grows; all else is the system allocator's own.
unsafe impl GlobalAlloc for Arena {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller promises.
        take(layout).unwrap_or_else(|| unsafe { System.alloc(layout) })
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller promises.
        take(layout).unwrap_or_else(|| unsafe { System.alloc_zeroed(layout) })
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        if !is_taken(pointer) {
            // SAFETY: as the caller promises, and the system allocator has given it.
            unsafe { System.dealloc(pointer, layout) }
        }
    }
}
