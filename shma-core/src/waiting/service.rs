//! The waits of this process, and the thread that sleeps for them.
//!
//! A fork child has none of its parent's threads, and its copy of the list may be locked. So each process
//! has a list of its own, and leaves alone what it inherited.
//!
//! `unsafe` here: following the address of the list.
#![allow(unsafe_code)]

use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::task::Waker;

use super::tempo::Clock;
use crate::error::Error;
use crate::os::{self, ForkPage};
use crate::partition::FieldMemory;
use crate::protocol::wait_list::WaitList;

/// What the thread is called.
const NAME: &str = "shma-waits";

/// The waits of one process.
#[derive(Debug)]
pub(super) struct Service {
    /// The process; see [`ForkPage::generation`].
    generation: u64,
    list: WaitList<FieldMemory>,
}

/// That of this process, or of one that it was forked from. Never freed, because a thread uses it.
static SERVICE: AtomicPtr<Service> = AtomicPtr::new(ptr::null_mut());

/// A wait in the list of a process.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ticket {
    generation: u64,
    number: u64,
}

impl Service {
    fn current() -> Option<&'static Self> {
        // Acquire, with the Release in `of`.
        let service = SERVICE.load(Ordering::Acquire);
        // SAFETY: null, or leaked by `of`.
        unsafe { service.as_ref() }
    }

    /// That of the calling process.
    fn of(fork: ForkPage) -> &'static Self {
        let generation = fork.generation();
        loop {
            let current = Self::current();
            if let Some(service) = current.filter(|service| service.generation == generation) {
                return service;
            }
            let seen = current.map_or(ptr::null_mut(), |it| ptr::from_ref(it).cast_mut());
            let own = Box::into_raw(Box::new(Self { generation, list: WaitList::new() }));
            // Release, with the Acquire in `current`. Relaxed on failure: looked at again.
            if SERVICE.compare_exchange(seen, own, Ordering::Release, Ordering::Relaxed).is_err() {
                // SAFETY: made above, and seen by no other thread.
                drop(unsafe { Box::from_raw(own) });
            }
        }
    }

    /// Has the waker called when there is a publication other than `since`, or none will come.
    pub(super) fn enter(
        field: &FieldMemory,
        since: u64,
        ticket: &mut Option<Ticket>,
        waker: &Waker,
    ) -> Result<(), Error> {
        let service = Self::of(field.fork_page());
        let own = ticket.filter(|ticket| ticket.generation == service.generation);
        let mut number = own.map(|ticket| ticket.number);
        let starts = service.list.enter(field, since, &mut number, waker);
        *ticket = number.map(|number| Ticket { generation: service.generation, number });
        if !starts {
            return Ok(());
        }
        let serve = || service.list.serve(&mut Clock::start());
        os::spawn_unsignalled(NAME, serve).map_err(|source| {
            service.list.give_up(&mut Clock::start());
            *ticket = None;
            field.io("pthread_create for the thread that waits", source)
        })
    }

    /// Forgets the wait.
    pub(super) fn leave(field: &FieldMemory, ticket: Ticket) {
        let service = Self::current().filter(|service| service.generation == ticket.generation);
        if let Some(service) = service.filter(|_| field.fork_page().is(ticket.generation)) {
            service.list.leave(field, ticket.number);
        }
    }
}
