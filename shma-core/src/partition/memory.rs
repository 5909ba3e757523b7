//! The words of one field, for as long as they are mapped.
//!
//! `unsafe` here: following the addresses that the region gave.
#![allow(unsafe_code)]

use std::io;
use std::sync::Arc;

use crate::error::{Error, Place};
use crate::os::ForkPage;
use crate::protocol::call_counters::CallCounters;
use crate::protocol::control::Control;
use crate::protocol::layout;
use crate::protocol::notify::{Met, Notify, Source};
use crate::protocol::slots::Slots;
use crate::region::{Addresses, Memory};
use crate::sync::AtomicU64;
use crate::words;

/// A field's part of a region's memory. It keeps the memory, and no attachment.
#[derive(Debug, Clone)]
pub(crate) struct FieldMemory {
    /// Invariant 1: `addresses` are those of this memory, which lives as long as `self`.
    memory: Arc<Memory>,
    addresses: Addresses,
    index: usize,
    count: usize,
    stride: usize,
    words: usize,
    atomic: bool,
}

// SAFETY: the addresses lead to atomics alone, which any thread may use, and by invariant 1 they
// stay good wherever `self` is.
unsafe impl Send for FieldMemory {}
// SAFETY: as above; no method changes the addresses.
unsafe impl Sync for FieldMemory {}

impl FieldMemory {
    /// # Panics
    ///
    /// If there is no field of this number.
    pub(super) fn new(memory: &Arc<Memory>, index: usize) -> Self {
        let field = &memory.manifest().fields[index];
        Self {
            addresses: memory.addresses(index),
            index,
            count: field.slots,
            stride: field.slot_stride() / words::WORD,
            words: layout::words(field.size),
            atomic: field.atomic,
            memory: Arc::clone(memory),
        }
    }

    #[inline]
    pub(super) fn index(&self) -> usize {
        self.index
    }

    pub(crate) fn place(&self) -> Place {
        self.memory.place(self.index)
    }

    /// See [`Memory::fork_page`].
    pub(crate) fn fork_page(&self) -> ForkPage {
        self.memory.fork_page()
    }

    /// See [`Memory::is_retired`].
    pub(crate) fn is_retired(&self) -> bool {
        self.memory.is_retired()
    }

    /// See [`Memory::is_said_retired`].
    pub(crate) fn is_said_retired(&self) -> bool {
        self.memory.is_said_retired()
    }

    /// The failure of a call for this field.
    pub(crate) fn io(&self, call: &'static str, source: io::Error) -> Error {
        self.memory.io(call, source)
    }

    #[inline]
    pub(super) fn control(&self) -> &Control {
        // SAFETY: good by invariant 1; `Control` consists of atomics alone, so any bytes are a
        // value of it and others may write them.
        unsafe { self.addresses.control.as_ref() }
    }

    #[inline]
    pub(super) fn commit(&self) -> &AtomicU64 {
        // SAFETY: as above.
        unsafe { self.addresses.commit.as_ref() }
    }

    /// The words of all slots.
    #[inline]
    pub(super) fn all_words(&self) -> &[AtomicU64] {
        // SAFETY: as above.
        unsafe { self.addresses.slots.as_ref() }
    }

    #[inline]
    pub(super) fn slots(&self) -> Slots<'_> {
        Slots {
            control: self.control(),
            commit: self.commit(),
            words: self.all_words(),
            count: self.count,
            stride: self.stride,
            len: self.words,
        }
    }

    /// The call counters of an atomic field.
    #[inline]
    pub(super) fn call_counters(&self) -> CallCounters<'_> {
        // SAFETY: as above.
        let words = unsafe { self.addresses.call_counters.as_ref() };
        CallCounters { control: self.control(), words }
    }
}

impl Source for FieldMemory {
    fn notify(&self) -> Notify<'_> {
        Notify(&self.control().notify)
    }

    fn newest(&self) -> u64 {
        if self.atomic { self.call_counters().newest() } else { self.slots().newest() }
    }

    fn may_announce(&self) -> bool {
        // What a fork child inherited cannot be written.
        self.memory.may_store()
    }

    fn meet(&self) -> Met {
        if self.atomic { self.call_counters().meet() } else { self.slots().meet() }
    }
}
