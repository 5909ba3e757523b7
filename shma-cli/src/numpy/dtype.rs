//! numpy's types, and the types of fields as numpy names them.

use std::fmt;

use shma_core::untyped::Type;
use shma_core::{ElementType, StructField};

use super::literal::Literal;

/// The byte order of this machine.
const NATIVE: char = if cfg!(target_endian = "little") { '<' } else { '>' };

/// What an array consists of, as a file says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Dtype {
    /// A number. `kind` is numpy's letter.
    Number {
        kind: char,
        size: usize,
        swapped: bool,
    },
    /// Bytes without a meaning.
    Raw(usize),
    Struct(Vec<Member>),
    /// A type that no field has, such as `<U8`.
    Other(String),
}

/// A member of a struct, or the bytes between two of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    /// Empty for padding.
    pub(super) name: String,
    pub(super) dtype: Dtype,
    pub(super) shape: Vec<usize>,
}

impl Member {
    /// Its size in bytes, if that is a number.
    pub(super) fn size(&self) -> Option<usize> {
        self.shape.iter().try_fold(self.dtype.size()?, |size, len| size.checked_mul(*len))
    }
}

impl Dtype {
    /// Its size in bytes, if that is a number.
    pub(super) fn size(&self) -> Option<usize> {
        match self {
            Self::Number { size, .. } | Self::Raw(size) => Some(*size),
            Self::Struct(members) => {
                members.iter().try_fold(0_usize, |sum, member| sum.checked_add(member.size()?))
            }
            Self::Other(_) => None,
        }
    }

    /// The type of a field that holds such items, or why there is none.
    pub(super) fn ty(&self) -> Result<Type, String> {
        let none = || Err(format!("is of the type {self}, which no field has"));
        let number = match self {
            Self::Number { kind: 'b', .. } => {
                return Err("holds truth values; save it as `array.astype('u1')`".into());
            }
            Self::Number { kind: 'c', size: 8, .. } => "Complex<f32>".to_owned(),
            Self::Number { kind: 'c', .. } => "Complex<f64>".to_owned(),
            Self::Number { kind, size, .. } => format!("{kind}{}", 8 * size),
            Self::Raw(2) => "bf16".to_owned(),
            Self::Raw(16) => "u128".to_owned(),
            Self::Raw(_) | Self::Other(_) => return none(),
            Self::Struct(members) => return structure(members),
        };
        number.parse().or_else(|_| none())
    }

    /// Reads the `descr` of a header: a text, or a list of members.
    pub(super) fn read(descr: &Literal) -> Result<Self, String> {
        match descr {
            Literal::Text(text) => Self::of_text(text),
            Literal::List(members) => {
                let members: Result<Vec<_>, _> = members.iter().map(Self::member).collect();
                let members = members?;
                for (i, member) in members.iter().enumerate() {
                    let twice = members[..i].iter().any(|other| other.name == member.name);
                    if twice && !member.name.is_empty() {
                        return Err(format!("has two members `{}`", member.name.escape_debug()));
                    }
                }
                Ok(Self::Struct(members))
            }
            _ => Err("has a descr that is no type of numpy".into()),
        }
    }

    /// A member: `(name, type)` or `(name, type, shape)`. A name may come with a title.
    fn member(literal: &Literal) -> Result<Member, String> {
        let wrong = || "has a descr with a member that is no member of a struct".to_owned();
        let Literal::Tuple(parts) = literal else { return Err(wrong()) };
        let (name, descr, shape) = match &parts[..] {
            [name, descr] => (name, descr, None),
            [name, descr, shape] => (name, descr, Some(shape)),
            _ => return Err(wrong()),
        };
        let name = match name {
            Literal::Text(name) => name,
            Literal::Tuple(both) => match &both[..] {
                [Literal::Text(_), Literal::Text(name)] => name,
                _ => return Err(wrong()),
            },
            _ => return Err(wrong()),
        };
        let mut lengths = shape.map_or(Some(Vec::new()), lengths).ok_or_else(wrong)?;
        let dtype = match descr {
            // A type that is an array itself: its dimensions are the inner ones.
            Literal::Tuple(both) => {
                let [descr, inner] = &both[..] else { return Err(wrong()) };
                lengths.extend(self::lengths(inner).ok_or_else(wrong)?);
                Self::read(descr)?
            }
            descr => Self::read(descr)?,
        };
        if name.is_empty() && !matches!(dtype, Self::Raw(_)) {
            return Err("has a member without a name".into());
        }
        Ok(Member { name: name.clone(), dtype, shape: lengths })
    }

    /// Reads such as `<f4`, `|V16`, `float32`, `d`.
    fn of_text(text: &str) -> Result<Self, String> {
        let bare = text.strip_prefix(['<', '>', '=', '|']);
        let order = bare.and(text.chars().next()).filter(|order| "<>".contains(*order));
        let Some((kind, size)) = letter(bare.unwrap_or(text)).or_else(|| word(text)) else {
            return Ok(Self::Other(text.to_owned()));
        };
        Ok(match kind {
            'O' => return Err("holds Python objects, which are never loaded".into()),
            'V' => Self::Raw(size),
            'b' | 'i' | 'u' | 'f' | 'c' if is_number(kind, size) => {
                let swapped = size > 1 && order.is_some_and(|order| order != NATIVE);
                Self::Number { kind, size, swapped }
            }
            _ => Self::Other(text.to_owned()),
        })
    }

