//! What other threads leave for a thread, and which of them frees it.
//!
//! A thread makes entries, and any thread may end them. One that ends another one's entry leaves it in
//! that thread's mailbox, where the owner finds it when it looks.
//!
//! # Who frees a mailbox
//!
//! An entry may outlive its thread, so a mailbox may too. `owed` counts what keeps it:
//!
//! - the thread that owns it, [`OWNER`], until it [closes](Mailbox::close) the mailbox;
//! - each entry that was open then, until another thread ends it.
//!
//! Until then the owner counts its open entries itself. What others end meanwhile is taken off `owed`,
//! and the owner adds it again when it takes it out. So `owed` is zero only after the owner has closed
//! the mailbox and with the last open entry, and the thread that makes it zero frees the mailbox.
//!
//! `unsafe` here: a block that several threads own.
#![allow(unsafe_code)]

use std::ptr::{self, NonNull};

use crate::sync::{AtomicPtr, AtomicU64, Live, Ordering, exclusive_ptr, mutant};

/// What an owner adds to `owed`: more than there are entries.
const OWNER: u64 = 1 << 63;

/// Where other threads leave the entries of a thread that they have ended.
#[derive(Debug)]
pub(crate) struct Mailbox<E> {
    owed: AtomicU64,
    /// A list, the latest first.
    ended: AtomicPtr<Letter<E>>,
    _live: Live,
}

#[derive(Debug)]
struct Letter<E> {
    entry: E,
    next: *mut Self,
}

impl<E> Letter<E> {
    /// Gives out a list, and frees it. Returns how many there were.
    ///
    /// # Safety
    ///
    /// The list is the caller's alone.
    unsafe fn open_all(mut next: *mut Self, mut each: impl FnMut(E)) -> u64 {
        let mut opened = 0;
        while !next.is_null() {
            // SAFETY: of `Mailbox::put`, and the caller's alone.
            let letter = unsafe { Box::from_raw(next) };
            next = letter.next;
            each(letter.entry);
            opened += 1;
        }
        opened
    }
}

impl<E> Mailbox<E> {
    /// Makes one, which the caller owns until it [closes](Self::close) it.
    pub(crate) fn open() -> NonNull<Self> {
        let ended = AtomicPtr::new(ptr::null_mut());
        let mailbox = Self { owed: AtomicU64::new(OWNER), ended, _live: Live::new() };
        NonNull::from(Box::leak(Box::new(mailbox)))
    }

    /// Whether the owner finds nothing to take.
    pub(crate) fn is_empty(&self) -> bool {
        // Relaxed: an entry that is not seen yet is taken out later.
        self.ended.load(Ordering::Relaxed).is_null()
    }

    /// Gives its owner the entries that others have ended, and returns how many there were. They are no
    /// longer open.
    pub(crate) fn take(&self, each: impl FnMut(E)) -> u64 {
        // Acquire: meets the release in `put`.
        let order = mutant!("mailbox-relaxed-take", Ordering::Acquire => Ordering::Relaxed);
        let first = self.ended.swap(ptr::null_mut(), order);
        // SAFETY: the swap has given the list to this thread.
        let taken = unsafe { Letter::open_all(first, each) };
        if !mutant!("mailbox-forgets-taken") {
            // Relaxed: the owner's share keeps it.
            self.owed.fetch_add(taken, Ordering::Relaxed);
        }
        taken
    }

    /// Ends an entry of another thread.
    ///
    /// # Safety
    ///
    /// The entry is an open one of this mailbox, and is ended once.
    #[cold]
    pub(crate) unsafe fn end(mailbox: NonNull<Self>, entry: E) {
        // SAFETY: the entry keeps it: the owner counts it, or `owed`.
        unsafe { mailbox.as_ref() }.put(entry);
        // SAFETY: this entry's share, which is settled once.
        unsafe { Self::settle(mailbox, 1) };
    }

    /// Ends the owner's part, which leaves so many entries open.
    ///
    /// # Safety
    ///
    /// The caller is the owner, and does not use it afterwards.
    #[cold]
    pub(crate) unsafe fn close(mailbox: NonNull<Self>, open: u64) {
        // SAFETY: the owner's share, but for what the open entries keep.
        unsafe { Self::settle(mailbox, OWNER - open) };
    }

    fn put(&self, entry: E) {
        let letter = Box::into_raw(Box::new(Letter { entry, next: ptr::null_mut() }));
        let mut first = ptr::null_mut();
        loop {
            // SAFETY: of the box above, and no other thread has it yet.
            unsafe { (*letter).next = first };
            // Release: meets the acquire in `take`. Relaxed on failure: nothing is read through it.
            let order = mutant!("mailbox-relaxed-put", Ordering::Release => Ordering::Relaxed);
            match self.ended.compare_exchange(first, letter, order, Ordering::Relaxed) {
                Ok(_) => return,
                Err(now) => first = now,
            }
        }
    }

    /// Takes so much off what the mailbox is owed, and frees it if nothing is left.
    ///
    /// # Safety
    ///
    /// The caller owes this much, and does not use the mailbox afterwards.
    unsafe fn settle(mailbox: NonNull<Self>, share: u64) {
        // SAFETY: the caller's share keeps it.
        let owed = unsafe { &mailbox.as_ref().owed };
        // Release: what this thread did with it comes before its end. Acquire: meets that release of
        // the others.
        let order = mutant!("mailbox-unreleased-settle", Ordering::AcqRel => Ordering::Acquire);
        let heard = mutant!("mailbox-unacquired-settle", order => Ordering::Release);
        if owed.fetch_sub(share, heard) == share && !mutant!("mailbox-never-freed") {
            // SAFETY: of `open`; no other thread owes anything, so none has it.
            drop(unsafe { Box::from_raw(mailbox.as_ptr()) });
        }
    }
}

impl<E> Drop for Mailbox<E> {
    fn drop(&mut self) {
        let first = exclusive_ptr(&mut self.ended);
        if !mutant!("mailbox-freed-full") {
            // SAFETY: of a mailbox that is no other thread's any more.
            unsafe { Letter::open_all(first, drop) };
        }
    }
}
