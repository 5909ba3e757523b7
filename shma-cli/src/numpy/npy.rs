//! Arrays in the format of `numpy.save`: a text that says type and shape, and the bytes.
//!
//! numpy has no type for `u128`, `i128` and `bf16`. They are written as raw bytes, `|V16` and `|V2`;
//! the latter is what the package `ml_dtypes` makes of its `bfloat16`.
//!
//! A file is read as numpy reads it: the three versions that there are, their encodings, numbers of
//! Python 2, both byte orders and both orders of dimensions. Longer headers are read than numpy
//! reads unasked, because a large struct has one.

use std::io::{self, Read, Write};

use shma_core::ElementType;
use shma_core::untyped::Type;

use super::dtype::{self, Dtype};
use super::fit::Fit;
use super::literal::{self, Literal};

/// How a file begins.
pub const MAGIC: &[u8; 6] = b"\x93NUMPY";

/// A header is padded so that the bytes behind it start at a multiple of this.
const ALIGN: usize = 64;

/// Longer headers are not read; those of states have a few hundred bytes.
const LONGEST: usize = 1 << 20;

/// Writes an array in C order.
pub fn write(
    to: &mut impl Write,
    scalar: &ElementType<'_>,
    shape: &[usize],
    bytes: &[u8],
) -> io::Result<()> {
    let (descr, shape) = (Dtype::of(scalar), dtype::tuple(shape));
    let text = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}");
    // Version 3 is version 2 in UTF-8, which names of struct fields may need.
    let version = if text.is_ascii() && text.len() < 60_000 { 1 } else { 3 };
    let prefix = if version == 1 { 10 } else { 12 };
    let padded = (prefix + text.len() + 1).next_multiple_of(ALIGN) - prefix;
    to.write_all(MAGIC)?;
    to.write_all(&[version, 0])?;
    let len = padded as u32;
    to.write_all(&len.to_le_bytes()[..prefix - 8])?;
    writeln!(to, "{text:width$}", width = padded - 1 - (text.len() - text.chars().count()))?;
    to.write_all(bytes)
}

/// What a file says of its array.
#[derive(Debug, PartialEq, Eq)]
pub struct Header {
    dtype: Dtype,
    fortran_order: bool,
    shape: Vec<usize>,
}

impl Header {
    /// Reads as far as the array's bytes. An error says what is wrong with the array.
    pub fn read(from: &mut impl Read) -> io::Result<Self> {
        let mut start = [0; 8];
        from.read_exact(&mut start)?;
        if start[..6] != *MAGIC {
            return Err(wrong("does not begin like a file of numpy.save"));
        }
        let (width, is_utf8) = match (start[6], start[7]) {
            (1, 0) => (2, false),
            (2, 0) => (4, false),
            (3, 0) => (4, true),
            (major, minor) => {
                return Err(wrong(format!(
                    "is of version {major}.{minor} of the format; known are 1.0, 2.0 and 3.0"
                )));
            }
        };
        let mut len = [0; 4];
        from.read_exact(&mut len[..width])?;
        let len = u32::from_le_bytes(len) as usize;
        if len > LONGEST {
            return Err(wrong(format!("has a header of {len} bytes; at most {LONGEST} are read")));
        }
        let mut text = vec![0; len];
        from.read_exact(&mut text)?;
        let text = if is_utf8 {
            String::from_utf8(text).map_err(|_| wrong("has a header that is not UTF-8"))?
        } else {
            // Latin-1: each byte is the character of its number.
            text.into_iter().map(char::from).collect()
        };
        Self::parse(&text, !is_utf8).map_err(wrong)
    }

    /// Reads the dictionary with exactly the three keys that the format knows.
    fn parse(text: &str, python2: bool) -> Result<Self, String> {
        let Some(Literal::Dict(pairs)) = literal::parse(text, python2) else {
            return Err("has a header that is no dictionary of Python".into());
        };
        let (mut descr, mut fortran_order, mut shape) = (None, None, None);
        for (key, value) in &pairs {
            match key {
                Literal::Text(key) if key == "descr" => descr = Some(value),
                Literal::Text(key) if key == "fortran_order" => fortran_order = Some(value),
                Literal::Text(key) if key == "shape" => shape = Some(value),
                Literal::Text(key) => {
                    return Err(format!("has the unknown key '{}'", key.escape_debug()));
                }
                _ => return Err("has a key in its header that is no text".into()),
            }
        }
        let missing = |key| format!("has a header without '{key}'");
        let fortran_order = match fortran_order.ok_or_else(|| missing("fortran_order"))? {
            Literal::Bool(fortran_order) => *fortran_order,
            _ => return Err("has a 'fortran_order' that is neither True nor False".into()),
        };
        let shape = match shape.ok_or_else(|| missing("shape"))? {
            shape @ Literal::Tuple(_) => dtype::lengths(shape),
            _ => None,
        };
        let shape = shape.ok_or("has a 'shape' that is no tuple of lengths")?;
        let dtype = Dtype::read(descr.ok_or_else(|| missing("descr"))?)?;
        Ok(Self { dtype, fortran_order, shape })
    }

