//! Several fields as one.
//!
//! The protocol is [`protocol::commit`](crate::protocol::commit); here it meets the types.

use std::sync::Mutex;

use super::family::{self, Refs, State, Values, Zip, zeroed};
use super::handles::{Handles, Muts};
use super::part::{Part, SpareParts, collect};
use crate::error::Error;
use crate::field::{Atomic, Field};
use crate::manifest::element::{AtomicElement, Element};
use crate::partition::RegionGuard;
use crate::region::access::ReadWrite;

/// Copies up to this size go on the stack.
const STACK_BYTES: usize = 4 << 10;

/// Two private copies of a state.
#[derive(Debug)]
struct Copies<S> {
    new: Box<S>,
    old: Box<S>,
}

/// What the calls on a whole state keep for the next one.
#[derive(Debug)]
pub(super) struct Spare<S> {
    copies: Mutex<Option<Copies<S>>>,
    pub(super) parts: SpareParts,
}

impl<S: State> Spare<S> {
    pub(super) fn new() -> Self {
        Self { copies: Mutex::new(None), parts: SpareParts::default() }
    }

    /// Runs a transaction on all fields of a state. `guard` holds their semaphores, unless the state
    /// has none. Publishes if `publishes` says so of what `f` returned.
    ///
    /// # Errors
    ///
    /// `Forked`: the closure has forked, and this is the child.
    pub(super) fn transact<R>(
        &self,
        guard: Option<RegionGuard<'_>>,
        fields: &S::Fields<Handles<ReadWrite>>,
        f: impl FnOnce(S::Fields<Muts<'_>>, S::Fields<Refs<'_>>) -> R,
        publishes: impl FnOnce(&R) -> bool,
    ) -> Result<R, Error> {
        // Separate functions, because one would have room for both copies on the stack also when it
        // does not use it, unless the compiler optimises.
        if const { size_of::<S>() <= STACK_BYTES } {
            self.transact_on_stack(guard, fields, f, publishes)
        } else {
            self.transact_boxed(guard, fields, f, publishes)
        }
    }

    fn transact_on_stack<R>(
        &self,
        guard: Option<RegionGuard<'_>>,
        fields: &S::Fields<Handles<ReadWrite>>,
        f: impl FnOnce(S::Fields<Muts<'_>>, S::Fields<Refs<'_>>) -> R,
        publishes: impl FnOnce(&R) -> bool,
    ) -> Result<R, Error> {
        let (mut new, mut old) = (family::zeroed_value::<S>(), family::zeroed_value::<S>());
        self.run(guard, fields, &mut new, &mut old, f, publishes)
    }

    fn transact_boxed<R>(
        &self,
        guard: Option<RegionGuard<'_>>,
        fields: &S::Fields<Handles<ReadWrite>>,
        f: impl FnOnce(S::Fields<Muts<'_>>, S::Fields<Refs<'_>>) -> R,
        publishes: impl FnOnce(&R) -> bool,
    ) -> Result<R, Error> {
        // Not waited for: a fork child may have inherited it locked, and new copies do as well.
        let kept = self.copies.try_lock().ok().and_then(|mut copies| copies.take());
        let mut copies = kept.unwrap_or_else(|| Copies { new: zeroed(), old: zeroed() });
        let result = self.run(guard, fields, &mut copies.new, &mut copies.old, f, publishes);
        if let Ok(mut spare) = self.copies.try_lock() {
            *spare = Some(copies);
        }
        result
    }

    /// Loads the values into both copies, calls `f` and publishes what it changed.
    #[inline]
    fn run<R>(
        &self,
        guard: Option<RegionGuard<'_>>,
        fields: &S::Fields<Handles<ReadWrite>>,
        new: &mut S,
        old: &mut S,
        f: impl FnOnce(S::Fields<Muts<'_>>, S::Fields<Refs<'_>>) -> R,
        publishes: impl FnOnce(&R) -> bool,
    ) -> Result<R, Error> {
        let count = S::DECLARATION.fields.len();
        let mut parts = self.parts.take(count);
        collect::<S, _>(fields, old, &mut parts);
        parts.iter_mut().for_each(Part::load);
        self.parts.put(parts);
        family::duplicate(old, new);
        let views = S::zip::<Handles<ReadWrite>, Values<'_>, _>(fields, S::values(new), &mut Offer);
        let result = f(views, S::refs(old));
        let Some(guard) = guard else { return Ok(result) };
        let (mut news, mut olds) = (self.parts.take(count), self.parts.take(count));
        collect::<S, _>(fields, new, &mut news);
        collect::<S, _>(fields, old, &mut olds);
        // Otherwise no part counts as changed; `publish` still asks whether the closure has forked.
        if publishes(&result) {
            for (new, old) in news.iter_mut().zip(&olds) {
                new.compare(old.bytes);
            }
        }
        let published = publish(guard, &news);
        self.parts.put(news);
        self.parts.put(olds);
        published.map(|()| result)
    }
}

/// Publishes those parts that were changed as one, and releases all semaphores. The parts are in
/// declaration order. If none was changed, nothing is published.
///
/// # Errors
///
/// `Forked`: the process got the attachment through fork. Nothing is published then.
pub(crate) fn publish(guard: RegionGuard<'_>, parts: &[Part<'_, '_>]) -> Result<(), Error> {
    let changed = parts.iter().filter(|part| part.changed);
    let Some(first) = parts.iter().find(|part| !part.is_atomic()) else { return Ok(()) };
    // After the closure, which may have forked.
    let published = guard.check_fork().and_then(|()| {
        if changed.clone().next().is_none() {
            return Ok(());
        }
        guard.publish(changed.map(|part| (part.partition, &*part.bytes)))
    });
    published.map_err(|error| first.partition.explain(error))
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
