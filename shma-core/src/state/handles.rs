//! The families of handles: the types that represent the fields of a state in shared memory.

use std::marker::PhantomData;

use super::family::Family;
use crate::field::Atomic;
use crate::field::Field;
use crate::manifest::element::{AtomicElement, Element};
use crate::region::access::{Access, ReadWrite};

/// The family of handles to fields in shared memory.
#[derive(Debug, Clone, Copy)]
pub struct Handles<A>(PhantomData<A>);

impl<A: Access> Family for Handles<A> {
    type Of<T: Element> = Field<T, A>;
    type AtomicOf<T: AtomicElement> = Atomic<T, A>;
}

/// The family that a transaction changes: `&mut T` to a private copy of every ordinary field, and
/// the live handle of every atomic one.
#[derive(Debug)]
pub struct Muts<'a>(PhantomData<&'a mut ()>);

impl<'a> Family for Muts<'a> {
    type Of<T: Element> = &'a mut T;
    type AtomicOf<T: AtomicElement> = &'a Atomic<T, ReadWrite>;
}
