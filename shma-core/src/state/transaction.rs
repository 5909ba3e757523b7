//! Several fields as one: transactions, and snapshots of all fields.
//!
//! The protocols are those of [`commit`] and [`snapshot`](crate::protocol::snapshot); here they meet
//! the types.

use super::family::{Family, Nothing, Refs, State, Values, Zip};
use super::handles::{Handles, Muts};
use crate::error::{Error, Place};
use crate::field::Atomic;
use crate::field::Field;
use crate::manifest::element::{AtomicElement, Element};
use crate::partition::{Guard, Partition};
use crate::partition::{lock_order, retry};
use crate::protocol::commit::{self, Part};
use crate::protocol::semaphore::Wait;
use crate::protocol::snapshot::{self, Attempt};
use crate::region::Region;
use crate::region::access::{Access, ReadWrite};
use crate::sync::AtomicU64;
use crate::sync::stop_point;

/// Two private copies of a state.
#[derive(Debug)]
pub(crate) struct Copies<S> {
    pub(crate) new: Box<S>,
    pub(crate) old: Box<S>,
}

/// Runs a transaction on the fields of a state.
///
/// # Errors
///
/// `Reentrant`, `Forked`.
pub(crate) fn transact<S: State, R>(
    fields: &S::Fields<Handles<ReadWrite>>,
    copies: &mut Copies<S>,
    f: impl FnOnce(S::Fields<Muts<'_>>, S::Fields<Refs<'_>>) -> R,
) -> Result<R, Error> {
    let mut partitions = Partitions(Vec::with_capacity(S::DECLARATION.fields.len()));
    S::zip::<Handles<ReadWrite>, Refs<'_>, _>(fields, S::refs(&copies.old), &mut partitions);
    let guards = acquire(&partitions.0, Wait::Forever)?;
    stop_point!("transaction.acquired");
    S::zip::<Handles<ReadWrite>, Values<'_>, _>(fields, S::values(&mut copies.old), &mut Load);
    duplicate(copies);
    let new =
        S::zip::<Handles<ReadWrite>, Values<'_>, _>(fields, S::values(&mut copies.new), &mut Offer);
    let result = f(new, S::refs(&copies.old));
    commit(guards, &changes(copies))?;
    Ok(result)
}

/// Acquires the semaphores of partitions, which are in declaration order.
pub(crate) fn acquire<'h>(
    partitions: &[&'h Partition],
    wait: Wait,
) -> Result<Vec<Guard<'h>>, Error> {
    let mut guards = Vec::with_capacity(partitions.len());
    for partition in partitions {
        let guard = partition.acquire(wait);
        guards.push(guard.map_err(|error| partition.explain(error))?);
    }
    Ok(guards)
}

fn duplicate<S: State>(copies: &mut Copies<S>) {
    let old = S::refs(&copies.old);
    S::zip::<Refs<'_>, Values<'_>, _>(&old, S::values(&mut copies.new), &mut Duplicate);
}

/// The new bytes of every ordinary field, where they differ from the old ones.
fn changes<S: State>(copies: &Copies<S>) -> Vec<Option<&[u8]>> {
    let mut changes = Changes(Vec::with_capacity(S::DECLARATION.fields.len()));
    let old = S::refs(&copies.old);
    S::zip::<Refs<'_>, Refs<'_>, _>(&old, S::refs(&copies.new), &mut changes);
    changes.0
}

/// Publishes the changes as one, and releases all semaphores. `guards` are those of all ordinary
/// fields in declaration order, `changes` the new bytes of each.
pub(crate) fn commit(mut guards: Vec<Guard<'_>>, changes: &[Option<&[u8]>]) -> Result<(), Error> {
    let Some(first) = guards.first() else { return Ok(()) };
    // After the closure, which may have forked.
    first.check_fork().map_err(|error| first.partition().explain(error))?;
    if changes.iter().all(Option::is_none) {
        return Ok(());
    }
    let parts = guards.iter().zip(changes).map(|(guard, change)| {
        if change.is_some() {
            guard.stamp();
        }
        Part { slots: guard.partition().slots(), version: guard.version(), new: *change }
    });
    // A handler of a signal may have forked since. What remains is as in `Guard::publish`.
    commit::publish(first.partition().commit(), parts, || first.check_fork())
        .map_err(|error| first.partition().explain(error))?;
    for (guard, change) in guards.iter_mut().zip(changes) {
        if change.is_some() {
            guard.has_published();
        }
    }
    Ok(())
}

/// The ordinary fields' partitions in declaration order.
struct Partitions<'h>(Vec<&'h Partition>);

impl<'h, 'v> Zip<'h, Handles<ReadWrite>, Refs<'v>> for Partitions<'h> {
    type Out = Nothing;

    fn field<T: Element>(&mut self, _: usize, field: &'h Field<T>, _: &'v T) {
        self.0.push(field.partition());
    }

    fn atomic<T: AtomicElement>(&mut self, _: usize, _: &'h Atomic<T>, _: &'v T) {}
}

/// Loads the active values, under their semaphores.
struct Load;

impl<'h, 'v> Zip<'h, Handles<ReadWrite>, Values<'v>> for Load {
    type Out = Nothing;

    fn field<T: Element>(&mut self, _: usize, field: &'h Field<T>, value: &'v mut T) {
        field.read_into(value);
    }

    fn atomic<T: AtomicElement>(&mut self, _: usize, field: &'h Atomic<T>, value: &'v mut T) {
        field.read_into(value);
    }
}

/// Copies one state to another.
struct Duplicate;

impl<'h, 'a, 'v> Zip<'h, Refs<'a>, Values<'v>> for Duplicate {
    type Out = Nothing;

