//! Arrays in the format of `numpy.save`: a text that says type and shape, and the bytes.
//!
//! numpy has no type for `u128`, `i128` and `bf16`. They are written as raw bytes, `|V16` and `|V2`;
//! the latter is what the package `ml_dtypes` makes of its `bfloat16`.

use std::io::{self, Read, Write};

use shma_core::ElementType;

const MAGIC: &[u8; 6] = b"\x93NUMPY";

/// A header is padded so that the bytes behind it start at a multiple of this.
const ALIGN: usize = 64;

/// Longer headers are not read; those of states have a few hundred bytes.
const LONGEST: usize = 1 << 20;

/// numpy's description of a scalar.
pub fn descr(scalar: &ElementType<'_>) -> String {
    let order = if cfg!(target_endian = "little") { '<' } else { '>' };
    let ElementType::Number { name, .. } = scalar else { return format!("[{}]", members(scalar)) };
    match *name {
        "u8" => "'|u1'".into(),
        "i8" => "'|i1'".into(),
        "u128" | "i128" => "'|V16'".into(),
        "bf16" => "'|V2'".into(),
        "f16" => format!("'{order}f2'"),
        "f32" => format!("'{order}f4'"),
        "f64" => format!("'{order}f8'"),
        "Complex<f32>" => format!("'{order}c8'"),
        "Complex<f64>" => format!("'{order}c16'"),
        integer => format!("'{order}{}{}'", &integer[..1], scalar.size()),
    }
}

fn members(scalar: &ElementType<'_>) -> String {
    let ElementType::Struct { fields, .. } = scalar else { return String::new() };
    let member = |field: &shma_core::StructField<'_>| {
        let (name, descr) = (quoted(field.name), descr(field.ty.scalar()));
        match field.ty.shape() {
            shape if shape.is_empty() => format!("({name}, {descr})"),
            shape => format!("({name}, {descr}, {})", tuple(&shape)),
        }
    };
    fields.iter().map(member).collect::<Vec<_>>().join(", ")
}

/// A name as Python writes it.
fn quoted(name: &str) -> String {
    format!("'{}'", name.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// A tuple as Python writes it: one element has a comma behind it.
fn tuple(shape: &[usize]) -> String {
    match shape {
        [len] => format!("({len},)"),
        shape => {
            format!("({})", shape.iter().map(usize::to_string).collect::<Vec<_>>().join(", "))
        }
    }
}

/// Writes an array in C order.
pub fn write(
    to: &mut impl Write,
    scalar: &ElementType<'_>,
    shape: &[usize],
    bytes: &[u8],
) -> io::Result<()> {
    let descr = descr(scalar);
    let text = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': {}, }}", tuple(shape));
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
    /// numpy's description of the scalar, without blanks.
    pub descr: String,
    pub fortran_order: bool,
    pub shape: Vec<usize>,
}

/// Reads as far as the array's bytes.
pub fn read_header(from: &mut impl Read) -> io::Result<Header> {
    let mut start = [0; 8];
    from.read_exact(&mut start)?;
    if start[..6] != *MAGIC {
        return Err(invalid("it does not begin like a file of numpy.save"));
    }
    let mut len = [0; 4];
    from.read_exact(&mut len[..if start[6] == 1 { 2 } else { 4 }])?;
    let len = u32::from_le_bytes(len) as usize;
    if len > LONGEST {
        return Err(invalid("its header is too long"));
    }
    let mut text = vec![0; len];
    from.read_exact(&mut text)?;
    let text = String::from_utf8(text).map_err(|_| invalid("its header is no text"))?;
    parse(&text).ok_or_else(|| invalid("its header does not say descr, fortran_order and shape"))
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// Reads the dictionary with exactly the three keys that the format knows.
fn parse(text: &str) -> Option<Header> {
    let inside = text.trim().strip_prefix('{')?.strip_suffix('}')?;
    let (mut descr, mut fortran_order, mut shape) = (None, None, None);
    for item in split(inside) {
        let (key, value) = item.split_once(':')?;
        match key.trim().trim_matches(['\'', '"']) {
            "descr" => descr = Some(without_blanks(value)),
            "fortran_order" => fortran_order = Some(value.trim() == "True"),
            "shape" => {
                let lengths = value.trim().strip_prefix('(')?.strip_suffix(')')?;
                let lengths = lengths.split(',').map(str::trim).filter(|len| !len.is_empty());
                shape = Some(lengths.map(|len| len.parse().ok()).collect::<Option<_>>()?);
            }
            _ => return None,
        }
    }
    Some(Header { descr: descr?, fortran_order: fortran_order?, shape: shape? })
}

/// The items between commas that are in no bracket and no quotes.
fn split(text: &str) -> Vec<&str> {
    let (mut items, mut depth, mut quote, mut first) = (Vec::new(), 0_i32, None, 0);
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            _ if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '(' | '[') => depth += 1,
            (None, ')' | ']') => depth -= 1,
            (None, ',') if depth == 0 => {
                items.push(&text[first..at]);
                first = at + 1;
            }
            _ => {}
        }
    }
    items.push(&text[first..]);
    items.retain(|item| !item.trim().is_empty());
    items
}

/// A description in the form that two of them are compared in.
pub fn without_blanks(descr: &str) -> String {
    descr.chars().filter(|c| !c.is_whitespace()).collect()
}

#[cfg(test)]
mod tests {
    use super::{Header, read_header};

    fn header(text: &str) -> std::io::Result<Header> {
        let mut file = b"\x93NUMPY\x01\0".to_vec();
        file.extend((text.len() as u16).to_le_bytes());
        file.extend(text.as_bytes());
        read_header(&mut &file[..])
    }

    #[test]
    fn a_header_of_numpy_is_refused() {
        let read = header("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }   \n");
        let descr = "'<f4'".to_owned();
        assert_eq!(read.unwrap(), Header { descr, fortran_order: false, shape: vec![3, 4] });
        let text =
            "{'descr': [('at', '<f8', (2,)), ('id', '<u4')], 'fortran_order': True, 'shape': (), }";
        let read = header(text).unwrap();
        assert_eq!(read.descr, "[('at','<f8',(2,)),('id','<u4')]");
        assert!(read.fortran_order && read.shape.is_empty());
    }

    #[test]
    fn nonsense_is_a_header() {
        for text in
            ["", "{}", "{'descr': '<f4'}", "{'shape': (a,), 'descr': 1, 'fortran_order': 1}"]
        {
            assert!(header(text).is_err(), "{text}");
        }
        assert!(read_header(&mut &b"PK\x03\x04 and so on"[..]).is_err());
        assert!(read_header(&mut &b"\x93NUMPY\x02\0\xff\xff\xff\xff"[..]).is_err());
    }
}
