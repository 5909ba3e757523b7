//! The names of a declaration.

use std::collections::BTreeMap;

use quote::ToTokens;
use syn::ext::IdentExt;

use crate::errors::{Errors, Place};
use crate::model::{Declaration, Field};

/// The longest name in bytes: tools that look at regions refuse longer ones.
const LONGEST: usize = 4096;

/// Refuses names that no tool would show.
pub fn are_short(declared: &Declaration<'_>, errors: &mut Errors) {
    let mut refuse = |place, at: &dyn ToTokens, name: &str| {
        if name.len() > LONGEST {
            let message =
                format!("a name has at most {LONGEST} bytes, and this one has {}", name.len());
            errors.push(place, at, message);
        }
    };
    match &declared.attrs.name {
        Some(name) => refuse(Place::Struct, &name.value, &declared.name()),
        None => refuse(Place::Struct, &declared.original.ident, &declared.name()),
    }
    for field in &declared.fields {
        refuse(Place::Field(field.index), &naming(field), &field.name());
        if let Some(was) = &field.attrs.was {
            refuse(Place::Field(field.index), &was.value, &was.value.value());
        }
    }
}

/// Refuses two fields of one name.
pub fn differ(state: &Declaration<'_>, errors: &mut Errors) {
    let mut names = BTreeMap::new();
    for field in &state.fields {
        let Some(earlier) = names.insert(field.name(), field) else { continue };
        // The compiler itself refuses two fields with one identifier.
        if field.attrs.name.is_some() || earlier.attrs.name.is_some() {
            let message = format!(
                "the field `{}` has the name `{}` too; give one of them another name",
                earlier.original.ident.as_ref().map(IdentExt::unraw).into_token_stream(),
                field.name()
            );
            errors.push(Place::Field(field.index), naming(field), message);
        }
    }
}

/// Refuses a former name that says nothing: the field's own, or one that another field claims too.
pub fn were_others(state: &Declaration<'_>, errors: &mut Errors) {
    let mut former = BTreeMap::new();
    for field in &state.fields {
        let Some(was) = &field.attrs.was else { continue };
        let name = was.value.value();
        if name == field.name() {
            let message = "this is the field's name still; remove `was`";
            errors.push(Place::Field(field.index), &was.value, message);
        } else if former.insert(name.clone(), field.index).is_some() {
            let message = format!("two fields say that they were `{name}`; remove one `was`");
            errors.push(Place::Field(field.index), &was.value, message);
        }
    }
}

/// Refuses a mirror that has the name of the state.
pub fn mirror_is_another(state: &Declaration<'_>, errors: &mut Errors) {
    let Some(fields) = &state.attrs.fields else { return };
    if fields.value == state.ident {
        let message = "the struct of fields stands beside the state; give it another name";
        errors.push(Place::Struct, &fields.value, message);
    }
}

/// The tokens that name a field.
fn naming(field: &Field<'_>) -> proc_macro2::TokenStream {
    match &field.attrs.name {
        Some(name) => name.value.to_token_stream(),
        None => field.original.ident.to_token_stream(),
    }
}
