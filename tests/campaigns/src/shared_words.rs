//! Words that forked children share with their parent, past the library, and that outlive them.
//!
//! `unsafe` here: the mapping.

use std::sync::atomic::AtomicU64;

use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous};

/// So many zeroes, for the processes that are forked from here on. They stay until the last of them
/// has ended.
pub fn shared_words(count: usize) -> &'static [AtomicU64] {
    let bytes = count * size_of::<AtomicU64>();
    let flags = ProtFlags::READ | ProtFlags::WRITE;
    // SAFETY: a new mapping, at an address that the kernel chooses.
    let words = unsafe { mmap_anonymous(std::ptr::null_mut(), bytes, flags, MapFlags::SHARED) };
    let words = words.expect("there is memory for some words").cast::<AtomicU64>();
    // SAFETY: the mapping is page-aligned, as long as `count` words, zeroed, and never unmapped; it
    // is used as atomics alone.
    unsafe { std::slice::from_raw_parts(words, count) }
}
