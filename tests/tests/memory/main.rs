//! What the library asks the allocator for. The allocator of this program counts, which is why these
//! stories are not in another one.
//!
//! `unsafe` here: that allocator.

mod allocations;
mod checkpoint_memory;
mod large_states;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// Counts the bytes that each thread asks for.
struct Counting;

thread_local! {
    static ASKED_FOR: Cell<usize> = const { Cell::new(0) };
}

fn count(layout: Layout) {
    // A thread that is ending has no count any more, and none that is looked at.
    let _ = ASKED_FOR.try_with(|count| count.set(count.get() + layout.size()));
}

// SAFETY: every call is the system allocator's own; the counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout);
        // SAFETY: as the caller promises.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Bytes that a call asks for.
fn asked_for<R>(call: impl FnOnce() -> R) -> usize {
    let before = ASKED_FOR.get();
    call();
    ASKED_FOR.get() - before
}
