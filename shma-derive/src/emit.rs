//! Tokens out of a declaration that keeps the rules.
//!
//! In them `__private` is the library's module for generated code. Names begin with two
//! underscores, since a constant of the user's with the same name would take their place.

mod asserts;
mod docs;
mod element;
pub mod fallback;
mod fields;
mod generics;
mod lints;
mod manifest;
mod visit;
mod witness;

use proc_macro2::TokenStream;
use quote::quote;

use crate::model::Declaration;

pub use element::element;

/// The mirror of a state, and what the library has to know of it.
pub fn state(state: &Declaration<'_>) -> TokenStream {
    let mirror = fields::mirror(state);
    let types = asserts::types_of_state(state);
    let witness = witness::of_state(state);
    let declaration = manifest::declaration(state);
    let methods = visit::methods(state);
    let uniform = visit::uniform(state);
    let layout = asserts::layout_of_state(state);

    let ident = &state.ident;
    let (parameters, arguments, predicates) =
        (state.parameters(), state.arguments(), state.predicates());
    let items = quote! {
        #types
        #witness
        #[automatically_derived]
        unsafe impl<#parameters> __private::State for #ident<#arguments>
        where
            [(); __CHECKED]: __private::core::marker::Sized,
            #predicates
        {
            #declaration
            #methods
        }
        #uniform
        #layout
    };
    let items = in_private_scope(state, &items);
    let aliases = fields::type_aliases(state);
    quote!(#aliases #mirror #items)
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

#[cfg(test)]
mod tests {
    use quote::format_ident;
    use syn::{DeriveInput, parse_quote};

    fn expanded(declaration: &DeriveInput) -> String {
        crate::expand::state(declaration).to_string()
    }

    /// The generated documentation repeats the words of the declaration.
    #[test]
    fn the_mirror_has_the_docs_of_the_declaration() {
        let text = expanded(&parse_quote! {
            struct Model {
                /// Row by row.
                pub weights: [[f32; 784]; 128],
                pub(crate) step: u64,
            }
        });
        let mut rest = &text[text.find("struct __FieldsOfModel").unwrap()..];
        for part in
            ["Row by row.", "pub r#weights : F", "The field `step`.", "pub (crate) r#step : F"]
        {
            let at = rest.find(part).unwrap_or_else(|| panic!("no {part} in its place in {text}"));
            rest = &rest[at..];
        }
    }

    /// No tool that looks at regions shows a longer one.
    #[test]
    fn a_name_is_too_long() {
        let long = "x".repeat(4097);
        let (state, field) = (format_ident!("{long}"), format_ident!("{long}"));
        let texts = [
            expanded(&parse_quote!(struct #state { step: u64 })),
            expanded(&parse_quote!(
                #[shm(name = #long)]
                struct Model {
                    step: u64,
                }
            )),
            expanded(&parse_quote!(struct Model { #field: u64 })),
            expanded(&parse_quote!(
                struct Model {
                    #[shm(name = #long)]
                    step: u64,
                }
            )),
            crate::expand::element(&parse_quote!(#[repr(C)] struct #state { x: f32 })).to_string(),
        ];
        for text in texts {
            assert!(text.contains("at most 4096 bytes, and this one has 4097"), "{text:.300}");
        }
    }

    /// A crate that only re-exports the library has it under no other path; neither what is right
    /// nor what stands beside errors may name another.
    #[test]
    fn only_the_given_path_leads_to_the_library() {
        let right = parse_quote! {
            #[shm(crate = crate::reexported::store)]
            struct Model<const N: usize> {
                #[shm(atomic)]
                hits: [u64; N],
                weights: [f32; N],
            }
        };
        let wrong = parse_quote! {
            #[shm(crate = crate::reexported::store)]
            struct Model {
                hits: [u64; 3],
                weights: Vec<f32>,
            }
        };
        for declaration in [right, wrong] {
            let text = expanded(&declaration);
            assert!(text.contains("crate :: reexported :: store :: private"), "{text}");
            assert!(!text.contains("shma_core"), "{text}");
        }
    }
}
