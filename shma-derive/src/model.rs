//! A declaration in the crate's own nouns.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, Data, DeriveInput, Expr, Fields, Type};

use crate::attr::{self, FieldAttrs, StructAttrs};
use crate::editions::raw;
use crate::errors::Errors;
use crate::self_type::without_self;

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
    /// If a macro is in the type: the alias that `ty` names. A macro may expand to another type each
    /// time, so it is expanded here once, and what holds of the alias holds of all that is generated.
    pub alias: Option<Alias>,
    /// What the arrays of the type consist of; the type itself, if it is no array.
    pub scalar: TokenStream,
    /// The lengths of those arrays, as far as they are no literals.
    pub lengths: Vec<TokenStream>,
    /// Nothing in an element.
    pub attrs: FieldAttrs,
}

/// A name for the type of a field.
pub struct Alias {
    pub ident: Ident,
    /// The type that it names.
    pub ty: TokenStream,
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
        let ident = generated(&original.ident);
        let (_, arguments, _) = original.generics.split_for_impl();
        let this = quote!(#ident #arguments);
        let outside = |tokens: &dyn ToTokens| without_self(tokens.to_token_stream(), &this);
        let fields = named_fields(&original.data).enumerate().map(|(index, (name, field))| {
            let (lengths, scalar) = shape(&field.ty);
            let named = lengths.iter().filter(|length| !matches!(length, Expr::Lit(_)));
            let lengths = named.map(|length| outside(length));
            let ty = outside(&field.ty);
            let (alias, ty, scalar) = if has_macro(ty.clone()) {
                let ident = format_ident!("__TypeOf{}{index}", original.ident.unraw());
                let span = Span::call_site().located_at(field.ty.span());
                let ident = Ident::new(&ident.to_string(), span);
                let named = quote!(#ident #arguments);
                (Some(Alias { ident, ty }), named.clone(), named)
            } else {
                (None, ty, outside(scalar))
            };
            Field {
                index,
                original: field,
                ident: generated(name),
                ty,
                alias,
                scalar,
                lengths: lengths.filter(|length| !has_macro(length.clone())).collect(),
                attrs: field_attrs(index, &field.attrs),
            }
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

    /// The name of the mirror in generated code. If the module has a `ModelFields` of its own, only
    /// the [alias](Self::mirror_alias) collides with it, and that is the one error.
    pub fn mirror(&self) -> Ident {
        format_ident!("__FieldsOf{}", self.ident, span = self.ident.span())
    }

    /// The name of the mirror for users: `ModelFields` for `Model`, unless the declaration has
    /// another.
    pub fn mirror_alias(&self) -> Ident {
        match &self.attrs.fields {
            Some(fields) if fields.value != self.ident => fields.value.clone(),
            _ => format_ident!("{}Fields", self.ident, span = self.ident.span()),
        }
    }

    /// Whether the layout depends on parameters.
    pub fn is_generic(&self) -> bool {
        !self.original.generics.params.is_empty()
    }
}

impl Field<'_> {
    /// Its name as the manifest has it.
    pub fn name(&self) -> String {
        match &self.attrs.name {
            Some(name) => name.value.value(),
            None => self.ident.unraw().to_string(),
        }
    }

    /// Where the type begins and ends.
    pub fn ends(&self) -> (Span, Span) {
        let mut spans = self.ty.clone().into_iter().map(|token| token.span());
        let first = spans.next().unwrap_or(Span::call_site());
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
fn generated(ident: &Ident) -> Ident {
    raw(ident, Span::call_site().located_at(ident.span()))
}

/// Whether a macro may be called in these tokens.
fn has_macro(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Punct(punct) => punct.as_char() == '!',
        TokenTree::Group(group) => has_macro(group.stream()),
        TokenTree::Ident(_) | TokenTree::Literal(_) => false,
    })
}

/// The lengths of an array, outermost first, and what it consists of.
pub fn shape(ty: &Type) -> (Vec<&Expr>, &Type) {
    let mut lengths = Vec::new();
    let mut ty = ty;
    loop {
        ty = match ty {
            Type::Array(array) => {
                lengths.push(&array.len);
                &array.elem
            }
            Type::Group(group) => &group.elem,
            Type::Paren(paren) => &paren.elem,
            scalar => return (lengths, scalar),
        };
    }
}
