//! The derive macros of `shma-core`, which re-exports them: depend on that crate, not on this one.
//!
//! A derive only lists what was declared: the manifest, the fields, and how to visit them. All
//! behaviour is in the library. The way of a declaration through this crate:
//!
//! 1. `editions` makes it readable, whatever the edition of the crate that it is from.
//! 2. `model` turns syn's input into the crate's own nouns, with the help of `attr`.
//! 3. `check` holds the rules. What breaks one goes to `errors`, which reports all at once.
//! 4. `emit` writes tokens: the real ones, or a stand-in beside the errors, so that a user sees
//!    the one true error and not its consequences.
#![deny(unsafe_code, missing_docs)]

mod attr;
mod check;
mod editions;
mod emit;
mod errors;
mod expand;
mod model;
mod self_type;

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
///   without control characters, except an empty one.
/// - `#[shm(fields = "..")]`: the name of the generated struct, instead of `ModelFields` for a state
///   `Model`. Where the module has a `ModelFields` of its own, the build fails without it.
/// - `#[shm(fingerprint = 0x..)]`: pins the layout. The build fails, naming the new value, when it
///   changes. Not with const parameters: there is no one layout.
/// - `#[shm(crate = path)]`: where `shma_core` is found, if not at `::shma_core`.
///
/// On a field:
///
/// - `#[shm(name = "layers.0.weight")]`: the name in the region instead of the field's identifier:
///   parts joined by dots, each of letters, digits and `_`. Manifest and fingerprint have this name.
/// - `#[shm(was = "old")]`: the name that the field had before, for `migrate_region` and `migrate_file`.
///   It is no part of the layout.
/// - `#[shm(no_merge)]`: left out of element-wise operations on the whole state.
/// - `#[shm(slots = 2)]`, `4` (the default) or `8`: how many values the region keeps of the field.
/// - `#[shm(timed)]`: publications are timed by the precise clock.
/// - `#[shm(atomic)]`: every element is its own atomic, in a single slot and without a semaphore.
///   For `u32`, `u64`, `i32`, `i64`, `f32`, `f64` and arrays of them. Such a field has no `slots`
///   and is not `timed`.
///
/// For a struct `Model` it generates `ModelFields<F, ..>`: a struct generic over a family, with one
/// field of the same name, visibility and docs per field of the state.
///
/// The build fails if an attribute macro below the derive changes the fields or their types: the
/// derive reads the struct before such a macro does. Write the macro's attribute above the derive.
///
/// It also fails for a declaration beyond the limits, and names limit and value: a field of over 32
/// GiB, an array of over 64 dimensions, over 32 structs within one another, a name of over 4,096
/// bytes. The manifest is at most a text of 512 KiB, which about 3,000 numbers fill.
#[proc_macro_derive(ShmState, attributes(shm))]
pub fn derive_shm_state(input: TokenStream) -> TokenStream {
    parsed(input, expand::state)
}

/// Makes a `#[repr(C)]` struct an element: see `shma_core::Element`.
///
/// The struct has named fields, which are elements and leave no gap between them, and no parameters.
/// It derives `Clone` and `Copy`. It is its own scalar: element-wise closures get it whole.
///
/// It implements `Pod` and `Zeroable` of `bytemuck` too, since the fields fulfil their contracts.
/// The user's crate need not depend on `bytemuck`. As with `ShmState`, the build fails if an
/// attribute macro below the derive changes the fields.
///
/// On the struct:
///
/// - `#[shm(own_pod)]`: `Pod` and `Zeroable` are the user's own, derived by `bytemuck`. Without it,
///   deriving them too is a conflict of implementations.
/// - `#[shm(crate = path)]`: where `shma_core` is found, if not at `::shma_core`.
#[proc_macro_derive(ShmElement, attributes(shm))]
pub fn derive_shm_element(input: TokenStream) -> TokenStream {
    parsed(input, expand::element)
}

fn parsed(input: TokenStream, expand: fn(&DeriveInput) -> TokenStream2) -> TokenStream {
    match syn::parse2(editions::readable(input.into())) {
        Ok(input) => expand(&input).into(),
        Err(error) => errors::unreadable(error).into(),
    }
}
