//! A lease that ends while its lender does, and one by one thread after another.
//!
//! `unsafe` here: the promises of the lender's caller.
#![allow(unsafe_code)]

use std::sync::Arc;

use loom::alloc::Track;
use loom::cell::UnsafeCell;
use loom::thread;

use super::Model;
use crate::protocol::lease::{Lease, Lender};
use crate::sync::{AtomicU32, Ordering, spin};

/// What is lent. Loom ends the model if a thread changes or drops it that does not see all changes, and if
/// it is never dropped.
struct Value {
    changes: UnsafeCell<u32>,
    _live: Track<()>,
}

impl Value {
    fn new() -> Self {
        Self { changes: UnsafeCell::new(0), _live: Track::new(()) }
    }

    fn change(&mut self) -> u32 {
        // SAFETY: the borrow is exclusive.
        self.changes.with_mut(|changes| unsafe {
            *changes += 1;
            *changes
        })
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        // One panic is enough.
        if !std::thread::panicking() {
            self.change();
        }
    }
}

fn beside_the_end_of_the_lender() -> Model {
    Model::new("lease: it ends beside its lender", || {
        let (lender, mut lease) = Lender::lending(Value::new());
        let borrower = thread::spawn(move || {
            lease.change();
            drop::<Lease<_>>(lease);
        });
        drop(lender);
        borrower.join().unwrap();
    })
}

/// A thread borrows after another one that has ended, which it only knows from a word without order.
fn one_thread_after_another() -> Model {
    Model::new("lease: one thread after another", || {
        let ended = Arc::new(AtomicU32::new(0));
        let (lender, mut lease) = Lender::lending(Value::new());
        let lender = Arc::new(lender);
        let former = thread::spawn({
            let ended = Arc::clone(&ended);
            move || {
                lease.change();
                drop(lease);
                ended.store(1, Ordering::Relaxed);
            }
        });
        while ended.load(Ordering::Relaxed) == 0 {
            spin();
        }
        // SAFETY: the former thread borrows no more.
        if let Some(mut lease) = unsafe { lender.lend() } {
            assert_eq!(lease.change(), 2);
        }
        former.join().unwrap();
        // SAFETY: as above.
        let again = unsafe { lender.lend() };
        assert!(again.is_some(), "it is not given back");
    })
}

#[test]
fn a_block_is_freed_by_the_last_of_its_owners() {
    let model = beside_the_end_of_the_lender();
    model.passes();
    model.catches("lease-unreleased-end", "Causality violation");
    model.catches("lease-unacquired-end", "Causality violation");
    model.catches("lease-unreleased-lender", "Causality violation");
    model.catches("lease-unacquired-lender", "Causality violation");
    model.catches("lease-never-freed", "leaked");
}

#[test]
fn a_thread_finds_what_an_earlier_one_has_left() {
    let model = one_thread_after_another();
    model.passes();
    model.catches("lease-relaxed-start", "Causality violation");
    model.catches("lease-unreleased-end", "Causality violation");
}
