//! A future that waits for a publication.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::service::{Service, Ticket};
use crate::error::Error;
use crate::partition::FieldMemory;
use crate::protocol::notify::Source;

/// Waits until the newest publication of a field is other than `since`, and gives its number.
///
/// It keeps the field's memory, and no attachment.
#[derive(Debug)]
#[must_use = "a future does nothing until it is polled"]
pub(crate) struct Newer {
    field: FieldMemory,
    since: u64,
    /// Where it is in the list of waits, if it ever was.
    ticket: Option<Ticket>,
}

impl Newer {
    pub(crate) fn new(field: FieldMemory, since: u64) -> Self {
        Self { field, since, ticket: None }
    }

    fn leave(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            Service::leave(&self.field, ticket);
        }
    }
}

impl Future for Newer {
    type Output = Result<u64, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let newest = self.field.newest();
        let result = if newest != self.since {
            Ok(newest)
        } else if self.field.is_retired() {
            Err(Error::Retired { place: self.field.place() })
        } else {
            let Self { field, since, ticket } = &mut *self;
            match Service::enter(field, *since, ticket, context.waker()) {
                // What is published from now on, the thread finds.
                Ok(()) => return Poll::Pending,
                Err(error) => Err(error),
            }
        };
        self.leave();
        Poll::Ready(result)
    }
}

impl Drop for Newer {
    fn drop(&mut self) {
        self.leave();
    }
}
