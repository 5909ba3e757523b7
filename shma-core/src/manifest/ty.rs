//! Types that are put together at run time.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use bumpalo::Bump;

use super::element::{ElementType, MOST_DIMENSIONS, StructField};
use super::limits::{MOST_NESTED, MOST_OBJECTS};
use super::names::is_identifier;
use super::number::Number;
use crate::error::Error;
use crate::protocol::layout::MAX_FIELD_BYTES;

/// The type of a field: a number or a struct, or an array of either with any number of dimensions.
///
/// It is written as Rust and manifests write it:
///
/// ```
/// use shma_core::untyped::{Number, Type};
///
/// let plate: Type = "[[f64; 32]; 16]".parse()?; // 16 rows of 32
/// assert_eq!(plate, Type::number(Number::F64).array(32)?.array(16)?);
/// assert_eq!((plate.shape(), plate.size()), (&[16, 32][..], 4096));
/// assert_eq!(plate.to_string(), "[[f64; 32]; 16]");
///
/// let point = Type::structure("Point", [("x", "f32".parse()?), ("y", "f32".parse::<Type>()?)])?;
/// assert_eq!(point.array(3)?.to_string(), "[Point; 3]");
/// # Ok::<(), shma_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Type {
    scalar: Scalar,
    /// The lengths of its dimensions, outermost first.
    shape: Vec<usize>,
}

/// What the innermost elements of a [`Type`] are.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scalar {
    /// A number.
    Number(Number),
    /// A struct.
    Struct(Arc<Struct>),
}

/// A struct that is put together at run time: what `#[derive(ShmElement)]` makes of one.
#[derive(Debug, PartialEq, Eq)]
pub struct Struct {
    name: String,
    members: Vec<(String, Type)>,
    size: usize,
    /// In how many structs the innermost member lies.
    depth: usize,
    /// How many descriptions of fields and members a manifest has for it. Members may share a struct,
    /// and its description is repeated, so this may be far more than there are types.
    described: usize,
}

impl Struct {
    /// Its identifier.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its members in the order of declaration, one behind the other without gaps.
    pub fn members(&self) -> impl ExactSizeIterator<Item = (&str, &Type)> {
        self.members.iter().map(|(name, ty)| (&**name, ty))
    }

    /// Its size in bytes.
    pub fn size(&self) -> usize {
        self.size
    }
}

impl Scalar {
    /// Its size in bytes.
    pub fn size(&self) -> usize {
        match self {
            Self::Number(number) => number.size(),
            Self::Struct(it) => it.size,
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Self::Number(number) => number.name(),
            Self::Struct(it) => &it.name,
        }
    }

    fn depth(&self) -> usize {
        match self {
            Self::Number(_) => 0,
            Self::Struct(it) => it.depth,
        }
    }
}

impl Type {
    /// A number.
    pub fn number(number: Number) -> Self {
        Self { scalar: Scalar::Number(number), shape: Vec::new() }
    }

    /// A struct with these members, one behind the other without gaps.
    ///
    /// # Errors
    ///
    /// [`Error::Declaration`] if a name is no identifier or comes twice, if there is no member, and if
    /// the struct is too large or has too many structs within one another.
    pub fn structure<N: Into<String>>(
        name: impl Into<String>,
        members: impl IntoIterator<Item = (N, Self)>,
    ) -> Result<Self, Error> {
        let name = name.into();
        let members: Vec<(String, Self)> =
            members.into_iter().map(|(name, ty)| (name.into(), ty)).collect();
        if !is_identifier(&name) {
            return Err(wrong(format!(
                "`{}` cannot name a struct: {IDENTIFIER}",
                name.escape_debug()
            )));
        }
        let (mut size, mut depth, mut described) = (0_usize, 0, 0_usize);
        for (at, (member, ty)) in members.iter().enumerate() {
            if !is_identifier(member) {
                let member = member.escape_debug();
                return Err(wrong(format!(
                    "`{member}` cannot name a member of `{name}`: {IDENTIFIER}"
                )));
            }
            if members[..at].iter().any(|(other, _)| other == member) {
                return Err(wrong(format!("the struct `{name}` has two members `{member}`")));
            }
            size = size.saturating_add(ty.size());
            depth = depth.max(ty.scalar.depth());
            described = described.saturating_add(ty.described());
        }
        if members.is_empty() {
            return Err(wrong(format!("the struct `{name}` has no members")));
        }
        if size > MAX_FIELD_BYTES {
            return Err(too_large(&name));
        }
        if depth >= MOST_NESTED {
            return Err(wrong(format!(
                "the struct `{name}` has members within {MOST_NESTED} other structs, and that is the most"
            )));
        }
        if described > MOST_OBJECTS {
            return Err(wrong(format!(
                "the struct `{name}` has {described} members, those of its members counted, and no \
                 manifest has room for more than {MOST_OBJECTS}"
            )));
        }
        let it = Struct { name, members, size, depth: depth + 1, described };
        Ok(Self { scalar: Scalar::Struct(Arc::new(it)), shape: Vec::new() })
    }

