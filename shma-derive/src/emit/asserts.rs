//! What generated code takes for granted, asserted at compile time.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
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
            #(let _: ::core::option::Option<#types>;)*
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
            let __sizes = [#(::core::mem::size_of::<#types>()),*];
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

/// `__CHECKED` for an element: the struct is `Pod` and its fields are elements.
///
/// Whether it is `Pod` is asked in a way that has an answer: a constant of the type itself, which
/// only a `Pod` has, hides the one of the trait. So the answer can be put into words.
pub fn types_of_element(element: &Declaration<'_>) -> TokenStream {
    let ident = &element.ident;
    let message = format!(
        "an element is `Pod`, and `{}` is not; write \
         `#[derive(Clone, Copy, Pod, Zeroable, ShmElement)]` above it, with `Pod` and `Zeroable` \
         of `bytemuck`, or of `shma_core::bytemuck` and \
         `#[bytemuck(crate = \"shma_core::bytemuck\")]`",
        element.original.ident
    );
    let is_pod = quote_spanned! {ident.span()=>
        ::core::assert!(<__Ask<#ident>>::IS_POD, #message);
    };
    let elements = element.fields.iter().map(|field| {
        let ty = &field.ty;
        let (first, last) = field.ends();
        let open = quote_spanned!(first=> <);
        let scalar = quote_spanned!(last=> #open #ty as __private::Element>::Scalar);
        quote!(let _: ::core::option::Option<#scalar>;)
    });
    let lengths = lengths(element);
    quote! {
        trait __Otherwise {
            const IS_POD: bool = false;
        }
        impl<__T> __Otherwise for __T {}
        struct __Ask<__T>(__T);
        impl<__T: __private::Pod> __Ask<__T> {
            const IS_POD: bool = true;
        }
        const __CHECKED: usize = {
            #(#elements)*
            #lengths
            #is_pod
            0
        };
    }
}

/// That the fields leave no gap between them.
pub fn layout_of_element(element: &Declaration<'_>) -> TokenStream {
    let ident = &element.ident;
    let types = element.fields.iter().map(|field| &field.ty);
    let message = "the fields of an element leave no gap between them; write the missing bytes as \
                   fields, such as `gap: [u8; 3]`";
    quote_spanned! {ident.span()=>
        const _: () = ::core::assert!(
            ::core::mem::size_of::<#ident>() == 0 #(+ ::core::mem::size_of::<#types>())*,
            #message
        );
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
        quote_spanned!(length.span()=> ::core::assert!(#positive, #message);)
    });
    asserts.collect()
}
