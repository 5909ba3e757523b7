//! Fields as they stood together at one instant.
//!
//! The protocol is [`protocol::snapshot`](crate::protocol::snapshot); here it meets the partitions.

use std::time::Instant;

use smallvec::SmallVec;

use super::part::Part;
use crate::error::{Error, Place};
use crate::partition::{Guard, lock_order, retry};
use crate::protocol::snapshot::{Attempt, Own};
use crate::region::Region;
use crate::region::access::Access;

/// Copies the parts as they stood at one instant, however long it takes. They are in declaration
/// order.
#[inline]
pub(crate) fn forever<A: Access>(region: &Region, parts: &mut [Part<'_, '_>]) {
    if !attempt(region, parts) {
        again::<A>(region, parts);
    }
}

#[cold]
fn again<A: Access>(region: &Region, parts: &mut [Part<'_, '_>]) {
    let attempt = |parts: &mut [Part<'_, '_>]| attempt(region, parts).then_some(());
    retry::forever(parts, attempt, |parts| {
        // Semaphores that happen to be free, for the time of one attempt. A field whose semaphore is
        // held does not change.
        let mut free: SmallVec<[Guard<'_>; 8]> = SmallVec::new();
        if A::WRITABLE && !region.is_forked() && !lock_order::any(region.key()) {
            let ordinary = parts.iter().filter(|part| !part.is_atomic());
            free.extend(ordinary.filter_map(|part| part.partition.try_acquire_free()));
        }
        free
    });
}

/// As [`forever`], with bounded effort.
pub(crate) fn bounded(region: &Region, parts: &mut [Part<'_, '_>]) -> Result<(), Error> {
    let copied = retry::in_a_row(|| attempt(region, parts).then_some(()));
    copied.ok_or_else(|| contended(region))
}

/// As [`forever`], until this instant has passed.
pub(crate) fn until(
    region: &Region,
    end: Instant,
    parts: &mut [Part<'_, '_>],
) -> Result<(), Error> {
    let copied = retry::until(end, || attempt(region, parts).then_some(()));
    copied.ok_or_else(|| contended(region))
}

pub(super) fn contended(region: &Region) -> Error {
    Error::Contended { place: Place::new(region.name(), None) }
}

/// Begins an optimistic attempt.
#[inline]
pub(super) fn begin(region: &Region) -> Attempt<'_> {
    let own = if lock_order::nothing() { Own::Visible } else { Own::OnTheirWay };
    Attempt::begin(&region.header().commit, own)
}

/// One optimistic attempt.
#[inline]
fn attempt(region: &Region, parts: &mut [Part<'_, '_>]) -> bool {
    let attempt = begin(region);
    parts.iter_mut().all(|part| part.copy(&attempt))
        && attempt.confirm(|| parts.iter().all(Part::is_unchanged))
}
