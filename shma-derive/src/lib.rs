//! The derive macros of `shma-core`, which re-exports them: depend on that crate, not on this one.
//!
//! A derive only lists what was declared: the manifest, the fields, and how to visit them. All
//! behaviour is in the library. The way of a declaration through this crate:
//!
//! 1. `model` turns syn's input into the crate's own nouns, with the help of `attr`.
//! 2. `check` holds the rules; whatever breaks one goes to `errors`, which reports all at once.
//! 3. `emit` writes tokens: the real ones, or a stand-in beside the errors, so that a user sees
//!    the one true error and not its consequences.
#![deny(unsafe_code, missing_docs)]

mod attr;
mod check;
mod emit;
mod errors;
mod expand;
mod generics;
mod model;

use proc_macro::TokenStream;
use proc_macro2::TokenStream as TokenStream2;
use syn::DeriveInput;

/// Makes a struct of elements a state: see `shma_core::ShmState`.
///
/// The struct has named fields, and neither lifetimes nor type parameters; const parameters are
/// fine. Each field is an element: a number of fixed size, an array of elements, or a struct with
/// `#[derive(ShmElement)]`.
///
/// On the struct:
///
/// - `#[shm(name = "..")]`: the declared name instead of the struct's identifier; any text
///   without control characters, but an empty one.
/// - `#[shm(fingerprint = 0x..)]`: pins the layout. The build fails, naming the new value, when it
///   changes. Not with const parameters: there is no one layout.
/// - `#[shm(crate = path)]`: where `shma_core` is found, if not at `::shma_core`.
///
/// On a field:
///
/// - `#[shm(no_merge)]`: left out of element-wise operations on the whole state.
/// - `#[shm(slots = 2)]`, `4` (the default) or `8`: how many values the region keeps of the field.
/// - `#[shm(timed)]`: publications are timed by the precise clock.
/// - `#[shm(atomic)]`: every element is its own atomic, in a single slot and without a semaphore.
///   For `u32`, `u64`, `i32`, `i64`, `f32`, `f64` and arrays of them. Such a field has no `slots`
///   and is not `timed`.
///
/// For a struct `Model` it generates `ModelFields<F, ..>`: a struct generic over a family, with one
/// field of the same name, visibility and docs per field of the state.
#[proc_macro_derive(ShmState, attributes(shm))]
pub fn derive_shm_state(input: TokenStream) -> TokenStream {
    parsed(input, expand::state)
}

/// Makes a `#[repr(C)]` struct an element: see `shma_core::Element`.
///
/// The struct has named fields, which are elements, no parameters, and derives
/// `Clone, Copy, Pod, Zeroable`. It is its own scalar: element-wise closures get it whole.
///
/// `#[shm(crate = path)]` says where `shma_core` is found, if not at `::shma_core`.
#[proc_macro_derive(ShmElement, attributes(shm))]
pub fn derive_shm_element(input: TokenStream) -> TokenStream {
    parsed(input, expand::element)
}

fn parsed(input: TokenStream, expand: fn(&DeriveInput) -> TokenStream2) -> TokenStream {
    match syn::parse(input) {
        Ok(input) => expand(&input).into(),
        Err(error) => errors::unreadable(error).into(),
    }
}
