//! The levels of lints, which have to hold for whatever repeats a type of the declaration.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Meta};

use crate::attr;
use crate::model::{Declaration, Field};

/// The levels that the struct sets.
pub fn of_struct(declared: &Declaration<'_>) -> Vec<TokenStream> {
    declared.original.attrs.iter().filter_map(level).collect()
}

/// The levels that a field sets.
pub fn of_field(field: &Field<'_>) -> Vec<TokenStream> {
    field.original.attrs.iter().filter_map(level).collect()
}

/// The levels that the struct sets, and what any field allows.
pub fn of_all(declared: &Declaration<'_>) -> Vec<TokenStream> {
    let fields = declared.fields.iter().flat_map(|field| &field.original.attrs);
    let allowed = fields.filter(|attr| attr::is(attr, "allow") || attr::is(attr, "expect"));
    declared.original.attrs.iter().chain(allowed).filter_map(level).collect()
}

/// The attribute as it is repeated. What is expected is expected once only.
fn level(attr: &Attribute) -> Option<TokenStream> {
    let Meta::List(list) = &attr.meta else { return None };
    let lints = &list.tokens;
    if attr::is(attr, "expect") {
        return Some(quote!(#[allow(#lints)]));
    }
    let levels = ["allow", "warn", "deny", "forbid"];
    levels.iter().any(|level| attr::is(attr, level)).then(|| quote!(#attr))
}
