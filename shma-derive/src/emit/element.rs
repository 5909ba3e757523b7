//! `Element` for a struct.

use proc_macro2::TokenStream;
use quote::quote;

use crate::emit::{asserts, in_private_scope};
use crate::model::Declaration;

/// The struct as an element that is its own scalar.
pub fn element(element: &Declaration<'_>) -> TokenStream {
    let ident = &element.ident;
    let name = element.name();
    let types = asserts::types_of_element(element);
    let layout = asserts::layout_of_element(element);
    let fields = element.fields.iter().map(|field| {
        let (name, ident, ty) = (field.name(), &field.ident, &field.ty);
        quote!(__private::StructField::new(
            #name,
            <#ty as __private::Element>::TYPE,
            ::core::mem::offset_of!(Self, #ident),
        ))
    });
    let items = quote! {
        #types
        #[automatically_derived]
        unsafe impl __private::Element for #ident
        where
            [(); __CHECKED]: ::core::marker::Sized,
        {
            type Scalar = Self;
            const TYPE: &'static __private::ElementType<'static> = {
                let _: [(); __CHECKED] = [];
                &__private::ElementType::Struct {
                    name: #name,
                    size: ::core::mem::size_of::<Self>(),
                    fields: &[#(#fields),*],
                }
            };
        }
        #[automatically_derived]
        impl __private::OfScalar<Self> for #ident
        where
            [(); __CHECKED]: ::core::marker::Sized,
        {}
        #layout
    };
    in_private_scope(element, &items)
}
