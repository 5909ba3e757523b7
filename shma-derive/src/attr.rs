//! The `#[shm(..)]` attributes, with their keys kept for the spans of errors.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::Parse;
use syn::{Attribute, LitInt, LitStr, Meta, Path};

use crate::editions::raw;
use crate::errors::{Errors, Place};

/// A key and its value.
pub struct Given<T> {
    pub key: Ident,
    pub value: T,
}

/// What stands on the struct.
#[derive(Default)]
pub struct StructAttrs {
    pub name: Option<Given<LitStr>>,
    pub fields: Option<Given<Ident>>,
    pub fingerprint: Option<Given<LitInt>>,
    pub krate: Option<Given<Path>>,
    pub own_pod: Option<Ident>,
}

/// What stands on a field.
#[derive(Default)]
pub struct FieldAttrs {
    pub name: Option<Given<LitStr>>,
    pub was: Option<Given<LitStr>>,
    pub no_merge: Option<Ident>,
    pub slots: Option<Given<LitInt>>,
    pub timed: Option<Ident>,
    pub atomic: Option<Ident>,
}

/// The keys that may stand at a place, each as it is written.
type Known = [(&'static str, &'static str)];

const ON_STATE: &Known = &[
    ("name", "`name = \"..\"`"),
    ("fields", "`fields = \"..\"`"),
    ("fingerprint", "`fingerprint = 0x..`"),
    ("crate", "`crate = path`"),
];
const ON_STATE_FIELD: &Known = &[
    ("name", "`name = \"..\"`"),
    ("was", "`was = \"..\"`"),
    ("no_merge", "`no_merge`"),
    ("slots", "`slots = 4`"),
    ("timed", "`timed`"),
    ("atomic", "`atomic`"),
];
const ON_ELEMENT: &Known = &[("own_pod", "`own_pod`"), ("crate", "`crate = path`")];
const ON_ELEMENT_FIELD: &Known = &[];

pub fn on_state(attrs: &[Attribute], errors: &mut Errors) -> StructAttrs {
    on_struct(entries(attrs, Place::Struct, ON_STATE, errors), errors)
}

pub fn on_element(attrs: &[Attribute], errors: &mut Errors) -> StructAttrs {
    on_struct(entries(attrs, Place::Struct, ON_ELEMENT, errors), errors)
}

pub fn on_state_field(index: usize, attrs: &[Attribute], errors: &mut Errors) -> FieldAttrs {
    let place = Place::Field(index);
    let mut found = FieldAttrs::default();
    for entry in entries(attrs, place, ON_STATE_FIELD, errors) {
        match entry.key.to_string().as_str() {
            "name" => found.name = entry.name_of_field(place, errors),
            "was" => found.was = entry.name_of_field(place, errors),
            "no_merge" => found.no_merge = entry.flag(place, errors),
            "timed" => found.timed = entry.flag(place, errors),
            "atomic" => found.atomic = entry.flag(place, errors),
            _ => found.slots = entry.slots(place, errors),
        }
    }
    found
}

pub fn on_element_field(index: usize, attrs: &[Attribute], errors: &mut Errors) {
    entries(attrs, Place::Field(index), ON_ELEMENT_FIELD, errors);
}

fn on_struct(entries: Vec<Entry>, errors: &mut Errors) -> StructAttrs {
    let mut found = StructAttrs::default();
    for entry in entries {
        match entry.key.to_string().as_str() {
            "name" => found.name = entry.name(errors),
            "fields" => found.fields = entry.fields(errors),
            "own_pod" => found.own_pod = entry.flag(Place::Struct, errors),
            "fingerprint" => found.fingerprint = entry.fingerprint(errors),
            _ => found.krate = entry.path(errors),
        }
    }
    found
}

/// Whether an attribute has this name. To the compiler `r#shm` and `shm` are one name.
pub fn is(attr: &Attribute, name: &str) -> bool {
    attr.path().get_ident().is_some_and(|ident| ident.unraw() == name)
}

/// One `key` or `key = value` before the value is understood.
struct Entry {
    key: Ident,
    value: Option<TokenStream>,
}

/// All entries of all `#[shm(..)]` attributes at a place, without the unknown and repeated ones.
fn entries(attrs: &[Attribute], place: Place, known: &Known, errors: &mut Errors) -> Vec<Entry> {
    let mut found: Vec<Entry> = Vec::new();
    for attr in attrs.iter().filter(|attr| is(attr, "shm")) {
        let Meta::List(list) = &attr.meta else {
            let message = format!("`#[shm(..)]` needs a list; {}", may_be(known));
            errors.push(place, &attr.meta, message);
            continue;
        };
        for tokens in split(list.tokens.clone()) {
            let Some(entry) = Entry::read(tokens.clone()) else {
                let message = format!("this is neither `key` nor `key = value`; {}", may_be(known));
                errors.push(place, tokens, message);
                continue;
            };
            let key = &entry.key;
            if !known.iter().any(|(name, _)| key == name) {
                let message = format!("`{key}` {}; {}", misplaced(key, place), may_be(known));
                errors.push(place, key, message);
            } else if found.iter().any(|earlier| earlier.key == *key) {
                errors.push(place, key, format!("`{key}` is given twice; remove one"));
            } else {
                found.push(entry);
            }
        }
    }
    found
}

