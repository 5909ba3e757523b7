//! The words of the declaration, repeated for the mirror.
//!
//! They stand in the same module, so the names in their links mean the same, except `Self`. That is
//! replaced by the name of the state.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::{Attribute, Expr, Lit, Meta};

use crate::attr;
use crate::model::{Declaration, Field};

/// The documentation of the mirror.
pub fn of_mirror(state: &Declaration<'_>) -> TokenStream {
    let name = state.original.ident.unraw();
    let family = state.family();
    let text = format!(
        " The fields of [`{name}`](struct@{name}) in the family `{family}`: handles to shared \
         memory, or views of a value."
    );
    quote!(#[doc = #text])
}

/// The documentation of a field of the mirror.
pub fn of_field(state: &Declaration<'_>, field: &Field<'_>) -> TokenStream {
    let name = field.original.ident.as_ref().map(IdentExt::unraw);
    let name = quote!(#name).to_string();
    let docs: Vec<&Attribute> =
        field.original.attrs.iter().filter(|attr| attr::is(attr, "doc")).collect();
    if docs.is_empty() {
        let text = format!(" The field `{name}`.");
        return quote!(#[doc = #text]);
    }
    let state = state.original.ident.unraw().to_string();
    let mut in_code = false;
    let docs = docs.into_iter().map(|attr| match &attr.meta {
        Meta::NameValue(text) => match literal(&text.value) {
            Some(text) => {
                let text = without_self(&text, &state, &mut in_code);
                quote!(#[doc = #text])
            }
            // A macro, such as `include_str!`, whose text is not known here.
            None => {
                let text = format!(" See the field [`{name}`](field@{state}::{name}).");
                quote!(#[doc = #text])
            }
        },
        Meta::List(_) | Meta::Path(_) => quote!(#attr),
    });
    docs.collect()
}

fn literal(value: &Expr) -> Option<String> {
    match value {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        Expr::Group(group) => literal(&group.expr),
        _ => None,
    }
}

/// The text with `state` for each word `Self` outside of blocks of code. A text may begin and end
/// within such a block, since each line is a text of its own.
fn without_self(text: &str, state: &str, in_code: &mut bool) -> String {
    let mut lines = Vec::new();
    for line in text.split('\n') {
        let start = line.trim_start();
        let is_fence = start.starts_with("```") || start.starts_with("~~~");
        *in_code ^= is_fence;
        let keeps = is_fence || *in_code;
        lines.push(if keeps { line.to_owned() } else { line_without_self(line, state) });
    }
    lines.join("\n")
}

fn line_without_self(line: &str, state: &str) -> String {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find("Self") {
        let (before, after) = (&rest[..at], &rest[at + "Self".len()..]);
        out.push_str(before);
        let is_word = !out.ends_with(is_part) && !after.starts_with(is_part);
        out.push_str(if is_word { state } else { "Self" });
        rest = after;
        // A link to the state itself: another item than a type may have its name.
        let stands_alone = is_word && !after.starts_with("::");
        if stands_alone && out.ends_with(&format!("]({state}")) && after.starts_with(')') {
            out.truncate(out.len() - state.len());
            out.push_str("struct@");
            out.push_str(state);
        }
        for (open, close) in [("[", "]"), ("[`", "`]")] {
            let behind = after.strip_prefix(close);
            let is_link = behind.is_some_and(|behind| !behind.starts_with(['(', '[', ':']));
            if stands_alone && before.ends_with(open) && is_link {
                out.push_str(close);
                out.push_str("(struct@");
                out.push_str(state);
                out.push(')');
                rest = behind.unwrap_or_default();
            }
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::without_self;

    /// What `Self` means where it is written is the state, and elsewhere the mirror.
    #[test]
    fn links_lead_to_the_state() {
        for (line, expected) in [
            ("as [`Self::ROWS`] says", "as [`Model::ROWS`] says"),
            (
                "[rows](Self::rows()) of [`Self`]",
                "[rows](Model::rows()) of [`Model`](struct@Model)",
            ),
            (
                "[it](Self), [Self], [Self][a]",
                "[it](struct@Model), [Model](struct@Model), [Model][a]",
            ),
            ("[const@Self::ROWS]: Self::ROWS", "[const@Model::ROWS]: Model::ROWS"),
            ("Selfish, mySelf, Self_", "Selfish, mySelf, Self_"),
        ] {
            assert_eq!(without_self(line, "Model", &mut false), expected);
        }
    }

    /// Code means what it says.
    #[test]
    fn code_stays_as_it_is() {
        let mut in_code = false;
        let texts = ["```", "fn new() -> Self", "```", "Self"];
        let texts = texts.map(|text| without_self(text, "Model", &mut in_code));
        assert_eq!(texts, ["```", "fn new() -> Self", "```", "Model"]);
        let text = "~~~\nSelf\n~~~\nSelf";
        assert_eq!(without_self(text, "Model", &mut in_code), "~~~\nSelf\n~~~\nModel");
    }
}
