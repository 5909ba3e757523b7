//! Names that are keywords in some editions only.
//!
//! A crate of edition 2015 may call a field `async`, one of edition 2021 may call it `gen`. The parser
//! knows the keywords of all editions, and generated code has the edition of this crate. The raw form
//! of a name is a name in every edition, so that form is read and written.

use proc_macro2::{Group, Ident, Spacing, Span, TokenStream, TokenTree};
use syn::ext::IdentExt;

/// The raw form of a name, with this span.
pub fn raw(ident: &Ident, span: Span) -> Ident {
    Ident::new_raw(&ident.unraw().to_string(), span)
}

/// The tokens of a declaration, with the raw form of each name that the parser takes for a keyword.
pub fn readable(tokens: TokenStream) -> TokenStream {
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    let readable = tokens.iter().enumerate().map(|(at, token)| match token {
        TokenTree::Ident(ident) if is_name(ident, &tokens[..at], &tokens[at + 1..]) => {
            TokenTree::Ident(raw(ident, ident.span()))
        }
        TokenTree::Group(group) => {
            let mut inner = Group::new(group.delimiter(), readable(group.stream()));
            inner.set_span(group.span());
            TokenTree::Group(inner)
        }
        token => token.clone(),
    });
    readable.collect()
}

/// Whether this is a name, though the parser takes it for a keyword.
fn is_name(ident: &Ident, before: &[TokenTree], behind: &[TokenTree]) -> bool {
    let is_before =
        |what: &[&str]| behind.first().is_some_and(|next| what.contains(&&*next.to_string()));
    let is_declared = matches!(before.last(), Some(TokenTree::Ident(keyword))
        if *keyword == "struct" || *keyword == "const");
    match ident.to_string().as_str() {
        "async" | "try" => {
            let opens_block = matches!(behind.first(), Some(TokenTree::Group(_)));
            let qualifies = is_before(&["move", "|", "fn", "unsafe", "extern"]);
            is_declared || !(opens_block || qualifies)
        }
        "await" => {
            !matches!(before.last(), Some(TokenTree::Punct(punct)) if punct.as_char() == '.')
        }
        // A trait follows where it is the keyword, and may begin with `::`.
        "dyn" => {
            let is_path = matches!(behind.first(), Some(TokenTree::Punct(punct))
                if punct.as_char() == ':' && punct.spacing() == Spacing::Joint);
            is_declared || behind.is_empty() || (is_before(&[":", ",", ";"]) && !is_path)
        }
        _ => false,
    }
}
