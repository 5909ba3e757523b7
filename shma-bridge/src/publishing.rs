//! How what has arrived becomes a publication of this node's region.

use std::time::Duration;

use shma_core::untyped::{Field, State, Wait};

use crate::part::{Arrived, Part};
use crate::protocol::sent;

/// How long one try for a semaphore that a local program holds may delay the other nodes.
const TRY: Duration = Duration::from_millis(5);

/// The first publication of a field: the value that it was created with.
pub(crate) const CREATED: u64 = 1;

/// Publishes it in the one field of a unit.
pub(crate) fn publish(
    part: &mut Part,
    state: &State,
    arrived: &Arrived,
    me: usize,
    known: &mut u64,
) -> Result<(), shma_core::Error> {
    let held = state.fields()[part.index].hold(Wait::AtMost(TRY))?;
    let before = u64::from(held.version());
    if let Some(whole) = part.replacement(arrived, me).filter(|_| before != CREATED) {
        let after = held.publish(whole)?.into();
        *known = sent(*known, before, after, false);
        return Ok(());
    }
    held.load(&mut part.current)?;
    let fresh = before == CREATED;
    let adopts = fresh && arrived.full;
    // A publication of what was there already still is one, and an adopted one ends being fresh.
    if part.overlay(arrived, me, fresh) || adopts || (arrived.news && !fresh) {
        let after = held.publish(&part.current)?.into();
        *known = sent(*known, before, after, adopts);
    }
    Ok(())
}

/// Publishes it in all fields of a group, as one transaction.
pub(crate) fn commit(
    parts: &mut [Part],
    state: &State,
    arrived: &Arrived,
    me: usize,
    known: &mut [u64],
) -> Result<(), shma_core::Error> {
    let transaction = state.begin(Wait::AtMost(TRY))?;
    let mut before = Vec::with_capacity(parts.len());
    for part in parts.iter_mut() {
        let field = &state.fields()[part.index];
        before.push(u64::from(transaction.load(field, &mut part.current)?));
    }
    let fresh = before.iter().all(|&version| version == CREATED);
    let adopts = fresh && arrived.full;
    let mut news: Vec<(&Field, &[u8])> = Vec::with_capacity(parts.len());
    for part in parts.iter_mut() {
        part.overlay(arrived, me, fresh);
    }
    news.extend(parts.iter().map(|part| (&state.fields()[part.index], &part.current[..])));
    let after = transaction.commit(&news)?;
    for ((known, before), after) in known.iter_mut().zip(before).zip(after) {
        *known = sent(*known, before, after.into(), adopts);
    }
    if !adopts {
        return Ok(());
    }
    // A transaction publishes only what differs. If that was nothing, the unit is still fresh.
    let first = &mut parts[0];
    let held = state.fields()[first.index].hold(Wait::AtMost(TRY))?;
    if u64::from(held.load(&mut first.current)?) == CREATED {
        known[0] = held.publish(&first.current)?.into();
    }
    Ok(())
}
