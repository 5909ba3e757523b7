//! Going over the fields: one expression for each field, and no more.
//!
//! Errors are passed on by hand: `?` goes through traits, each of which the compiler would solve for
//! each field, and that takes it longer than all the rest of the expression.

use std::collections::BTreeSet;

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;

use crate::model::{Declaration, Field};

/// The methods of `State`, with the mirror as its `Fields`.
pub fn methods(state: &Declaration<'_>) -> TokenStream {
    let (mirror, arguments) = (state.mirror(), state.mirror_arguments());
    let built = over(state, |field| {
        let (index, visit) = (field.index, visitor(field));
        quote!(__private::Build::#visit(__builder, #index))
    });
    let shared = over(state, |field| {
        let ident = &field.ident;
        quote!(&__state.#ident)
    });
    let exclusive = over(state, |field| {
        let ident = &field.ident;
        quote!(&mut __state.#ident)
    });
    let zipped = over(state, |field| {
        let (index, visit, ident) = (field.index, visitor(field), &field.ident);
        quote!(__private::Zip::#visit(__zip, #index, &__handles.#ident, __views.#ident))
    });
    quote! {
        type Fields<__F: __private::Family> = #mirror<__F, #arguments>;

        fn build<__F: __private::Family, __B: __private::Build<__F>>(
            __builder: &mut __B,
        ) -> #mirror<__F, #arguments> {
            #mirror { #built }
        }

        fn refs(__state: &Self) -> #mirror<__private::Refs<'_>, #arguments> {
            #mirror { #shared }
        }

        fn values(__state: &mut Self) -> #mirror<__private::Values<'_>, #arguments> {
            #mirror { #exclusive }
        }

        fn zip<
            '__h,
            __H: __private::Family,
            __V: __private::Family,
            __Z: __private::Zip<'__h, __H, __V>,
        >(
            __handles: &'__h #mirror<__H, #arguments>,
            __views: #mirror<__V, #arguments>,
            __zip: &mut __Z,
        ) -> #mirror<__Z::Out, #arguments> {
            #mirror { #zipped }
        }
    }
}

/// `Uniform`, if any field takes part in element-wise operations on the whole state. With none its
/// scalar could not be inferred.
pub fn uniform(state: &Declaration<'_>) -> TokenStream {
    let merged: Vec<_> = state.fields.iter().filter(|field| field.merges()).collect();
    if merged.is_empty() {
        return TokenStream::new();
    }
    let (ident, mirror, mirror_arguments) =
        (&state.ident, state.mirror(), state.mirror_arguments());
    let (parameters, arguments, predicates) =
        (state.parameters(), state.arguments(), state.predicates());
    // The scalars and not the types, so that all of them are equally deep: the compiler then infers
    // `__E` from the first field, not from the one that is nested least. Each scalar once: the
    // compiler's work grows with the square of the bounds.
    let mut seen = BTreeSet::new();
    let scalars = merged.iter().map(|field| &field.scalar);
    let bounds = scalars.filter(|scalar| seen.insert(scalar.to_string())).map(|scalar| {
        // Bound over a lifetime, so that the compiler leaves it to `__CHECKED` to find that a scalar
        // is no element.
        let bound = quote_spanned!(scalar.span()=> #scalar: __private::OfScalar<__E>);
        quote!(for<'__any> #bound)
    });
    let visits = merged.iter().map(|field| {
        let (index, ident) = (field.index, &field.ident);
        quote!(__private::Merge::field(__merge, #index, &__handles.#ident, __views.#ident);)
    });
    quote! {
        #[automatically_derived]
        impl<__E: __private::Element, #parameters> __private::Uniform<__E> for #ident<#arguments>
        where
            #(#bounds,)*
            [(); __CHECKED]: __private::core::marker::Sized,
            #predicates
        {
            fn merge<
                '__h,
                __H: __private::Family,
                __V: __private::Family,
                __M: __private::Merge<'__h, __E, __H, __V>,
            >(
                __handles: &'__h #mirror<__H, #mirror_arguments>,
                __views: #mirror<__V, #mirror_arguments>,
                __merge: &mut __M,
            ) {
                #(#visits)*
            }
        }
    }
}

/// The fields of a mirror, each with the value that `visit` gives it.
fn over(state: &Declaration<'_>, visit: impl Fn(&Field<'_>) -> TokenStream) -> TokenStream {
    let fields = state.fields.iter().map(|field| {
        let (ident, value) = (&field.ident, visit(field));
        quote!(#ident: #value,)
    });
    fields.collect()
}

/// The method of `Build` and `Zip` for a field.
fn visitor(field: &Field<'_>) -> TokenStream {
    if field.attrs.atomic.is_some() { quote!(atomic) } else { quote!(field) }
}
