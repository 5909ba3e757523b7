//! What generated code takes for granted, asserted at compile time.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use crate::emit::fields;
use crate::model::Declaration;

/// `__CHECKED`: a constant whose evaluation fails when a field is of a type that it may not have.
///
/// The implementations bound a type by it. If it has no value, the compiler holds that bound to be
/// the mistake and says nothing about what follows from it. The bound that breaks here breaks in
/// the mirror too, and at the same place, so that it is reported once.
pub fn types_of_state(state: &Declaration<'_>) -> TokenStream {
    let Some(samples) = state.samples() else {
        return quote!(
            const __CHECKED: usize = 0;
        );
    };
    let parameters = state.parameters();
    let family = Ident::new("__F", Span::call_site());
    let types = state.fields.iter().map(|field| fields::in_family(&family, field));
    let lengths = lengths(state);
    quote! {
        const fn __check<__F: __private::Family, #parameters>() -> usize {
            #(let _: __private::core::option::Option<#types>;)*
            0
        }
        const __CHECKED: usize = {
            #lengths
            __check::<__private::Refs<'static>, #samples>()
        };
    }
}

/// Where there are no parameters: the pinned fingerprint, and that the declaration names all bytes
/// of all fields, each field behind the one before.
pub fn layout_of_state(state: &Declaration<'_>) -> TokenStream {
    if state.is_generic() {
        return TokenStream::new();
    }
    let ident = &state.ident;
    let types = state.fields.iter().map(|field| &field.ty);
    let pinned = state.attrs.fingerprint.iter().map(|pinned| {
        let span = Span::call_site().located_at(pinned.value.span());
        let value = &pinned.value;
        quote_spanned!(span=> const _: () = __private::check_pin(__DECLARED.fingerprint(), #value);)
    });
    quote! {
        const __DECLARED: __private::Manifest<'static> = <#ident as __private::State>::DECLARATION;
        __private::const_assert!({
            let __fields = __DECLARED.fields;
            let __sizes = [#(__private::core::mem::size_of::<#types>()),*];
            let mut __agree = __fields.len() == __sizes.len();
            let mut __end = 0;
            let mut __i = 0;
            while __agree && __i < __sizes.len() {
                __agree = __fields[__i].size == __sizes[__i] && __fields[__i].offset >= __end;
                __end = __fields[__i].offset + __sizes[__i];
                __i += 1;
            }
            __agree
        });
        #(#pinned)*
    }
}

/// `__CHECKED` for an element: its fields are elements, and it is as its implementations need it.
///
/// Whether it is is asked in a way that has an answer: a constant of the type itself, which only such
/// a type has, hides the one of the trait. So the answer can be put into words.
pub fn types_of_element(element: &Declaration<'_>) -> TokenStream {
    let ident = &element.ident;
    let name = element.original.ident.unraw();
    let (bound, message) = match element.attrs.own_pod {
        None => (
            quote!(__private::core::marker::Copy),
            format!(
                "an element is copied byte by byte, and `{name}` is not `Copy`; write \
                 `#[derive(Clone, Copy, ShmElement)]` above it"
            ),
        ),
        Some(_) => (
            quote!(__private::Pod),
            format!(
                "an element is `Pod`, and `{name}` is not; remove `own_pod`, or derive `Pod` and \
                 `Zeroable` of `bytemuck` too"
            ),
        ),
    };
    let is_fit = quote_spanned! {ident.span()=>
        __private::core::assert!(<__Ask<#ident>>::IS_FIT, #message);
    };
    let elements = element.fields.iter().map(|field| {
        let ty = &field.ty;
        let (first, last) = field.ends();
        let open = quote_spanned!(first=> <);
        let scalar = quote_spanned!(last=> #open #ty as __private::Element>::Scalar);
        quote!(let _: __private::core::option::Option<#scalar>;)
    });
    let lengths = lengths(element);
    quote! {
        trait __Otherwise {
            const IS_FIT: bool = false;
        }
        impl<__T> __Otherwise for __T {}
        struct __Ask<__T>(__T);
        impl<__T: #bound> __Ask<__T> {
            const IS_FIT: bool = true;
        }
        const __CHECKED: usize = {
            #(#elements)*
            #lengths
            #is_fit
            0
        };
    }
}

/// That the fields leave no gap between them, and lie in the order of declaration.
pub fn layout_of_element(element: &Declaration<'_>) -> TokenStream {
    let ident = &element.ident;
    let types = element.fields.iter().map(|field| &field.ty);
    let places = element.fields.iter().map(|field| {
        let (ty, name) = (&field.ty, &field.ident);
        quote!((
            __private::core::mem::size_of::<#ty>(),
            __private::core::mem::offset_of!(#ident, #name),
        ))
    });
    let gap = "the fields of an element leave no gap between them; write the missing bytes as \
               fields, such as `gap: [u8; 3]`";
    let order = "the fields of an element lie in the order of declaration; a macro below \
                 `#[derive(ShmElement)]` moved one, or removed `#[repr(C)]`";
    quote_spanned! {ident.span()=>
        const _: () = {
            __private::core::assert!(
                __private::core::mem::size_of::<#ident>()
                    == 0 #(+ __private::core::mem::size_of::<#types>())*,
                #gap
            );
            let __places = [#(#places),*];
            let mut __end = 0;
            let mut __i = 0;
            while __i < __places.len() {
                let (__size, __offset) = __places[__i];
                __private::core::assert!(__offset == __end, #order);
                __end += __size;
                __i += 1;
            }
        };
    }
}

/// Statements that stop the build when an array has no elements, where that does not depend on
/// parameters.
fn lengths(declaration: &Declaration<'_>) -> TokenStream {
    if declaration.is_generic() {
        return TokenStream::new();
    }
    let message = "an array in shared memory has at least one element; write a length of 1 or \
                   more, or remove the field";
    let lengths = declaration.fields.iter().flat_map(|field| &field.lengths);
    let asserts = lengths.map(|length| {
        // A length is a `usize`, as it is where the array is declared.
        let positive = quote_spanned! {length.span()=> {
            let __length: usize = #length;
            0 < __length
        }};
        quote_spanned!(length.span()=> __private::core::assert!(#positive, #message);)
    });
    asserts.collect()
}
