//! Reads of all fields by their types, one after the other.
//!
//! There is no list of [parts](super::part) to make, so that a state of a few small fields costs
//! little more than they do. It is the first attempt; what is overtaken goes on with parts.

use super::family::{Build, Nothing, State, Values, Zip};
use super::handles::Handles;
use super::snapshot;
use crate::field::{Atomic, Field};
use crate::manifest::element::{AtomicElement, Element};
use crate::protocol::snapshot::{Attempt, is_unchanged};
use crate::region::Region;
use crate::region::access::{Access, ReadWrite};

/// The most fields of a state that is read this way: each of them takes code of its own.
const MOST: usize = 16;

/// Whether a state is read this way.
pub(super) const fn has_few_fields<S: State>() -> bool {
    S::DECLARATION.fields.len() <= MOST
}

/// Reads every field by itself.
#[inline]
pub(super) fn read<S: State, A: Access>(fields: &S::Fields<Handles<A>>, into: &mut S) {
    S::zip::<Handles<A>, Values<'_>, _>(fields, S::values(into), &mut Read);
}

/// Loads all active values. The caller holds the semaphores.
#[inline]
pub(super) fn load<S: State>(fields: &S::Fields<Handles<ReadWrite>>, into: &mut S) {
    S::zip::<Handles<ReadWrite>, Values<'_>, _>(fields, S::values(into), &mut Load);
}

/// One optimistic attempt at a snapshot of a state that has few fields.
#[inline]
pub(super) fn attempt<S: State, A: Access>(
    region: &Region,
    fields: &S::Fields<Handles<A>>,
    into: &mut S,
) -> bool {
    let mut first = First { attempt: snapshot::begin(region), versions: [0; MOST], intact: true };
    S::zip::<Handles<A>, Values<'_>, _>(fields, S::values(into), &mut first);
    let First { attempt, versions, intact } = first;
    let again = || {
        let mut second = Second { versions: &versions, unchanged: true };
        S::zip::<Handles<A>, Nothing, _>(fields, S::build(&mut Nothings), &mut second);
        second.unchanged
    };
    intact && attempt.confirm(again)
}

struct Read;

impl<'h, 'v, A: Access> Zip<'h, Handles<A>, Values<'v>> for Read {
    type Out = Nothing;

    #[inline]
    fn field<T: Element>(&mut self, _: usize, field: &'h Field<T, A>, value: &'v mut T) {
        field.read_into(value);
    }

    #[inline]
    fn atomic<T: AtomicElement>(&mut self, _: usize, field: &'h Atomic<T, A>, value: &'v mut T) {
        field.read_into(value);
    }
}

struct Load;

impl<'h, 'v> Zip<'h, Handles<ReadWrite>, Values<'v>> for Load {
    type Out = Nothing;

    #[inline(always)]
    fn field<T: Element>(&mut self, _: usize, field: &'h Field<T>, value: &'v mut T) {
        field.load_held(value);
    }

    #[inline]
    fn atomic<T: AtomicElement>(&mut self, _: usize, field: &'h Atomic<T>, value: &'v mut T) {
        field.read_into(value);
    }
}

/// The first look at each field.
struct First<'h> {
    attempt: Attempt<'h>,
    versions: [u64; MOST],
    /// Whether no field was overtaken.
    intact: bool,
}

impl<'h, 'v, A: Access> Zip<'h, Handles<A>, Values<'v>> for First<'_> {
    type Out = Nothing;

    // Always, here and in the second look: a call for each field would cost as much as the field.
    #[inline(always)]
    fn field<T: Element>(&mut self, index: usize, field: &'h Field<T, A>, value: &'v mut T) {
        match field.look(&self.attempt, value) {
            Ok(version) => self.versions[index] = version,
            Err(_) => self.intact = false,
        }
    }

    #[inline]
    fn atomic<T: AtomicElement>(&mut self, _: usize, field: &'h Atomic<T, A>, value: &'v mut T) {
        // No publication can overtake it: each number is whole.
        field.read_into(value);
    }
}

/// The second look at each field.
struct Second<'p> {
    versions: &'p [u64; MOST],
    unchanged: bool,
}

impl<'h, A: Access> Zip<'h, Handles<A>, Nothing> for Second<'_> {
    type Out = Nothing;

    #[inline(always)]
    fn field<T: Element>(&mut self, index: usize, field: &'h Field<T, A>, (): ()) {
        self.unchanged &= is_unchanged(field.partition().control(), self.versions[index]);
    }

    #[inline(always)]
    fn atomic<T: AtomicElement>(&mut self, _: usize, _: &'h Atomic<T, A>, (): ()) {}
}

/// Views of nothing.
struct Nothings;

impl Build<Nothing> for Nothings {
    #[inline(always)]
    fn field<T: Element>(&mut self, _: usize) {}

    #[inline(always)]
    fn atomic<T: AtomicElement>(&mut self, _: usize) {}
}