    /// numpy's type for a scalar of a field.
    pub(super) fn of(scalar: &ElementType<'_>) -> Self {
        match scalar {
            ElementType::Number { name, size, .. } => match *name {
                "u128" | "i128" | "bf16" => Self::Raw(*size),
                name => {
                    let kind = name.chars().next().unwrap_or('?').to_ascii_lowercase();
                    Self::Number { kind, size: *size, swapped: false }
                }
            },
            ElementType::Struct { fields, .. } => {
                let member = |field: &StructField<'_>| Member {
                    name: field.name.to_string(),
                    dtype: Self::of(field.ty.scalar()),
                    shape: field.ty.shape(),
                };
                Self::Struct(fields.iter().map(member).collect())
            }
            ElementType::Array { .. } => Self::of(scalar.scalar()),
            other => Self::Other(other.to_string()),
        }
    }
}

/// Lengths of dimensions: a tuple, or one number.
pub(super) fn lengths(shape: &Literal) -> Option<Vec<usize>> {
    match shape {
        Literal::Tuple(lengths) => lengths.iter().map(length).collect(),
        shape => Some(vec![length(shape)?]),
    }
}

fn length(literal: &Literal) -> Option<usize> {
    match literal {
        Literal::Number(len) => usize::try_from(*len).ok(),
        Literal::Bool(len) => Some((*len).into()),
        _ => None,
    }
}

/// A kind and a size, as numpy writes them itself; or one letter, as C has them.
fn letter(text: &str) -> Option<(char, usize)> {
    let kind = text.chars().next()?;
    let digits = &text[kind.len_utf8()..];
    if !digits.is_empty() {
        let is_size = digits.bytes().all(|digit| digit.is_ascii_digit());
        return Some((kind, digits.parse().ok().filter(|_| is_size)?));
    }
    Some(match kind {
        '?' => ('b', 1),
        'b' => ('i', 1),
        'B' => ('u', 1),
        'h' => ('i', 2),
        'H' => ('u', 2),
        'i' => ('i', 4),
        'I' => ('u', 4),
        'l' | 'q' | 'p' => ('i', 8),
        'L' | 'Q' | 'P' => ('u', 8),
        'e' => ('f', 2),
        'f' => ('f', 4),
        'd' => ('f', 8),
        'F' => ('c', 8),
        'D' => ('c', 16),
        'O' => ('O', 8),
        'V' => ('V', 0),
        _ => return None,
    })
}

/// A name, such as `float32`.
fn word(text: &str) -> Option<(char, usize)> {
    let end = text.find(|c: char| c.is_ascii_digit())?;
    let kind = match &text[..end] {
        "int" => 'i',
        "uint" => 'u',
        "float" => 'f',
        "complex" => 'c',
        _ => return None,
    };
    let bits: usize = text[end..].parse().ok()?;
    (bits.is_multiple_of(8) && is_number(kind, bits / 8)).then_some((kind, bits / 8))
}

fn is_number(kind: char, size: usize) -> bool {
    match kind {
        'b' => size == 1,
        'i' | 'u' => matches!(size, 1 | 2 | 4 | 8),
        'f' => matches!(size, 2 | 4 | 8),
        _ => matches!(size, 8 | 16),
    }
}

/// As a header says it.
impl fmt::Display for Dtype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number { kind, size: 1, .. } => write!(f, "'|{kind}1'"),
            Self::Number { kind, size, swapped } => {
                let order = if *swapped == (NATIVE == '<') { '>' } else { '<' };
                write!(f, "'{order}{kind}{size}'")
            }
            Self::Raw(size) => write!(f, "'|V{size}'"),
            Self::Other(text) => write!(f, "'{}'", text.escape_debug()),
            Self::Struct(members) => {
                for (i, member) in members.iter().enumerate() {
                    let before = if i == 0 { "[" } else { ", " };
                    write!(f, "{before}({}, {}", quoted(&member.name), member.dtype)?;
                    if !member.shape.is_empty() {
                        write!(f, ", {}", tuple(&member.shape))?;
                    }
                    f.write_str(")")?;
                }
                f.write_str(if members.is_empty() { "[]" } else { "]" })
            }
        }
    }
}

/// A struct of these members. numpy has no name for it.
fn structure(members: &[Member]) -> Result<Type, String> {
    let named = members.iter().filter(|member| !member.name.is_empty());
    let typed = named.map(|member| {
        let array = |ty: Type, len: &usize| ty.array(*len).map_err(|error| error.to_string());
        let ty = member.shape.iter().rev().try_fold(member.dtype.ty()?, array)?;
        Ok((member.name.clone(), ty))
    });
    let typed: Vec<(String, Type)> = typed.collect::<Result<_, String>>()?;
    Type::structure("Item", typed).map_err(|error| error.to_string())
}

/// A name as Python writes it.
fn quoted(name: &str) -> String {
    format!("'{}'", name.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// A tuple as Python writes it: one element has a comma behind it.
pub(super) fn tuple(shape: &[usize]) -> String {
    match shape {
        [len] => format!("({len},)"),
        shape => {
            format!("({})", shape.iter().map(usize::to_string).collect::<Vec<_>>().join(", "))
        }
    }
}
