//! Tokens out of a declaration that keeps the rules.
//!
//! In them `__private` is the library's module for generated code. Names begin with two
//! underscores, since a constant of the user's with the same name would take their place.

mod asserts;
mod element;
pub mod fallback;
mod fields;
mod lints;
mod manifest;
mod visit;

use proc_macro2::TokenStream;
use quote::quote;

use crate::model::Declaration;

pub use element::element;

/// The mirror of a state, and what the library has to know of it.
pub fn state(state: &Declaration<'_>) -> TokenStream {
    let mirror = fields::mirror(state);
    let types = asserts::types_of_state(state);
    let declaration = manifest::declaration(state);
    let methods = visit::methods(state);
    let uniform = visit::uniform(state);
    let layout = asserts::layout_of_state(state);

    let ident = &state.ident;
    let (parameters, arguments, predicates) =
        (state.parameters(), state.arguments(), state.predicates());
    let items = quote! {
        #types
        #[automatically_derived]
        unsafe impl<#parameters> __private::State for #ident<#arguments>
        where
            [(); __CHECKED]: ::core::marker::Sized,
            #predicates
        {
            #declaration
            #methods
        }
        #uniform
        #layout
    };
    let items = in_private_scope(state, &items);
    quote!(#mirror #items)
}

/// Items that are not seen outside.
fn in_private_scope(declaration: &Declaration<'_>, items: &TokenStream) -> TokenStream {
    let private = declaration.private();
    let levels = lints::of_all(declaration);
    quote! {
        #(#levels)*
        const _: () = {
            use #private as __private;
            #items
        };
    }
}
