//! Macros that do to a struct, and to a type, what any macro may do.

use std::sync::atomic::{AtomicBool, Ordering};

use proc_macro::{TokenStream, TokenTree};

/// Replaces the item by the argument.
#[proc_macro_attribute]
pub fn becomes(argument: TokenStream, _: TokenStream) -> TokenStream {
    argument
}

/// Expands to its two types in turn: `one_of!(u64, Box<u64>)`.
#[proc_macro]
pub fn one_of(types: TokenStream) -> TokenStream {
    static SECOND: AtomicBool = AtomicBool::new(false);
    let second = SECOND.fetch_xor(true, Ordering::Relaxed);
    let is_comma =
        |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ',');
    let mut types = types.into_iter();
    let first: TokenStream = types.by_ref().take_while(|token| !is_comma(token)).collect();
    if second { types.collect() } else { first }
}