    /// An array of so many of these.
    ///
    /// # Errors
    ///
    /// [`Error::Declaration`] if there are none, if they are too many bytes, or if these are arrays of
    /// 64 dimensions already.
    pub fn array(mut self, len: usize) -> Result<Self, Error> {
        if len == 0 {
            return Err(wrong(format!(
                "`[{self}; 0]` has no elements, and an array has at least one"
            )));
        }
        if self.shape.len() == MOST_DIMENSIONS {
            return Err(wrong(format!(
                "an array has at most {MOST_DIMENSIONS} dimensions, and this would have one more"
            )));
        }
        if self.size().checked_mul(len).is_none_or(|bytes| bytes > MAX_FIELD_BYTES) {
            return Err(too_large(&format!("[{self}; {len}]")));
        }
        self.shape.insert(0, len);
        Ok(self)
    }

    /// The type that a manifest names.
    ///
    /// # Errors
    ///
    /// [`Error::Declaration`] for a type that no region has.
    pub fn of(ty: &ElementType<'_>) -> Result<Self, Error> {
        let scalar = match ty.scalar() {
            ElementType::Struct { name, fields, .. } => {
                let members = fields.iter().map(|it| Ok((it.name, Self::of(it.ty)?)));
                Self::structure(*name, members.collect::<Result<Vec<_>, Error>>()?)?
            }
            number => Self::number(number.number().ok_or_else(|| {
                wrong(format!("`{number}` is none of the numbers that can lie in a region"))
            })?),
        };
        ty.shape().into_iter().rev().try_fold(scalar, Self::array)
    }

    /// The lengths of its dimensions, outermost first; empty for what is no array.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// What its innermost elements are.
    pub fn scalar(&self) -> &Scalar {
        &self.scalar
    }

    /// Bytes of one value.
    pub fn size(&self) -> usize {
        self.shape.iter().product::<usize>() * self.scalar.size()
    }

    /// How many descriptions a manifest has for a field of this type: its own and those of all members.
    pub(crate) fn described(&self) -> usize {
        match &self.scalar {
            Scalar::Number(_) => 1,
            Scalar::Struct(it) => 1 + it.described,
        }
    }

    /// The same, in memory that lives as long as a manifest.
    pub(super) fn place<'m>(&self, ground: &'m Bump) -> &'m ElementType<'m> {
        let mut ty: &ElementType<'_> = ground.alloc(match &self.scalar {
            Scalar::Number(number) => {
                ElementType::Number { name: number.name(), size: number.size() }
            }
            Scalar::Struct(it) => {
                let mut offset = 0;
                let fields: Vec<_> = it
                    .members
                    .iter()
                    .map(|(name, ty)| {
                        let field = StructField {
                            name: ground.alloc_str(name),
                            ty: ty.place(ground),
                            offset,
                        };
                        offset += ty.size();
                        field
                    })
                    .collect();
                ElementType::Struct {
                    name: ground.alloc_str(&it.name),
                    size: it.size,
                    fields: ground.alloc_slice_copy(&fields),
                }
            }
        });
        for &len in self.shape.iter().rev() {
            ty = ground.alloc(ElementType::Array { of: ty, len });
        }
        ty
    }
}

const IDENTIFIER: &str = "it has to be an identifier of Rust, without `r#`, of at most 4096 bytes";

fn wrong(reason: String) -> Error {
    Error::Declaration { state: "".into(), field: None, reason: reason.into() }
}

fn too_large(what: &str) -> Error {
    wrong(format!("`{what}` has more than the {MAX_FIELD_BYTES} bytes that a field has at most"))
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = "[".repeat(self.shape.len()) + self.scalar.name();
        for len in self.shape.iter().rev() {
            text += &format!("; {len}]");
        }
        f.pad(&text)
    }
}

/// Reads what `Display` writes, of numbers: a text does not say what is in a struct.
impl FromStr for Type {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let unknown = || {
            let brief: String = text.chars().take(60).flat_map(char::escape_debug).collect();
            wrong(format!(
                "`{brief}` is no type of numbers: a number is one of {}, an array `[f64; 32]`, and an \
                 array of 16 such rows `[[f64; 32]; 16]`",
                Number::ALL.map(Number::name).join(", ")
            ))
        };
        let mut inner = text.trim();
        let mut lengths = Vec::new();
        while let Some(array) = inner.strip_prefix('[') {
            let (of, len) = array
                .strip_suffix(']')
                .and_then(|array| array.rsplit_once(';'))
                .filter(|_| lengths.len() <= MOST_DIMENSIONS)
                .ok_or_else(unknown)?;
            let len = len.trim();
            let digits = !len.is_empty() && len.bytes().all(|byte| byte.is_ascii_digit());
            lengths.push(len.parse().ok().filter(|_| digits).ok_or_else(unknown)?);
            inner = of.trim();
        }
        let number = Number::named(inner).ok_or_else(unknown)?;
        lengths.into_iter().rev().try_fold(Self::number(number), Self::array)
    }
}
