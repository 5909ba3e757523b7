//! `Element` for a struct, and what it is to be.
//!
//! `Zeroable` and `Pod` ask of a struct that all its bytes belong to fields, and that any bytes are a
//! value of each field. `asserts` stops the build where a byte belongs to no field, or a field is not
//! an element, which any bytes are a value of; `witness`, where these are not the fields. The bound
//! on `Copy` of `Pod` is for the compiler to check.

use proc_macro2::TokenStream;
use quote::quote;

use crate::emit::{asserts, fields, in_private_scope, witness};
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
            __private::core::mem::offset_of!(Self, #ident),
        ))
    });
    let witness = witness::of_element(element);
    let pod = element.attrs.own_pod.is_none().then(|| {
        quote! {
            #[automatically_derived]
            unsafe impl __private::Zeroable for #ident
            where
                [(); __CHECKED]: __private::core::marker::Sized,
            {}
            #[automatically_derived]
            unsafe impl __private::Pod for #ident
            where
                [(); __CHECKED]: __private::core::marker::Sized,
            {}
        }
    });
    let items = quote! {
        #types
        #witness
        #pod
        #[automatically_derived]
        unsafe impl __private::Element for #ident
        where
            [(); __CHECKED]: __private::core::marker::Sized,
        {
            type Scalar = Self;
            const TYPE: &'static __private::ElementType<'static> = {
                let _: [(); __CHECKED] = [];
                &__private::ElementType::Struct {
                    name: #name,
                    size: __private::core::mem::size_of::<Self>(),
                    fields: &[#(#fields),*],
                }
            };
        }
        #[automatically_derived]
        impl __private::OfScalar<Self> for #ident
        where
            [(); __CHECKED]: __private::core::marker::Sized,
        {}
        #layout
    };
    let aliases = fields::type_aliases(element);
    let items = in_private_scope(element, &items);
    quote!(#aliases #items)
}
