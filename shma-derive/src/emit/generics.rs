//! The parameters of a declaration, as generated items repeat them.

use std::collections::BTreeSet;

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote};
use syn::ext::IdentExt;
use syn::{ConstParam, GenericParam, TypeParam};

use crate::model::Declaration;
use crate::self_type::without_self;

/// Each list ends in a comma, unless it is empty. Lifetimes and type parameters occur beside errors
/// only.
impl Declaration<'_> {
    /// The parameters with their bounds and without defaults. Lifetimes are left out.
    pub fn parameters(&self) -> TokenStream {
        let types = self
            .original
            .generics
            .type_params()
            .map(|TypeParam { ident, bounds, .. }| quote!(#ident: 'static + #bounds,));
        let consts = self
            .original
            .generics
            .const_params()
            .map(|ConstParam { ident, ty, .. }| quote!(const #ident: #ty,));
        types.chain(consts).collect()
    }

    /// What stands in angle brackets behind the struct. Lifetimes are filled in.
    pub fn arguments(&self) -> TokenStream {
        let arguments = self.original.generics.params.iter().map(|parameter| match parameter {
            GenericParam::Lifetime(_) => quote!('static,),
            GenericParam::Type(TypeParam { ident, .. }) => quote!(#ident,),
            GenericParam::Const(ConstParam { ident, .. }) => quote!(#ident,),
        });
        arguments.collect()
    }

    /// The parameters of the mirror behind the family, with their defaults.
    pub fn mirror_parameters(&self) -> TokenStream {
        let consts = self.original.generics.const_params();
        consts.map(|parameter| quote!(#parameter,)).collect()
    }

    /// What stands in angle brackets behind the mirror and the family.
    pub fn mirror_arguments(&self) -> TokenStream {
        let consts = self.original.generics.const_params();
        consts.map(|ConstParam { ident, .. }| quote!(#ident,)).collect()
    }

    /// Some value for each parameter, if any value will do.
    pub fn samples(&self) -> Option<TokenStream> {
        if self.original.generics.where_clause.is_some() {
            return None;
        }
        let samples = self.original.generics.const_params().map(|ConstParam { ty, .. }| {
            match ty.to_token_stream().to_string().trim_start_matches("r#") {
                "bool" => Some(quote!(true,)),
                "char" => Some(quote!('1',)),
                "usize" | "u8" | "u16" | "u32" | "u64" | "u128" => Some(quote!(1,)),
                "isize" | "i8" | "i16" | "i32" | "i64" | "i128" => Some(quote!(1,)),
                _ => None,
            }
        });
        samples.collect()
    }

    /// The predicates of the where clause, as they are written outside of the struct.
    pub fn predicates(&self) -> TokenStream {
        let clause = self.original.generics.where_clause.iter();
        let predicates: TokenStream = clause
            .flat_map(|clause| &clause.predicates)
            .map(|predicate| quote!(#predicate,))
            .collect();
        let (ident, arguments) = (&self.ident, self.arguments());
        without_self(predicates, &quote!(#ident<#arguments>))
    }

    /// The name of the mirror's first parameter, the family: `F`, if the declaration does not use
    /// that for something else.
    pub fn family(&self) -> Ident {
        let mut taken = BTreeSet::new();
        for field in &self.fields {
            collect_idents(field.ty.clone(), &mut taken);
        }
        collect_idents(self.original.generics.to_token_stream(), &mut taken);
        collect_idents(self.predicates(), &mut taken);
        let mut name = "F".to_owned();
        while taken.contains(&name) {
            name.push('_');
        }
        format_ident!("{name}", span = Span::call_site())
    }
}

fn collect_idents(tokens: TokenStream, found: &mut BTreeSet<String>) {
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => {
                found.insert(ident.unraw().to_string());
            }
            TokenTree::Group(group) => collect_idents(group.stream(), found),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}
