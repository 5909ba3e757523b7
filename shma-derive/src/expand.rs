//! The way from a declaration to tokens: read, check, emit.

use proc_macro2::TokenStream;
use syn::DeriveInput;

use crate::errors::Errors;
use crate::model::Declaration;
use crate::{check, emit};

/// `#[derive(ShmState)]`.
pub fn state(input: &DeriveInput) -> TokenStream {
    let mut errors = Errors::default();
    let state = Declaration::of_state(input, &mut errors);
    check::state(&state, &mut errors);
    if errors.is_empty() { emit::state(&state) } else { emit::fallback::state(&state, &errors) }
}

/// `#[derive(ShmElement)]`.
pub fn element(input: &DeriveInput) -> TokenStream {
    let mut errors = Errors::default();
    let element = Declaration::of_element(input, &mut errors);
    check::element(&element, &mut errors);
    if errors.is_empty() {
        emit::element(&element)
    } else {
        emit::fallback::element(&element, &errors)
    }
}
