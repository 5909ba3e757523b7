//! Several fields as one.
//!
//! The protocol is [`protocol::commit`](crate::protocol::commit); here it meets the types.

use std::marker::PhantomData;
use std::sync::Mutex;

use super::direct;
use super::family::{self, Family, Nothing, Refs, State, Values, Zip, zeroed};
use super::handles::{Handles, Muts};
use super::part::{Part, Parts, SpareParts, collect};
use crate::error::Error;
use crate::field::{Atomic, Field};
use crate::manifest::element::{AtomicElement, Element};
use crate::partition::RegionGuard;
use crate::region::access::ReadWrite;

/// Copies up to this size go on the stack.
const STACK_BYTES: usize = 4 << 10;

/// Values up to this size are compared in place.
const INLINE_BYTES: usize = 128;

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
        self.load(fields, old);
        family::duplicate(old, new);
        let views = S::zip::<Handles<ReadWrite>, Values<'_>, _>(fields, S::values(new), &mut Offer);
        let result = f(views, S::refs(old));
        let Some(guard) = guard else { return Ok(result) };
        let mut changed = self.parts.take(S::DECLARATION.fields.len());
        // Otherwise no part counts as changed; `publish` still asks whether the closure has forked.
        if publishes(&result) {
            let both = S::zip::<Refs<'_>, Values<'_>, _>(&S::refs(old), S::values(new), &mut Both);
            S::zip::<Handles<ReadWrite>, Pairs<'_>, _>(fields, both, &mut Compare(&mut changed));
        }
        let published = publish(guard, &changed);
        self.parts.put(changed);
        published.map(|()| result)
    }

    /// Loads all values. The caller holds the semaphores.
    #[inline]
    fn load(&self, fields: &S::Fields<Handles<ReadWrite>>, into: &mut S) {
        if const { direct::has_few_fields::<S>() } {
            return direct::load(fields, into);
        }
        let mut parts = self.parts.take(S::DECLARATION.fields.len());
        collect::<S, _>(fields, into, &mut parts);
        parts.iter_mut().for_each(Part::load);
        self.parts.put(parts);
    }
}

/// Publishes these parts as one, and releases all semaphores. The parts are in declaration order.
///
/// # Errors
///
/// `Forked`: the process got the attachment through fork. Nothing is published then.
pub(super) fn publish(guard: RegionGuard<'_>, changed: &[Part<'_, '_>]) -> Result<(), Error> {
    guard.publish(changed.iter().map(Part::news))
}

/// Makes what the closure changes.
struct Offer;

impl<'h, 'v> Zip<'h, Handles<ReadWrite>, Values<'v>> for Offer
where
    'h: 'v,
{
    type Out = Muts<'v>;

    #[inline(always)]
    fn field<T: Element>(&mut self, _: usize, _: &'h Field<T>, value: &'v mut T) -> &'v mut T {
        value
    }

    #[inline(always)]
    fn atomic<T: AtomicElement>(
        &mut self,
        _: usize,
        field: &'h Atomic<T>,
        _: &'v mut T,
    ) -> &'v Atomic<T> {
        field
    }
}

/// The family of what was before the closure, and what is behind it.
struct Pairs<'v>(PhantomData<&'v mut ()>);

impl<'v> Family for Pairs<'v> {
    type Of<T: Element> = (&'v T, &'v mut T);
    type AtomicOf<T: AtomicElement> = ();
}

/// Makes them.
struct Both;

impl<'h, 'v> Zip<'h, Refs<'v>, Values<'v>> for Both {
    type Out = Pairs<'v>;

    #[inline(always)]
    fn field<T: Element>(
        &mut self,
        _: usize,
        old: &'h &'v T,
        new: &'v mut T,
    ) -> (&'v T, &'v mut T) {
        (old, new)
    }

    #[inline(always)]
    fn atomic<T: AtomicElement>(&mut self, _: usize, _: &'h &'v T, _: &'v mut T) {}
}

/// Collects the fields that the closure has changed.
struct Compare<'p, 'h, 'v>(&'p mut Parts<'h, 'v>);

impl<'h, 'v> Zip<'h, Handles<ReadWrite>, Pairs<'v>> for Compare<'_, 'h, 'v> {
    type Out = Nothing;

    #[inline(always)]
    fn field<T: Element>(&mut self, _: usize, field: &'h Field<T>, (old, new): (&'v T, &'v mut T)) {
        if differ(old, new) {
            self.0.push(Part::typed(field.partition(), new));
        }
    }

    #[inline(always)]
    fn atomic<T: AtomicElement>(&mut self, _: usize, _: &'h Atomic<T>, (): ()) {}
}

/// Whether the bytes differ: a NaN equals itself, and -0.0 is not 0.0.
#[inline]
pub(super) fn differ<T: Element>(old: &T, new: &T) -> bool {
    let (old, new) = (bytemuck::bytes_of(old), bytemuck::bytes_of(new));
    if const { size_of::<T>() > INLINE_BYTES } {
        return old != new;
    }
    // A call of the C library's function takes as long as the rest that a small field costs here.
    let (old_words, old_rest) = old.as_chunks::<8>();
    let (new_words, new_rest) = new.as_chunks::<8>();
    let word = |bytes: &[u8; 8]| u64::from_ne_bytes(*bytes);
    let words = old_words.iter().zip(new_words);
    let rest = old_rest.iter().zip(new_rest);
    let differences = words.fold(0, |seen, (old, new)| seen | (word(old) ^ word(new)));
    rest.fold(differences, |seen, (old, new)| seen | u64::from(old ^ new)) != 0
}