/// Splits at the commas, leaving out what is empty.
fn split(tokens: TokenStream) -> Vec<TokenStream> {
    let tokens: Vec<_> = tokens.into_iter().collect();
    let is_comma = |token: &TokenTree| matches!(token, TokenTree::Punct(p) if p.as_char() == ',');
    let parts = tokens.split(is_comma).filter(|part| !part.is_empty());
    parts.map(|part| part.iter().cloned().collect()).collect()
}

fn may_be(known: &Known) -> String {
    match known {
        [] => "remove it".to_owned(),
        [(_, written)] => format!("remove it, or write {written}"),
        known => {
            let known: Vec<_> = known.iter().map(|(_, written)| *written).collect();
            format!("write one of {}", known.join(", "))
        }
    }
}

fn misplaced(key: &Ident, place: Place) -> &'static str {
    let stands_on = |known: &Known| known.iter().any(|(name, _)| key == name);
    match place {
        Place::Struct if stands_on(ON_STATE) => "belongs on a state",
        Place::Struct if stands_on(ON_ELEMENT) => "belongs on an element",
        Place::Struct if stands_on(ON_STATE_FIELD) => "belongs on a field of a state",
        Place::Field(_) if stands_on(ON_STATE) || stands_on(ON_ELEMENT) => "belongs on the struct",
        Place::Field(_) if stands_on(ON_STATE_FIELD) => "belongs on a field of a state",
        _ => "is no attribute of `shm`",
    }
}

impl Entry {
    fn read(tokens: TokenStream) -> Option<Self> {
        let mut tokens = tokens.into_iter();
        let Some(TokenTree::Ident(key)) = tokens.next() else { return None };
        let key = key.unraw();
        match tokens.next() {
            None => Some(Self { key, value: None }),
            Some(TokenTree::Punct(punct)) if punct.as_char() == '=' => {
                Some(Self { key, value: Some(tokens.collect()) })
            }
            Some(_) => None,
        }
    }

    fn flag(self, place: Place, errors: &mut Errors) -> Option<Ident> {
        let Some(value) = self.value else { return Some(self.key) };
        let message = format!("`{0}` takes no value; write `#[shm({0})]`", self.key);
        errors.push(place, value, message);
        None
    }

    fn slots(self, place: Place, errors: &mut Errors) -> Option<Given<LitInt>> {
        self.given(
            place,
            "a field has 2, 4 or 8 slots; write `slots = 4`",
            errors,
            |slots: &LitInt| {
                matches!(slots.suffix(), "" | "usize")
                    && matches!(slots.base10_parse(), Ok(2_u8 | 4 | 8))
            },
        )
    }

    fn name(self, errors: &mut Errors) -> Option<Given<LitStr>> {
        let wanted = "the declared name is a text, not empty and without control characters; write `name = \"model\"`";
        self.given(Place::Struct, wanted, errors, |name: &LitStr| {
            let name = name.value();
            !name.is_empty() && !name.contains(char::is_control)
        })
    }

    fn name_of_field(self, place: Place, errors: &mut Errors) -> Option<Given<LitStr>> {
        let wanted = format!(
            "the name of a field consists of parts joined by dots, each of letters, digits and `_`; \
             write `{} = \"layers.0.weight\"`",
            self.key
        );
        self.given(place, &wanted, errors, |name: &LitStr| {
            let is_part = |part: &str| {
                let behind = part.trim_start_matches(|c: char| c.is_ascii_digit());
                let mut chars = behind.chars();
                let starts = chars.next().map(|c| c == '_' || unicode_ident::is_xid_start(c));
                !part.is_empty()
                    && starts.unwrap_or(true)
                    && chars.all(unicode_ident::is_xid_continue)
            };
            name.value().split('.').all(is_part)
        })
    }

    fn fields(self, errors: &mut Errors) -> Option<Given<Ident>> {
        let wanted = "the name of the struct of fields is an identifier in quotes; write \
                      `fields = \"ModelHandles\"`";
        let Given { key, value } = self
            .given(Place::Struct, wanted, errors, |name: &LitStr| name.parse::<Ident>().is_ok())?;
        let value = raw(&value.parse().ok()?, Span::call_site().located_at(value.span()));
        Some(Given { key, value })
    }

    fn fingerprint(self, errors: &mut Errors) -> Option<Given<LitInt>> {
        let wanted = "a fingerprint is a number of 128 bits; \
                      write `fingerprint = 0` and the build names the right one";
        self.given(Place::Struct, wanted, errors, |pinned: &LitInt| {
            matches!(pinned.suffix(), "" | "u128") && pinned.base10_parse::<u128>().is_ok()
        })
    }

    fn path(self, errors: &mut Errors) -> Option<Given<Path>> {
        let wanted = "`crate` is a path without quotes; write `crate = ::shma_core`";
        self.given(Place::Struct, wanted, errors, |_: &Path| true)
    }

    /// The value as a `T` that is `right`, or the error `wanted` at the value.
    fn given<T: Parse>(
        self,
        place: Place,
        wanted: &str,
        errors: &mut Errors,
        right: impl FnOnce(&T) -> bool,
    ) -> Option<Given<T>> {
        let Self { key, value } = self;
        let value = value.unwrap_or_default();
        match syn::parse2(value.clone()) {
            Ok(value) if right(&value) => Some(Given { key, value }),
            _ if value.is_empty() => {
                errors.push(place, &key, format!("`{key}` needs a value: {wanted}"));
                None
            }
            _ => {
                errors.push(place, value, wanted);
                None
            }
        }
    }
}