    /// The type of a field that holds the array, or why there is none.
    pub fn ty(&self) -> Result<Type, String> {
        let scalar = self.dtype.ty()?;
        let array = |ty: Type, len: &usize| ty.array(*len).map_err(|error| error.to_string());
        self.shape.iter().rev().try_fold(scalar, array)
    }

    /// What is to be read for a field of this type, if the array fits it.
    pub fn fit(self, field: &ElementType<'_>) -> io::Result<Array> {
        let scalar = field.scalar();
        let Some(fit) = Fit::new(&self.dtype, scalar) else {
            let (found, wanted) = (self.dtype, Dtype::of(scalar));
            let advice = match wanted {
                Dtype::Number { .. } => format!(": save array.astype({wanted})"),
                _ => String::new(),
            };
            return Err(wrong(format!(
                "consists of {found}, and the field `{field}` of {wanted}{advice}"
            )));
        };
        let shape = field.shape();
        if self.shape != shape {
            let found = dtype::tuple(&self.shape);
            let wanted = dtype::tuple(&shape);
            return Err(wrong(format!("has the shape {found}, and the field {wanted}")));
        }
        let len = fit.bytes(shape.iter().product());
        let len = len.ok_or_else(|| wrong("is larger than any file"))?;
        let fortran_order = self.fortran_order;
        Ok(Array { fit, element: scalar.size(), shape, fortran_order, len })
    }
}

/// An array that fits a field, and is to be read.
#[derive(Debug)]
pub struct Array {
    fit: Fit,
    element: usize,
    shape: Vec<usize>,
    fortran_order: bool,
    len: u64,
}

impl Array {
    /// Bytes of the array in the file.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// The bytes of the field.
    pub fn read(&self, from: &mut impl Read) -> io::Result<Vec<u8>> {
        self.fit.read(from, self.element, &self.shape, self.fortran_order)
    }
}

/// An error that says what is wrong with a file.
pub(super) fn wrong(what: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.into())
}

#[cfg(test)]
mod tests {
    use super::super::dtype::Dtype;
    use super::Header;

    fn file(version: [u8; 2], text: &[u8]) -> Vec<u8> {
        let mut file = [b"\x93NUMPY", &version[..]].concat();
        let len = (text.len() as u32).to_le_bytes();
        file.extend(&len[..if version[0] == 1 { 2 } else { 4 }]);
        file.extend(text);
        file
    }

    fn header(text: &str) -> std::io::Result<Header> {
        Header::read(&mut &file([1, 0], text.as_bytes())[..])
    }

    #[test]
    fn a_header_says_type_order_and_shape() {
        let read = header("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }   \n");
        let read = read.unwrap();
        assert_eq!((read.fortran_order, &read.shape[..]), (false, &[3, 4][..]));
        assert_eq!(read.dtype.to_string(), "'<f4'");
        let text =
            "{'shape': (), 'descr': [('at', '<f8', (2,)), ('id', '>u4')], 'fortran_order': True}";
        let read = header(text).unwrap();
        assert_eq!(read.dtype.to_string(), "[('at', '<f8', (2,)), ('id', '>u4')]");
        assert!(read.fortran_order && read.shape.is_empty());
    }

    /// What is not understood must not be taken for the default.
    #[test]
    fn nonsense_is_refused() {
        for text in [
            "",
            "{}",
            "{'descr': '<f4'}",
            "{'descr': '<f4', 'fortran_order': 1, 'shape': ()}",
            "{'descr': '<f4', 'fortran_order': 'True', 'shape': ()}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (a,)}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (3)}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (-3,)}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': [3]}",
            "{'descr': '|O', 'fortran_order': False, 'shape': (3,)}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), 'more': 1}",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (3,)} more",
        ] {
            assert!(header(text).is_err(), "{text}");
        }
        assert!(Header::read(&mut &b"PK\x03\x04 and so on"[..]).is_err());
        assert!(Header::read(&mut &b"\x93NUMPY\x02\0\xff\xff\xff\xff"[..]).is_err());
    }

    #[test]
    fn only_the_versions_of_numpy_are_read() {
        let text = b"{'descr': '<f4', 'fortran_order': False, 'shape': (3L,)}";
        for version in [[0, 0], [1, 1], [4, 0], [9, 7]] {
            assert!(Header::read(&mut &file(version, text)[..]).is_err(), "{version:?}");
        }
        for (version, reads) in [([1, 0], true), ([2, 0], true), ([3, 0], false)] {
            // The `L` of Python 2 is older than version 3.
            assert_eq!(Header::read(&mut &file(version, text)[..]).is_ok(), reads, "{version:?}");
        }
    }

    /// Versions 1 and 2 are Latin-1, version 3 is UTF-8.
    #[test]
    fn names_have_the_encoding_of_the_version() {
        let text = "{'descr': [('größe', '<f4')], 'fortran_order': False, 'shape': ()}";
        let latin: Vec<u8> = text.chars().map(|c| c as u8).collect();
        for (version, bytes) in [([1, 0], &latin[..]), ([2, 0], &latin), ([3, 0], text.as_bytes())]
        {
            let header = Header::read(&mut &file(version, bytes)[..]).unwrap();
            let Dtype::Struct(members) = header.dtype else { panic!("{version:?}") };
            assert_eq!(members[0].name, "größe");
        }
        assert!(Header::read(&mut &file([3, 0], &latin)[..]).is_err());
    }
}
