//! The mirror: a struct with a field for each field of the state, generic over the family.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Attribute, Meta};

use crate::attr;
use crate::emit::{docs, lints};
use crate::model::{Alias, Declaration, Field};

/// The mirror of a state.
pub fn mirror(state: &Declaration<'_>) -> TokenStream {
    let family = state.family();
    let fields = state.fields.iter().map(|field| {
        let ty = in_family(&family, field);
        of_type(state, field, &ty)
    });
    with_fields(state, &family, fields.collect())
}

/// A mirror with these fields.
pub fn with_fields(state: &Declaration<'_>, family: &Ident, fields: TokenStream) -> TokenStream {
    let private = state.private();
    let original = state.original;
    let visibility = &original.vis;
    let (name, alias) = (state.mirror(), alias(state, family));
    let parameters = state.mirror_parameters();
    let predicates = state.predicates();
    let docs = docs::of_mirror(state);
    let attrs = original.attrs.iter().filter(|attr| is_deprecated(attr) || hides(attr));
    let attrs: Vec<&Attribute> = attrs.collect();
    let levels = lints::of_struct(state);
    quote! {
        #docs
        #(#attrs)*
        #(#levels)*
        #alias
        #[doc(hidden)]
        #(#attrs)*
        #(#levels)*
        #visibility struct #name<#family: #private::Family, #parameters>
        where
            #predicates
        {
            #fields
        }
    }
}

/// The mirror's name for users.
pub fn alias(state: &Declaration<'_>, family: &Ident) -> TokenStream {
    let visibility = &state.original.vis;
    let (name, alias) = (state.mirror(), state.mirror_alias());
    let (parameters, arguments) = (state.mirror_parameters(), state.mirror_arguments());
    quote!(#visibility type #alias<#family, #parameters> = #name<#family, #arguments>;)
}

/// The aliases of types with macros, each of which is expanded there and nowhere else.
pub fn type_aliases(declared: &Declaration<'_>) -> TokenStream {
    let parameters = declared.parameters();
    let aliases = declared.fields.iter().filter_map(|field| field.alias.as_ref());
    let aliases = aliases.map(|Alias { ident, ty }| {
        quote! {
            #[doc(hidden)]
            type #ident<#parameters> = #ty;
        }
    });
    aliases.collect()
}

/// A field of the mirror, of this type, with name, visibility and docs of the state's field.
pub fn of_type(state: &Declaration<'_>, field: &Field<'_>, ty: &TokenStream) -> TokenStream {
    let docs = docs::of_field(state, field);
    let attrs = field.original.attrs.iter().filter(|attr| is_deprecated(attr));
    let levels = lints::of_field(field);
    let visibility = &field.original.vis;
    let ident = &field.ident;
    quote! {
        #docs
        #(#attrs)*
        #(#levels)*
        #visibility #ident: #ty,
    }
}

/// The type that represents a field in the family. It is placed where the field's type is, as that
/// is what may be wrong with it.
pub fn in_family(family: &Ident, field: &Field<'_>) -> TokenStream {
    let ty = &field.ty;
    let (first, last) = field.ends();
    let family = Ident::new(&family.to_string(), first);
    let associated = if field.attrs.atomic.is_some() { "AtomicOf" } else { "Of" };
    let associated = Ident::new(associated, first);
    let close = quote_spanned!(last=> >);
    quote_spanned!(first=> #family::#associated<#ty #close)
}

fn is_deprecated(attr: &Attribute) -> bool {
    attr::is(attr, "deprecated")
}

/// `#[doc(hidden)]`.
fn hides(attr: &Attribute) -> bool {
    attr::is(attr, "doc")
        && matches!(&attr.meta, Meta::List(list) if list.tokens.to_string() == "hidden")
}
