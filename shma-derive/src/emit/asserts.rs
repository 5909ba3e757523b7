//! What generated code takes for granted, asserted at compile time.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};

use crate::emit::fields;
use crate::model::{Declaration, Field};

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
    let elements = state.fields.iter().map(element);
    quote! {
        const fn __check<__F: __private::Family, #parameters>() -> usize {
            #(let _: ::core::option::Option<#types>;)*
            #(let _ = #elements;)*
            0
        }
        const __CHECKED: usize = __check::<__private::Refs<'static>, #samples>();
    }
}

/// The pinned fingerprint; and, where there are no parameters, that the declaration names all
/// bytes of all fields, each field behind the one before.
pub fn layout_of_state(state: &Declaration<'_>) -> TokenStream {
    if state.is_generic() {
        return TokenStream::new();
    }
    let ident = &state.ident;
    let count = state.fields.len();
    let sizes = state.fields.iter().map(|field| {
        let (index, ty) = (field.index, &field.ty);
        quote!(__DECLARED.fields[#index].size == ::core::mem::size_of::<#ty>())
    });
    let offsets = (1..count).map(|index| {
        let before = index - 1;
        quote!(__DECLARED.fields[#before].offset < __DECLARED.fields[#index].offset)
    });
    let pinned = state.attrs.fingerprint.iter().map(|pinned| {
        let span = Span::call_site().located_at(pinned.value.span());
        let value = &pinned.value;
        quote_spanned!(span=> const _: () = __private::check_pin(__DECLARED.fingerprint(), #value);)
    });
    quote! {
        const __DECLARED: __private::Manifest = <#ident as __private::State>::DECLARATION;
        __private::const_assert_eq!(__DECLARED.fields.len(), #count);
        __private::const_assert!(true #(&& #sizes)* #(&& #offsets)*);
        #(#pinned)*
    }
}

/// `__CHECKED` for an element: the struct is `Pod` and its fields are elements.
pub fn types_of_element(element: &Declaration<'_>) -> TokenStream {
    let ident = &element.ident;
    let is_pod = quote_spanned!(ident.span()=> <#ident as __Pod>::IS_POD);
    let elements = element.fields.iter().map(self::element);
    quote! {
        const __CHECKED: usize = {
            #[diagnostic::on_unimplemented(
                message = "an element is `Pod`, and `{Self}` is not",
                label = "write `#[derive(Clone, Copy, Pod, Zeroable, ShmElement)]` above it",
                note = "`Pod` and `Zeroable` are in `shma_core::bytemuck`; without `bytemuck` among your dependencies write `#[bytemuck(crate = \"shma_core::bytemuck\")]`, too"
            )]
            trait __Pod {
                const IS_POD: () = ();
            }
            #[diagnostic::do_not_recommend]
            impl<__T: __private::Pod> __Pod for __T {}
            #is_pod;
            #(let _ = #elements;)*
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

/// What only an element has.
fn element(field: &Field<'_>) -> TokenStream {
    let ty = &field.ty;
    let (first, last) = field.ends();
    let open = quote_spanned!(first=> <);
    quote_spanned!(last=> #open #ty as __private::Element>::TYPE)
}
