//! Whether what several processes saw and published can have happened one after the other.
//!
//! A history holds calls. Each has the times at which it began and ended, and what it saw and
//! published: field, version, checksum of the value. A history is *linearizable* (Herlihy and Wing,
//! 1990) if every call can be given one instant between its beginning and its end. Carried out in
//! the order of these instants, each call sees exactly what was published last.
//!
//! # Why a search is not needed
//!
//! To decide that is hard in general, because the order of calls is not known. Here it is known:
//! every publication of a field has a number of its own, the version, and a call that sees a value
//! is told its version. So a history is linearizable if and only if
//!
//! 1. every version of a field, from 2 to the last, was published by exactly one call (1 is the
//!    creation's);
//! 2. a call that saw a version saw what its publisher says it is, word for word;
//! 3. there are instants for the calls in this order: a publication of version v comes after that
//!    of v - 1, and a call that saw v comes between the publications of v and of v + 1.
//!
//! That these are necessary is plain. They suffice. Order the calls by their instants, and those of
//! one instant as 3 requires. A call that saw v then stands between the publications of v and v +
//! 1, so v is what was published last.
//!
//! A call is one node with one instant, also if it saw and published several fields. So a snapshot
//! must be a cut through all fields, and a transaction happens in all of its fields at once. No
//! call fits between the two halves of an update that saw v and published v + 1.
//!
//! 3 is a graph. An edge says "before". The earliest instant of a call is its own beginning or the
//! earliest instant of a call before it, whichever is later. It must not lie after the call's end.
//! If the graph has a cycle there is no order. Otherwise the earliest instants, in a topological
//! order, are a linearization. Both take time in proportion to the calls. (Gibbons and Korach,
//! "Testing shared memories", SIAM J. Comput. 1997, found this for one register.)
//!
//! # The clock
//!
//! Beginnings and ends are read from `CLOCK_MONOTONIC`, which is one clock for all processors of a
//! Linux machine. The kernel uses the processors' counters for it only after it has found them in
//! step. The beginning is read before the call and the end after it, so an interval can be too long
//! but not too short. Two calls whose times are equal overlap.

mod event;
mod flaw;
mod graph;
mod plant;
mod simulated;

pub use event::{Deed, Event, History, Touch};
pub use flaw::Flaw;
pub use plant::{Fault, plant};
pub use simulated::simulated;

/// What a history was found to be made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Linearizable {
    /// The calls in it.
    pub calls: usize,
    /// Publications of all fields.
    pub publications: usize,
    /// Orders between two calls that versions force.
    pub orders: usize,
}

/// Decides whether the history is linearizable.
///
/// # Errors
///
/// What is wrong with it, and the calls that show it.
pub fn check(history: &History) -> Result<Linearizable, Flaw> {
    let publishers = graph::publishers(history)?;
    graph::compare_checksums(history, &publishers)?;
    let order = graph::Order::new(history, &publishers);
    order.earliest_instants(history)?;
    let publications = publishers.iter().map(|of_field| of_field.len() - 2).sum();
    Ok(Linearizable { calls: history.events().len(), publications, orders: order.len() })
}