    fn field<T: Element>(&mut self, _: usize, from: &'h &'a T, to: &'v mut T) {
        bytemuck::bytes_of_mut(to).copy_from_slice(bytemuck::bytes_of(*from));
    }

    fn atomic<T: AtomicElement>(&mut self, _: usize, _: &'h &'a T, _: &'v mut T) {}
}

/// Makes what the closure changes.
struct Offer;

impl<'h, 'v> Zip<'h, Handles<ReadWrite>, Values<'v>> for Offer
where
    'h: 'v,
{
    type Out = Muts<'v>;

    fn field<T: Element>(&mut self, _: usize, _: &'h Field<T>, value: &'v mut T) -> &'v mut T {
        value
    }

    fn atomic<T: AtomicElement>(
        &mut self,
        _: usize,
        field: &'h Atomic<T>,
        _: &'v mut T,
    ) -> &'v Atomic<T> {
        field
    }
}

/// Compares two states byte by byte, so that a NaN equals itself, and -0.0 is not 0.0.
struct Changes<'v>(Vec<Option<&'v [u8]>>);

impl<'h, 'a, 'v> Zip<'h, Refs<'a>, Refs<'v>> for Changes<'v> {
    type Out = Nothing;

    fn field<T: Element>(&mut self, _: usize, old: &'h &'a T, new: &'v T) {
        let bytes = bytemuck::bytes_of(new);
        self.0.push((bytes != bytemuck::bytes_of(*old)).then_some(bytes));
    }

    fn atomic<T: AtomicElement>(&mut self, _: usize, _: &'h &'a T, _: &'v T) {}
}

/// Copies all fields as they stood at one instant, however long it takes.
pub(crate) fn snapshot<S: State, A: Access>(
    region: &Region,
    fields: &S::Fields<Handles<A>>,
    into: &mut S,
) {
    let attempt = |into: &mut S| attempt(&region.header().commit, fields, into).then_some(());
    retry::forever(into, attempt, |into| {
        // Semaphores that happen to be free, for the time of one attempt. A field whose semaphore is
        // held does not change.
        let mut free = Free { guards: Vec::new() };
        if A::WRITABLE && !region.is_forked() && !lock_order::any(region.key()) {
            S::zip::<Handles<A>, Values<'_>, _>(fields, S::values(into), &mut free);
        }
        free
    });
}

/// Bounded effort.
pub(crate) fn try_snapshot<S: State, A: Access>(
    region: &Region,
    fields: &S::Fields<Handles<A>>,
    into: &mut S,
) -> Result<(), Error> {
    let attempt = || attempt(&region.header().commit, fields, into).then_some(());
    retry::in_a_row(attempt)
        .ok_or_else(|| Error::Contended { place: Place::new(region.name(), None) })
}

/// One optimistic try.
fn attempt<S: State, A: Access>(
    word: &AtomicU64,
    fields: &S::Fields<Handles<A>>,
    into: &mut S,
) -> bool {
    let attempt = Attempt::begin(word);
    let mut copy = Copy { attempt: &attempt, overtaken: false };
    let seen = S::zip::<Handles<A>, Values<'_>, _>(fields, S::values(into), &mut copy);
    if copy.overtaken {
        return false;
    }
    attempt.confirm(|| {
        let mut again = LookAgain { all_same: true };
        S::zip::<Handles<A>, Seen, _>(fields, seen, &mut again);
        again.all_same
    })
}

/// The family of the versions that a snapshot's first looks have seen.
struct Seen;

impl Family for Seen {
    type Of<T: Element> = u64;
    type AtomicOf<T: AtomicElement> = ();
}

/// The first looks of a snapshot, up to one that is overtaken.
struct Copy<'c, 'h> {
    attempt: &'c Attempt<'h>,
    overtaken: bool,
}

impl<'h, 'v, A: Access> Zip<'h, Handles<A>, Values<'v>> for Copy<'_, '_> {
    type Out = Seen;

    fn field<T: Element>(&mut self, _: usize, field: &'h Field<T, A>, value: &'v mut T) -> u64 {
        if self.overtaken {
            return 0;
        }
        let copied = self.attempt.copy(field.partition().slots(), bytemuck::bytes_of_mut(value));
        self.overtaken = copied.is_err();
        copied.unwrap_or(0)
    }

    fn atomic<T: AtomicElement>(&mut self, _: usize, field: &'h Atomic<T, A>, value: &'v mut T) {
        if !self.overtaken {
            field.read_into(value);
        }
    }
}

/// The second looks.
struct LookAgain {
    all_same: bool,
}

impl<'h, A: Access> Zip<'h, Handles<A>, Seen> for LookAgain {
    type Out = Nothing;

    fn field<T: Element>(&mut self, _: usize, field: &'h Field<T, A>, seen: u64) {
        self.all_same = self.all_same && snapshot::is_unchanged(field.partition().control(), seen);
    }

    fn atomic<T: AtomicElement>(&mut self, _: usize, _: &'h Atomic<T, A>, (): ()) {}
}

/// Semaphores that were free.
struct Free<'h> {
    guards: Vec<Guard<'h>>,
}

impl<'h, 'v, A: Access> Zip<'h, Handles<A>, Values<'v>> for Free<'h> {
    type Out = Nothing;

    fn field<T: Element>(&mut self, _: usize, field: &'h Field<T, A>, _: &'v mut T) {
        self.guards.extend(field.partition().try_acquire_free());
    }

    fn atomic<T: AtomicElement>(&mut self, _: usize, _: &'h Atomic<T, A>, _: &'v mut T) {}
}
