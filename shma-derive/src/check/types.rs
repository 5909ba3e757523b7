//! Types that cannot lie in shared memory, known by how they are written. Whatever hides behind an
//! alias is left to the bounds of the generated code.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::{Expr, GenericArgument, Lit, PathArguments, PathSegment, Type, TypePath};

use crate::errors::{Errors, Place, UNREADABLE_LENGTH};
use crate::model::{Field, shape};

/// Refuses arrays without elements, and what arrays may not consist of.
pub fn is_element(field: &Field<'_>, errors: &mut Errors) {
    let place = Place::Field(field.index);
    let (lengths, scalar) = shape(&field.original.ty);
    for case in lengths.iter().filter_map(|length| case(length.to_token_stream())) {
        errors.push(place, case, UNREADABLE_LENGTH);
    }
    for length in lengths.into_iter().filter(|length| is_zero(length)) {
        let message = "an array in shared memory has at least one element; write a length of 1 or \
                       more, or remove the field";
        errors.push(place, length, message);
    }
    let message = match scalar {
        Type::Path(path) => named(path),
        scalar => unnamed(scalar),
    };
    if let Some(message) = message {
        errors.push(place, scalar, message);
    }
}

/// The first keyword of a length that has cases. The parser leaves such lengths out, unless another
/// package of the build has asked it for all expressions. They are refused in any
/// build, except in the arguments of a macro.
fn case(length: TokenStream) -> Option<Ident> {
    let mut is_of_macro = false;
    length.into_iter().find_map(|token| {
        let is_argument = is_of_macro;
        is_of_macro = matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '!');
        match token {
            TokenTree::Ident(ident) if ident == "if" || ident == "match" => Some(ident),
            TokenTree::Group(group) if !is_argument => case(group.stream()),
            _ => None,
        }
    })
}

/// Refuses the numbers that have no atomics in an `#[shm(atomic)]` field.
pub fn is_atomic(field: &Field<'_>, errors: &mut Errors) {
    if field.attrs.atomic.is_none() {
        return;
    }
    let (_, scalar) = shape(&field.original.ty);
    let Some(name) = primitive(scalar) else { return };
    let instead = match name.as_str() {
        "u8" | "u16" => "`u32`",
        "i8" | "i16" => "`i32`",
        "u128" => "`u64`",
        "i128" => "`i64`",
        _ => return,
    };
    let message =
        format!("an atomic field has 4- or 8-byte numbers, not `{name}`; write {instead}");
    errors.push(Place::Field(field.index), scalar, message);
}

/// What is wrong with a type that has no name.
fn unnamed(ty: &Type) -> Option<String> {
    Some(match ty {
        Type::Reference(reference) => {
            format!("a reference points into one process; write {}", by_value(&reference.elem))
        }
        Type::Slice(_) => format!("a slice has no fixed length; write {}", by_value(ty)),
        Type::Ptr(_) => "an address means nothing in another process; write the value itself, or \
                         an index such as `u64`"
            .to_owned(),
        Type::FnPtr(_) => "an address means nothing in another process; write a number, such as \
                           `u32`, that tells which function is meant"
            .to_owned(),
        Type::TraitObject(_) => {
            "a trait object points into one process; write one fixed type".to_owned()
        }
        Type::Tuple(tuple) if tuple.elems.is_empty() => {
            "`()` has no bytes; remove the field".to_owned()
        }
        Type::Tuple(_) => "the layout of a tuple is not fixed; write several fields, or a struct \
                           with `#[repr(C)]` and \
                           `#[derive(Clone, Copy, ShmElement)]`"
            .to_owned(),
        _ => return None,
    })
}

