//! Entries of a thread that others end, in every order with the end of the thread itself.
//!
//! `unsafe` here: mailboxes, which no borrow keeps.
#![allow(unsafe_code)]

use std::ptr::NonNull;
use std::sync::Arc;

use loom::alloc::Track;
use loom::cell::UnsafeCell;
use loom::sync::atomic::AtomicUsize;
use loom::thread;

use super::Model;
use crate::protocol::mailbox::Mailbox;
use crate::sync::Ordering;

/// What an ender leaves. Loom ends the model if it is dropped by a thread that does not see all of it,
/// or never.
struct Ended {
    written: UnsafeCell<u32>,
    _live: Track<()>,
}

impl Ended {
    fn new() -> Self {
        let ended = Self { written: UnsafeCell::new(0), _live: Track::new(()) };
        // SAFETY: no other thread has it.
        ended.written.with_mut(|written| unsafe { *written = 1 });
        ended
    }
}

impl Drop for Ended {
    fn drop(&mut self) {
        // One panic is enough.
        if !std::thread::panicking() {
            self.written.with_mut(|_| ());
        }
    }
}

/// An open entry, for another thread.
struct Open(NonNull<Mailbox<Ended>>);

// SAFETY: a mailbox is for all threads.
unsafe impl Send for Open {}

impl Open {
    fn end(self) {
        // SAFETY: an open entry, which ends here.
        unsafe { Mailbox::end(self.0, Ended::new()) };
    }
}

/// The owner makes so many entries that others end, looks so often, and ends.
fn ended_elsewhere(entries: u64, looks: u32) -> Model {
    let name = format!("mailbox: {entries} ended elsewhere, {looks} looks");
    Model::new(name, move || {
        let mailbox = Mailbox::open();
        let taken = Arc::new(AtomicUsize::new(0));
        let enders: Vec<_> = (0..entries)
            .map(|_| {
                let open = Open(mailbox);
                thread::spawn(move || open.end())
            })
            .collect();
        let mut open = entries;
        for _ in 0..looks {
            // SAFETY: this thread owns it.
            let found = unsafe { mailbox.as_ref() }.take(|ended| {
                taken.fetch_add(1, Ordering::Relaxed);
                drop(ended);
            });
            assert!(found <= open, "{found} are taken, and {open} open");
            open -= found;
        }
        assert_eq!(taken.load(Ordering::Relaxed) as u64, entries - open);
        // SAFETY: this thread owns it, and does not use it any more.
        unsafe { Mailbox::close(mailbox, open) };
        enders.into_iter().for_each(|ender| ender.join().unwrap());
    })
}

#[test]
fn a_mailbox_is_freed_by_the_last_of_its_owners() {
    let model = ended_elsewhere(1, 1);
    model.passes();
    model.catches("mailbox-relaxed-put", "Causality violation");
    model.catches("mailbox-relaxed-take", "Causality violation");
    model.catches("mailbox-unreleased-settle", "Causality violation");
    model.catches("mailbox-unacquired-settle", "Causality violation");
    model.catches("mailbox-forgets-taken", "leaked");
    model.catches("mailbox-freed-full", "leaked");
    model.catches("mailbox-never-freed", "leaked");
}

#[test]
fn each_entry_is_taken_once() {
    ended_elsewhere(2, 2).preempted_at_most(3).passes();
    ended_elsewhere(2, 0).passes();
}
