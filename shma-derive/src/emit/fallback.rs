//! What stands beside the errors of a declaration, so that the code that uses it is checked as if
//! it were right.
//!
//! The errors are the value of a constant. A type whose array length is that constant is an error
//! type, about which the compiler says nothing more, and so is a projection of it; `compile_error!`
//! in the place of a type would stand for `()`, and every use would be one more error. A bound on
//! such a type keeps the compiler silent about the whole implementation.

use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

use crate::emit::{fields, in_private_scope};
use crate::errors::{Errors, Place};
use crate::model::Declaration;

/// The errors, and a state that nothing more is said about.
pub fn state(state: &Declaration<'_>, errors: &Errors) -> TokenStream {
    let constant = constant(state);
    let private = state.private();
    let wrong = quote!(<[(); #constant] as #private::core::ops::Deref>::Target);
    let mirror = mirror(state, errors, &wrong);
    let ident = &state.ident;
    let (parameters, arguments) = (state.parameters(), state.arguments());
    let of_family = if state.fields.is_empty() {
        wrong.clone()
    } else {
        let (mirror, arguments) = (state.mirror(), state.mirror_arguments());
        quote!(#mirror<__F, #arguments>)
    };
    let items = quote! {
        #[automatically_derived]
        unsafe impl<#parameters> __private::State for #ident<#arguments>
        where
            [(); #constant]: __private::core::marker::Sized,
        {
            const DECLARATION: __private::Manifest<'static> = match #constant { _ => loop {} };
            type Fields<__F: __private::Family> = #of_family;
            fn build<__F: __private::Family, __B: __private::Build<__F>>(
                _: &mut __B,
            ) -> Self::Fields<__F> {
                loop {}
            }
            fn refs(_: &Self) -> Self::Fields<__private::Refs<'_>> {
                loop {}
            }
            fn values(_: &mut Self) -> Self::Fields<__private::Values<'_>> {
                loop {}
            }
            fn zip<
                '__h,
                __H: __private::Family,
                __V: __private::Family,
                __Z: __private::Zip<'__h, __H, __V>,
            >(
                _: &'__h Self::Fields<__H>,
                _: Self::Fields<__V>,
                _: &mut __Z,
            ) -> Self::Fields<__Z::Out> {
                loop {}
            }
        }
        #[automatically_derived]
        impl<#parameters> __private::Uniform<#wrong> for #ident<#arguments>
        where
            [(); #constant]: __private::core::marker::Sized,
        {
            fn merge<
                '__h,
                __H: __private::Family,
                __V: __private::Family,
                __M: __private::Merge<'__h, #wrong, __H, __V>,
            >(
                _: &'__h Self::Fields<__H>,
                _: Self::Fields<__V>,
                _: &mut __M,
            ) {
                loop {}
            }
        }
    };
    let items = in_private_scope(state, &items);
    let aliases = fields::type_aliases(state);
    quote! {
        const #constant: usize = { #errors };
        #aliases
        #mirror
        #items
    }
}

/// The errors, and an element that nothing more is said about.
pub fn element(element: &Declaration<'_>, errors: &Errors) -> TokenStream {
    let constant = constant(element);
    let ident = &element.ident;
    let (parameters, arguments) = (element.parameters(), element.arguments());
    let items = quote! {
        #[automatically_derived]
        unsafe impl<#parameters> __private::Element for #ident<#arguments>
        where
            [(); #constant]: __private::core::marker::Sized,
        {
            type Scalar = Self;
            const TYPE: &'static __private::ElementType<'static> = match #constant { _ => loop {} };
        }
        #[automatically_derived]
        impl<#parameters> __private::OfScalar<Self> for #ident<#arguments>
        where
            [(); #constant]: __private::core::marker::Sized,
        {}
    };
    let items = in_private_scope(element, &items);
    quote! {
        const #constant: usize = { #errors };
        #items
    }
}

/// The mirror, in which the wrong fields are of the wrong type. A parameter that should not be there
/// makes all of them wrong.
fn mirror(state: &Declaration<'_>, errors: &Errors, wrong: &TokenStream) -> TokenStream {
    if state.fields.is_empty() {
        return TokenStream::new();
    }
    let generics = &state.original.generics;
    let all = generics.lifetimes().next().is_some() || generics.type_params().next().is_some();
    let family = state.family();
    let fields = state.fields.iter().map(|field| {
        if all || errors.concern(Place::Field(field.index)) {
            fields::of_type(state, field, wrong)
        } else {
            fields::of_type(state, field, &fields::in_family(&family, field))
        }
    });
    let (name, private, parameters) = (state.mirror(), state.private(), state.mirror_parameters());
    let visibility = &state.original.vis;
    let alias = fields::alias(state, &family);
    quote! {
        #alias
        #visibility struct #name<#family: #private::Family, #parameters> {
            #(#fields)*
            __family: #private::core::marker::PhantomData<#family>,
        }
    }
}

fn constant(declaration: &Declaration<'_>) -> Ident {
    format_ident!("__ERRORS_IN_{}", declaration.ident)
}
