//! Everything that is wrong with one declaration, reported at once.

use std::fmt::Display;

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::Error;

/// What an error is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// The declaration as a whole.
    Struct,
    /// The field with this number.
    Field(usize),
}

/// Collects errors, each with its place, and gives them out in the order of places.
#[derive(Default)]
pub struct Errors {
    errors: Vec<(Place, Error)>,
}

impl Errors {
    /// Adds an error that points at the tokens `at`.
    pub fn push(&mut self, place: Place, at: impl ToTokens, message: impl Display) {
        let behind = self.errors.partition_point(|(earlier, _)| *earlier <= place);
        self.errors.insert(behind, (place, Error::new_spanned(at, message)));
    }

    pub fn is_empty(&self) -> bool {
        self.errors.is_empty()
    }

    /// Whether there is an error at this place.
    pub fn concern(&self, place: Place) -> bool {
        self.errors.iter().any(|(at, _)| *at == place)
    }
}

/// Of a length with cases.
pub const UNREADABLE_LENGTH: &str = "the derive cannot read this length; give it a name, `const LENGTH: \
                                     usize = ..;`, and write `[u8; LENGTH]`";

/// A declaration that cannot be read. The parser leaves out the expressions that lengths hardly ever
/// are, such as `if` and `match`.
pub fn unreadable(error: Error) -> TokenStream {
    let error = match error.to_string().starts_with("unsupported expression") {
        true => Error::new(error.span(), UNREADABLE_LENGTH),
        false => error,
    };
    error.to_compile_error()
}

impl ToTokens for Errors {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.extend(self.errors.iter().map(|(_, error)| error.to_compile_error()));
    }
}
