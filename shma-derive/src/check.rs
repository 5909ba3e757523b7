//! The rules of a declaration. What the compiler finds by itself, by the bounds of the generated
//! code, is no rule here.

mod names;
mod types;

use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::punctuated::Punctuated;
use syn::{Attribute, Data, Fields, Meta, Token};

use crate::attr;
use crate::errors::{Errors, Place};
use crate::model::{Declaration, Field};

/// The rules of `#[derive(ShmState)]`.
pub fn state(state: &Declaration<'_>, errors: &mut Errors) {
    if !has_named_fields("a state", state, errors) {
        return;
    }
    has_no_lifetimes(state, errors);
    has_no_type_parameters("a state", "; const parameters are fine", state, errors);
    is_not_packed(state, errors);
    has_one_layout_if_pinned(state, errors);
    names::are_short(state, errors);
    names::differ(state, errors);
    names::were_others(state, errors);
    names::mirror_is_another(state, errors);
    for field in &state.fields {
        has_slots_only_if_published(field, errors);
        is_timed_only_if_published(field, errors);
        types::is_element(field, errors);
        types::is_atomic(field, errors);
    }
}

/// The rules of `#[derive(ShmElement)]`.
pub fn element(element: &Declaration<'_>, errors: &mut Errors) {
    if !has_named_fields("an element", element, errors) {
        return;
    }
    has_no_lifetimes(element, errors);
    has_no_type_parameters("an element", "", element, errors);
    has_no_const_parameters(element, errors);
    has_fixed_layout(element, errors);
    names::are_short(element, errors);
    for field in &element.fields {
        types::is_element(field, errors);
    }
}

fn has_named_fields(what: &str, declared: &Declaration<'_>, errors: &mut Errors) -> bool {
    let original = declared.original;
    let name = &original.ident;
    let (found, at): (_, TokenStream) = match &original.data {
        Data::Enum(data) => ("an enum", data.enum_token.to_token_stream()),
        Data::Union(data) => ("a union", data.union_token.to_token_stream()),
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) if fields.named.is_empty() => {
                ("a struct without fields", fields.to_token_stream())
            }
            Fields::Named(_) => return true,
            Fields::Unnamed(fields) => ("a tuple struct", fields.to_token_stream()),
            Fields::Unit => ("a struct without fields", name.to_token_stream()),
        },
    };
    let message = format!(
        "{what} is a struct with named fields, and this is {found}; \
         write `struct {name} {{ value: f32 }}`, with your names and types"
    );
    errors.push(Place::Struct, at, message);
    false
}

fn has_no_lifetimes(declared: &Declaration<'_>, errors: &mut Errors) {
    for lifetime in declared.original.generics.lifetimes() {
        let message = format!(
            "what lies in shared memory borrows nothing; remove `{}` and write the values \
             themselves, not references to them",
            lifetime.lifetime
        );
        errors.push(Place::Struct, lifetime, message);
    }
}

fn has_no_type_parameters(
    what: &str,
    addition: &str,
    declared: &Declaration<'_>,
    errors: &mut Errors,
) {
    for parameter in declared.original.generics.type_params() {
        let message = format!(
            "{what} has one type for each field, not a type parameter; write that type, such as \
             `f32`, in place of `{}`{addition}",
            parameter.ident
        );
        errors.push(Place::Struct, parameter, message);
    }
}

fn has_no_const_parameters(element: &Declaration<'_>, errors: &mut Errors) {
    for parameter in element.original.generics.const_params() {
        let message = format!(
            "an element is described by its name, which does not tell `{}`; write a struct for \
             each value, or put the array into the state",
            parameter.ident
        );
        errors.push(Place::Struct, parameter, message);
    }
}

fn is_not_packed(state: &Declaration<'_>, errors: &mut Errors) {
    if let Some(packed) = representation(&state.original.attrs, |name| name == "packed") {
        let message = "a region has its own layout, whatever the struct's; remove `packed`";
        errors.push(Place::Struct, packed, message);
    }
}

fn has_fixed_layout(element: &Declaration<'_>, errors: &mut Errors) {
    let is_fixed = |name: &Ident| name == "C" || name == "transparent";
    if representation(&element.original.attrs, is_fixed).is_none() {
        let message = "the layout of an element must be fixed; write `#[repr(C)]` above the struct";
        errors.push(Place::Struct, &element.original.ident, message);
    }
}

/// The first part of a `#[repr(..)]` that `wanted` accepts.
fn representation(attrs: &[Attribute], wanted: impl Fn(&Ident) -> bool) -> Option<Meta> {
    let list = Punctuated::<Meta, Token![,]>::parse_terminated;
    let attrs = attrs.iter().filter(|attr| attr::is(attr, "repr"));
    let mut parts = attrs.filter_map(|attr| attr.parse_args_with(list).ok()).flatten();
    parts.find(|part| part.path().get_ident().is_some_and(|name| wanted(&name.unraw())))
}

fn has_one_layout_if_pinned(state: &Declaration<'_>, errors: &mut Errors) {
    let Some(pinned) = &state.attrs.fingerprint else { return };
    let Some(parameter) = state.original.generics.const_params().next() else { return };
    let message = format!(
        "with the parameter `{}` there is no one layout to pin; remove `fingerprint`, and compare \
         `FINGERPRINT` for the values that you use",
        parameter.ident
    );
    errors.push(Place::Struct, &pinned.value, message);
}

fn has_slots_only_if_published(field: &Field<'_>, errors: &mut Errors) {
    if let (Some(_), Some(slots)) = (&field.attrs.atomic, &field.attrs.slots) {
        let message = "an atomic field has one slot; remove `slots` or `atomic`";
        errors.push(Place::Field(field.index), &slots.key, message);
    }
}

fn is_timed_only_if_published(field: &Field<'_>, errors: &mut Errors) {
    if let (Some(_), Some(timed)) = (&field.attrs.atomic, &field.attrs.timed) {
        let message =
            "an atomic field has no time of its last publication; remove `timed` or `atomic`";
        errors.push(Place::Field(field.index), timed, message);
    }
}
