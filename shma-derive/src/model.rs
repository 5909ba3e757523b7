//! A declaration in the crate's own nouns.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, Data, DeriveInput, Fields, Type};

use crate::attr::{self, FieldAttrs, StructAttrs};
use crate::errors::Errors;
use crate::generics;

/// What stands under a `#[derive(ShmState)]` or `#[derive(ShmElement)]`.
pub struct Declaration<'a> {
    pub original: &'a DeriveInput,
    pub ident: Ident,
    pub attrs: StructAttrs,
    /// Empty, when it is no struct with named fields.
    pub fields: Vec<Field<'a>>,
}

/// A named field.
pub struct Field<'a> {
    pub index: usize,
    pub original: &'a syn::Field,
    pub ident: Ident,
    /// Its type as it is written outside of the struct.
    pub ty: TokenStream,
    /// What the arrays of the type consist of; the type itself, if it is no array.
    pub scalar: TokenStream,
    /// Where generated code is placed in which the type may be wrong.
    pub span: Span,
    /// Nothing in an element.
    pub attrs: FieldAttrs,
}

impl<'a> Declaration<'a> {
    /// Reads the struct of a state.
    pub fn of_state(original: &'a DeriveInput, errors: &mut Errors) -> Self {
        let attrs = attr::on_state(&original.attrs, errors);
        Self::read(original, attrs, |index, attrs| attr::on_state_field(index, attrs, errors))
    }

    /// Reads the struct of an element.
    pub fn of_element(original: &'a DeriveInput, errors: &mut Errors) -> Self {
        let attrs = attr::on_element(&original.attrs, errors);
        Self::read(original, attrs, |index, attrs| {
            attr::on_element_field(index, attrs, errors);
            FieldAttrs::default()
        })
    }

    fn read(
        original: &'a DeriveInput,
        attrs: StructAttrs,
        mut field_attrs: impl FnMut(usize, &[Attribute]) -> FieldAttrs,
    ) -> Self {
        let ident = generated(&original.ident, original.ident.span());
        let (_, arguments, _) = original.generics.split_for_impl();
        let this = quote!(#ident #arguments);
        let fields = named_fields(&original.data).enumerate().map(|(index, (name, field))| Field {
            index,
            original: field,
            ident: generated(name, name.span()),
            ty: generics::without_self(field.ty.to_token_stream(), &this),
            scalar: generics::without_self(scalar(&field.ty).to_token_stream(), &this),
            span: located(field.ty.span()),
            attrs: field_attrs(index, &field.attrs),
        });
        Self { fields: fields.collect(), original, ident, attrs }
    }

    /// The declared name.
    pub fn name(&self) -> String {
        match &self.attrs.name {
            Some(name) => name.value.value(),
            None => self.original.ident.unraw().to_string(),
        }
    }

    /// Where the library keeps what generated code needs.
    pub fn private(&self) -> TokenStream {
        match &self.attrs.krate {
            Some(krate) => {
                let krate = &krate.value;
                quote!(#krate::private)
            }
            None => quote!(::shma_core::private),
        }
    }

    /// The name of the mirror: `ModelFields` for `Model`.
    pub fn mirror(&self) -> Ident {
        format_ident!("{}Fields", self.ident, span = self.ident.span())
    }

    /// Whether the layout depends on parameters.
    pub fn is_generic(&self) -> bool {
        !self.original.generics.params.is_empty()
    }
}

impl Field<'_> {
    /// Its name as the manifest has it.
    pub fn name(&self) -> String {
        self.ident.unraw().to_string()
    }

    /// The name at the place of the type, for expressions in which the type is what may be wrong.
    pub fn ident(&self) -> Ident {
        let mut ident = self.ident.clone();
        ident.set_span(self.span);
        ident
    }

    /// Where the type begins and ends.
    pub fn ends(&self) -> (Span, Span) {
        let mut spans = self.ty.clone().into_iter().map(|token| token.span());
        let first = spans.next().unwrap_or(self.span);
        (first, spans.last().unwrap_or(first))
    }

    /// Whether element-wise operations on the whole state go over it.
    pub fn merges(&self) -> bool {
        self.attrs.no_merge.is_none() && self.attrs.atomic.is_none()
    }
}

fn named_fields(data: &Data) -> impl Iterator<Item = (&Ident, &syn::Field)> {
    let fields = match data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => Some(&fields.named),
            Fields::Unnamed(_) | Fields::Unit => None,
        },
        Data::Enum(_) | Data::Union(_) => None,
    };
    fields.into_iter().flatten().filter_map(|field| Some((field.ident.as_ref()?, field)))
}

/// The same name as a name of generated code, so that lints about the declaration are not repeated
/// for what is generated from it.
fn generated(ident: &Ident, span: Span) -> Ident {
    let mut ident = ident.clone();
    ident.set_span(located(span));
    ident
}

fn located(at: Span) -> Span {
    Span::call_site().located_at(at)
}

/// What an array consists of, through arrays of any depth.
pub fn scalar(ty: &Type) -> &Type {
    match ty {
        Type::Array(array) => scalar(&array.elem),
        Type::Group(group) => scalar(&group.elem),
        Type::Paren(paren) => scalar(&paren.elem),
        scalar => scalar,
    }
}
