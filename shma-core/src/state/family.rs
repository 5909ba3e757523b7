//! What the derive tells the library about a state, and the families that its fields come in.
//!
//! A state is a struct of elements. The derive mirrors it once, as a struct whose field types are
//! chosen by a [`Family`]: handles to shared memory, views of a value, or whatever a later store
//! needs. All behaviour is written in the library against [`State`]; the generated code only lists
//! fields.
//!
//! `unsafe` here: the trait that vouches for the list, and zeroed states.
#![allow(unsafe_code)]

use crate::manifest::Manifest;
use crate::manifest::element::{AtomicElement, Element, OfScalar};

/// Chooses the type that represents a field of type `T`.
pub trait Family {
    /// The type that represents an ordinary field.
    type Of<T: Element>;
    /// The type that represents an `#[shm(atomic)]` field.
    type AtomicOf<T: AtomicElement>;
}

/// The family of shared views: `&T` for every field.
#[derive(Debug, Clone, Copy)]
pub struct Refs<'a>(std::marker::PhantomData<&'a ()>);

impl<'a> Family for Refs<'a> {
    type Of<T: Element> = &'a T;
    type AtomicOf<T: AtomicElement> = &'a T;
}

/// The family of exclusive views of a value: `&mut T` for every field.
#[doc(hidden)]
#[derive(Debug)]
pub struct Values<'a>(std::marker::PhantomData<&'a mut ()>);

impl<'a> Family for Values<'a> {
    type Of<T: Element> = &'a mut T;
    type AtomicOf<T: AtomicElement> = &'a mut T;
}

/// The family of nothing, for a zip that is run for its effects.
#[derive(Debug)]
pub(crate) struct Nothing;

impl Family for Nothing {
    type Of<T: Element> = ();
    type AtomicOf<T: AtomicElement> = ();
}

/// Makes the fields of a family one by one, in declaration order.
#[doc(hidden)]
pub trait Build<F: Family> {
    /// The ordinary field number `index`.
    fn field<T: Element>(&mut self, index: usize) -> F::Of<T>;
    /// The atomic field number `index`.
    fn atomic<T: AtomicElement>(&mut self, index: usize) -> F::AtomicOf<T>;
}

/// Goes over the fields of two families in declaration order, and may make those of a third.
///
/// It goes over all of them. Returning early would have the compiler make the way out of each field
/// for itself, so that its work would grow with the square of the fields.
#[doc(hidden)]
pub trait Zip<'h, H: Family, V: Family> {
    /// The family that is made.
    type Out: Family;
    /// The ordinary field number `index`.
    fn field<T: Element>(
        &mut self,
        index: usize,
        handle: &'h H::Of<T>,
        view: V::Of<T>,
    ) -> <Self::Out as Family>::Of<T>;
    /// The atomic field number `index`.
    fn atomic<T: AtomicElement>(
        &mut self,
        index: usize,
        handle: &'h H::AtomicOf<T>,
        view: V::AtomicOf<T>,
    ) -> <Self::Out as Family>::AtomicOf<T>;
}

/// Goes over those fields of two families that take part in whole-state element-wise operations.
#[doc(hidden)]
pub trait Merge<'h, E: Element, H: Family, V: Family> {
    /// The field number `index`.
    fn field<T: OfScalar<E>>(&mut self, index: usize, handle: &'h H::Of<T>, view: V::Of<T>);
}

