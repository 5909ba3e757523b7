//! The manifest as a constant.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};

use crate::model::{Declaration, Field};

/// `State::DECLARATION`.
pub fn declaration(state: &Declaration<'_>) -> TokenStream {
    let name = state.name();
    let specs = state.fields.iter().map(spec);
    // A limit that is exceeded is shown at the struct.
    let manifest = quote_spanned! {state.ident.span()=>
        __private::Manifest::new(#name, &__private::lay_out([#(#specs),*]))
    };
    let former = former_names(state);
    quote! {
        #former
        const DECLARATION: __private::Manifest<'static> = {
            let _: [(); __CHECKED] = [];
            #manifest
        };
    }
}

/// `State::FORMER`, where a field has a former name.
fn former_names(state: &Declaration<'_>) -> Option<TokenStream> {
    state.fields.iter().any(|field| field.attrs.was.is_some()).then(|| {
        let names = state.fields.iter().map(|field| match &field.attrs.was {
            Some(was) => {
                let name = was.value.value();
                quote!(__private::core::option::Option::Some(#name))
            }
            None => quote!(__private::core::option::Option::None),
        });
        quote! {
            const FORMER: &'static [__private::core::option::Option<&'static str>] = &[#(#names),*];
        }
    })
}

fn spec(field: &Field<'_>) -> TokenStream {
    let (name, ty) = (field.name(), &field.ty);
    let attrs = &field.attrs;
    let slots = attrs.slots.iter().map(|slots| {
        let slots = &slots.value;
        quote!(.slots(#slots))
    });
    let timed = attrs.timed.iter().map(|_| quote!(.timed()));
    let atomic = attrs.atomic.iter().map(|_| quote!(.atomic()));
    let spec = quote_spanned!(field.ident.span()=> __private::FieldSpec::of::<#ty>(#name));
    quote!(#spec #(#slots)* #(#timed)* #(#atomic)*)
}