/// What is wrong with a type of the standard library.
fn named(path: &TypePath) -> Option<String> {
    let last = std_name(path)?;
    let name = last.ident.unraw().to_string();
    let argument = argument(last);
    Some(match (name.as_str(), argument) {
        ("bool", None) => "not every byte is a `bool`; write `u8` and compare it with 0".to_owned(),
        ("char", None) => "not every number is a `char`; write `u32`".to_owned(),
        ("usize", None) => "`usize` has not the same size everywhere; write `u64`".to_owned(),
        ("isize", None) => "`isize` has not the same size everywhere; write `i64`".to_owned(),
        ("str", None) => "a `str` has no fixed length; write `[u8; N]`".to_owned(),
        ("String" | "OsString" | "CString" | "PathBuf", None) => format!(
            "a `{name}` points into one process; write `[u8; N]`, and a field for its length"
        ),
        ("Vec" | "VecDeque", Some(of)) => {
            format!("a `{name}` points into one process; write an array, `[{}; N]`", text(of))
        }
        ("Box" | "Rc" | "Arc", Some(of)) => {
            format!("a `{name}` points into one process; write {}", by_value(of))
        }
        ("Option", Some(of)) => format!(
            "not every byte pattern is an `Option`; write {}, and a field of type `u8` that tells \
             whether it counts",
            by_value(of)
        ),
        ("Cell" | "RefCell" | "Mutex" | "RwLock", Some(of)) => {
            format!("a field has its own semaphore; in place of `{name}` write {}", by_value(of))
        }
        ("HashMap" | "BTreeMap" | "HashSet" | "BTreeSet", Some(_)) => {
            format!("a `{name}` points into one process; write arrays of fixed length")
        }
        ("AtomicU32" | "AtomicU64" | "AtomicI32" | "AtomicI64", None) => format!(
            "a field is declared by its value; write `{}` with `#[shm(atomic)]` in place of `{name}`",
            name.trim_start_matches("Atomic").to_lowercase()
        ),
        ("Duration" | "Instant" | "SystemTime", None) => {
            format!("the layout of `{name}` is not fixed; write the nanoseconds as `u64`")
        }
        ("PhantomData", Some(_)) => "`PhantomData` has no bytes; remove the field".to_owned(),
        _ => return None,
    })
}

/// The last part of a path that can only mean the standard library: a single name, or one that
/// starts there. A type of the user's with such a name is written with its module.
fn std_name(path: &TypePath) -> Option<&PathSegment> {
    let segments = &path.path.segments;
    let from_std = || {
        let first = segments.first().map(|first| first.ident.unraw().to_string());
        matches!(first.as_deref(), Some("std" | "core" | "alloc"))
    };
    let single = segments.len() == 1 && path.path.leading_colon.is_none();
    if path.qself.is_none() && (single || from_std()) { segments.last() } else { None }
}

/// The first type between the angle brackets.
fn argument(segment: &PathSegment) -> Option<&Type> {
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    })
}

/// How to write a type by value: what has no fixed length becomes an array.
fn by_value(ty: &Type) -> String {
    match ty {
        Type::Slice(slice) => format!("an array, `[{}; N]`", text(&slice.elem)),
        Type::Path(path) if path.path.is_ident("str") => "`[u8; N]`".to_owned(),
        Type::TraitObject(_) => "one fixed type".to_owned(),
        Type::Paren(paren) => by_value(&paren.elem),
        Type::Group(group) => by_value(&group.elem),
        _ => format!("`{}`", text(ty)),
    }
}

fn text(ty: &Type) -> String {
    ty.to_token_stream().to_string()
}

fn primitive(ty: &Type) -> Option<String> {
    let Type::Path(path) = ty else { return None };
    Some(path.path.get_ident()?.unraw().to_string())
}

fn is_zero(len: &Expr) -> bool {
    match len {
        Expr::Lit(literal) => {
            matches!(&literal.lit, Lit::Int(number) if number.base10_digits() == "0")
        }
        Expr::Group(group) => is_zero(&group.expr),
        Expr::Paren(paren) => is_zero(&paren.expr),
        _ => false,
    }
}