/// A struct of elements as the derive describes it; [`ShmState`](crate::ShmState) is built on it.
///
/// # Safety
///
/// Only the derive implements it. Each rule with what breaks without it:
///
/// - Every field of the struct is an [`Element`], so that all zeroes is a value of it.
///   [`zeroed`](crate::ShmState::zeroed) would otherwise make an invalid value.
/// - [`Fields`](Self::Fields) of a family consists of `Of<T>` and `AtomicOf<T>` for elements `T`, and
///   of nothing else. Otherwise a handle to the state could be sent to another thread together with
///   something that must not be.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a state",
    label = "no `#[derive(ShmState)]`",
    note = "declare it as a struct with named fields and `#[derive(ShmState)]`"
)]
pub unsafe trait State: Sized + 'static {
    /// Name, fields and offsets.
    const DECLARATION: Manifest<'static>;

    /// The former name of each field, as far as fields have one; empty if none has.
    const FORMER: &'static [Option<&'static str>] = &[];

    /// The mirror of the struct in a family.
    type Fields<F: Family>;

    /// Makes the fields one by one.
    fn build<F: Family, B: Build<F>>(builder: &mut B) -> Self::Fields<F>;

    /// Views of all fields.
    fn refs(state: &Self) -> Self::Fields<Refs<'_>>;

    /// Exclusive views of all fields.
    fn values(state: &mut Self) -> Self::Fields<Values<'_>>;

    /// Goes over the fields of two families together.
    fn zip<'h, H: Family, V: Family, Z: Zip<'h, H, V>>(
        handles: &'h Self::Fields<H>,
        views: Self::Fields<V>,
        zip: &mut Z,
    ) -> Self::Fields<Z::Out>;
}

/// Goes over the bytes of all fields in declaration order.
pub(super) fn each_mut<S: State>(state: &mut S, each: impl FnMut(usize, &mut [u8])) {
    let nothing = S::build::<Nothing, _>(&mut MakeNothing);
    S::zip::<Nothing, Values<'_>, _>(&nothing, S::values(state), &mut Each(each));
}

struct MakeNothing;

impl Build<Nothing> for MakeNothing {
    fn field<T: Element>(&mut self, _: usize) {}

    fn atomic<T: AtomicElement>(&mut self, _: usize) {}
}

struct Each<F>(F);

impl<'h, 'v, F: FnMut(usize, &mut [u8])> Zip<'h, Nothing, Values<'v>> for Each<F> {
    type Out = Nothing;

    fn field<T: Element>(&mut self, index: usize, _: &'h (), value: &'v mut T) {
        (self.0)(index, bytemuck::bytes_of_mut(value));
    }

    fn atomic<T: AtomicElement>(&mut self, index: usize, _: &'h (), value: &'v mut T) {
        (self.0)(index, bytemuck::bytes_of_mut(value));
    }
}

/// A state of zeroes, on the heap.
pub(super) fn zeroed<S: State>() -> Box<S> {
    let zeroed = Box::<S>::new_zeroed();
    // SAFETY: by the contract of `State` every field is an `Element`, of which all zeroes is a
    // value.
    unsafe { zeroed.assume_init() }
}

/// A state of zeroes.
#[inline]
pub(super) fn zeroed_value<S: State>() -> S {
    let zeroed = std::mem::MaybeUninit::zeroed();
    // SAFETY: as above.
    unsafe { zeroed.assume_init() }
}

/// Copies one state to another.
#[expect(clippy::disallowed_methods, reason = "neither of them lies in shared memory")]
pub(super) fn duplicate<S: State>(from: &S, to: &mut S) {
    // SAFETY: both are borrowed, so they are good for this and apart; by the contract of `State`
    // every field is an `Element`, which is `Copy`.
    unsafe { std::ptr::copy_nonoverlapping(from, to, 1) }
}

/// A state whose fields, except `#[shm(no_merge)]` and atomic ones, consist of `E` alone; the bound
/// for generic code that calls [`Shm::update_with`](crate::Shm::update_with). The derive implements
/// it.
#[diagnostic::on_unimplemented(
    message = "no field of `{Self}` takes part in element-wise operations on the whole state",
    label = "each field is `#[shm(no_merge)]` or `#[shm(atomic)]`",
    note = "update the fields one by one, or leave `#[shm(no_merge)]` away"
)]
pub trait Uniform<E: Element>: State {
    /// Goes over those fields.
    #[doc(hidden)]
    fn merge<'h, H: Family, V: Family, M: Merge<'h, E, H, V>>(
        handles: &'h Self::Fields<H>,
        views: Self::Fields<V>,
        merge: &mut M,
    );
}
