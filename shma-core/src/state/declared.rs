//! Ties what a derive lists to the struct as it really is.
//!
//! A derive reads tokens. An attribute macro below it is expanded later, and may add fields, or give
//! them other types, after the derive has vouched for them. So generated code destructures the
//! struct, naming every field, and asks for the type of each.

use std::marker::PhantomData;

/// The type that a field really has, as a value.
///
/// Invariant in `T`, so that no subtype passes for it.
#[doc(hidden)]
#[derive(Debug)]
pub struct Declared<T>(PhantomData<fn(T) -> T>);

/// The type of a field. `T` is inferred from the argument alone: there is nothing else to infer it
/// from, and no type that the argument could be coerced to.
#[doc(hidden)]
pub fn declared<T>(_: &T) -> Declared<T> {
    Declared(PhantomData)
}

impl<T> Declared<T> {
    /// Builds only if the type is `U`, exactly.
    pub fn is<U>(self)
    where
        T: Same<U>,
    {
    }
}

/// Implemented for every type and itself.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "this field is a `{Self}`, and the derive read `{T}`",
    label = "changed after the derive read it",
    note = "an attribute macro below the derive changed the struct; write that attribute above the `#[derive(..)]`, so that the derive reads the fields as they are"
)]
pub trait Same<T>: sealed::Same<T> {}

impl<T> Same<T> for T {}

/// Only the implementation above may exist: another would let a field of another type pass.
mod sealed {
    pub trait Same<T> {}

    impl<T> Same<T> for T {}
}
