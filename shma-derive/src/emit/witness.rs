//! Ties the list of fields to the struct as it is.
//!
//! The derive reads tokens, and an attribute macro below it is expanded later: it may add a field,
//! remove one, or give one another type. The implementations below vouch for all fields, in `unsafe
//! impl`s that no other code of the user's has to repeat. So beside them stands a function that the
//! compiler always checks, though nothing calls it:
//!
//! - Its pattern names every field, and has no `..`: a field more or less does not build. Neither
//!   does another kind of item, since a pattern with named fields fits no tuple struct and no enum,
//!   and a union only in an `unsafe` block.
//! - The type of each field is inferred from the field alone, and has to be the one that the derive
//!   read. Nothing is coerced, since nothing is expected where the type is inferred.
//! - A state is taken by reference, which `packed` fields refuse. An element is taken apart by value:
//!   it may be packed, and it is `Copy`, so it implements no `Drop` that would forbid that.
//!
//! It has the parameters of the implementations, so it holds for every state that they are for.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote, quote_spanned};

use crate::model::{Declaration, Field};

/// The function for a state.
pub fn of_state(state: &Declaration<'_>) -> TokenStream {
    let ident = &state.ident;
    let (parameters, arguments, predicates) =
        (state.parameters(), state.arguments(), state.predicates());
    let pattern = pattern(state);
    let types = state.fields.iter().map(|field| {
        let binding = binding(field);
        has_type(field, &quote!(#binding))
    });
    quote_spanned! {ident.span()=>
        fn __is_as_read<#parameters>(__state: &#ident<#arguments>)
        where
            #predicates
        {
            let #pattern = __state;
            #(#types)*
        }
    }
}

/// The function for an element.
pub fn of_element(element: &Declaration<'_>) -> TokenStream {
    let ident = &element.ident;
    let pattern = pattern(element);
    let types = element.fields.iter().map(|field| {
        let binding = binding(field);
        has_type(field, &quote!(&#binding))
    });
    quote_spanned! {ident.span()=>
        fn __is_as_read(__element: #ident) {
            let #pattern = __element;
            #(#types)*
        }
    }
}

fn pattern(declared: &Declaration<'_>) -> TokenStream {
    let struct_name = &declared.ident;
    let names = declared.fields.iter().map(|field| &field.ident);
    let bindings = declared.fields.iter().map(binding);
    quote_spanned!(struct_name.span()=> #struct_name { #(#names: #bindings),* })
}

/// Two statements' worth in one: the receiver of a method is inferred before the method is looked up.
fn has_type(field: &Field<'_>, reference: &TokenStream) -> TokenStream {
    let ty = &field.ty;
    let (first, _) = field.ends();
    let span = proc_macro2::Span::call_site().located_at(first);
    quote_spanned!(span=> __private::declared(#reference).is::<#ty>();)
}

fn binding(field: &Field<'_>) -> Ident {
    format_ident!("__field_{}", field.index)
}
