//! The manifest as a constant.

use proc_macro2::TokenStream;
use quote::quote;

use crate::model::{Declaration, Field};

/// `State::DECLARATION`.
pub fn declaration(state: &Declaration<'_>) -> TokenStream {
    let name = state.name();
    let specs = state.fields.iter().map(spec);
    quote! {
        const DECLARATION: __private::Manifest<'static> = {
            let _: [(); __CHECKED] = [];
            __private::Manifest::new(#name, &__private::lay_out([#(#specs),*]))
        };
    }
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
    quote!(__private::FieldSpec::of::<#ty>(#name) #(#slots)* #(#timed)* #(#atomic)*)
}
