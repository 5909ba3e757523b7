//! The text of a manifest, written without a tree of its values. Every process that
//! opens a region makes this text and compares it with the region's. As a tree of some ten values a field
//! that took ten milliseconds for 1,000 fields.
//!
//! The keys of each object are in the order of their letters, as they are in the text of a tree.

use std::fmt::{self, Display, Write};

use super::element::{ElementType, StructField};
use super::{FORMAT, FieldManifest, Manifest};
use crate::protocol::layout;

/// Bytes of a field's text, roughly.
const FIELD_BYTES: usize = 256;

impl Manifest<'_> {
    /// The text that lies in the region: names, types, shapes, offsets, slots and element order of
    /// all fields, for tools that do not have the struct.
    ///
    /// Offsets and sizes are in bytes; `offset` is where the field's partition starts, `slots_at`
    /// where its first slot does, `slot_stride` how far apart they are. `order` says that arrays
    /// lie in C order, `stripes_at` where the eight counters of an atomic field are, 128 bytes
    /// apart. `fingerprint` is in hexadecimal.
    pub fn to_json(&self) -> String {
        let mut text = String::with_capacity(FIELD_BYTES * (1 + self.fields.len()));
        self.write(&mut text).expect("a string takes all that is written to it");
        text
    }

    fn write(&self, text: &mut String) -> fmt::Result {
        let order = if cfg!(target_endian = "little") { "little" } else { "big" };
        write!(text, "{{\"byte_order\":\"{order}\",\"fields\":")?;
        list(text, self.fields, FieldManifest::write)?;
        write!(text, ",\"fingerprint\":\"{:032x}\",\"format\":{FORMAT}", self.fingerprint())?;
        write!(text, ",\"name\":{}}}", Quoted(self.name))
    }
}

impl FieldManifest<'_> {
    fn write(&self, text: &mut String) -> fmt::Result {
        write!(text, "{{\"atomic\":{},", self.atomic)?;
        common(text, self.name, self.ty, self.offset)?;
        write!(text, ",\"slot_stride\":{},\"slots\":{}", self.slot_stride(), self.slots)?;
        write!(text, ",\"slots_at\":{}", self.slot_offset())?;
        if self.atomic {
            write!(text, ",\"stripes_at\":{}", self.offset + layout::CONTROL_BYTES)?;
        }
        members(text, self.ty)?;
        write!(text, ",\"timed\":{},\"type\":{}}}", self.timed, Quoted(&self.ty.to_string()))
    }
}

impl StructField<'_> {
    fn write(&self, text: &mut String) -> fmt::Result {
        text.push('{');
        common(text, self.name, self.ty, self.offset)?;
        members(text, self.ty)?;
        write!(text, ",\"type\":{}}}", Quoted(&self.ty.to_string()))
    }
}

/// What fields of a state and fields of a struct have in common, up to the size.
fn common(text: &mut String, name: &str, ty: &ElementType<'_>, offset: usize) -> fmt::Result {
    write!(text, "\"name\":{},\"offset\":{offset},\"order\":\"C\"", Quoted(name))?;
    write!(text, ",\"scalar\":{},\"shape\":[", Quoted(&ty.scalar().to_string()))?;
    let mut rest = ty;
    let mut comma = "";
    while let ElementType::Array { of, len } = rest {
        write!(text, "{comma}{len}")?;
        (rest, comma) = (of, ",");
    }
    write!(text, "],\"size\":{}", ty.size())
}

/// The members of a struct, if the type's innermost elements are structs.
fn members(text: &mut String, ty: &ElementType<'_>) -> fmt::Result {
    let ElementType::Struct { size, fields, .. } = ty.scalar() else { return Ok(()) };
    text.push_str(",\"struct\":{\"fields\":");
    list(text, fields, StructField::write)?;
    write!(text, ",\"size\":{size}}}")
}

fn list<T>(
    text: &mut String,
    items: &[T],
    write: impl Fn(&T, &mut String) -> fmt::Result,
) -> fmt::Result {
    text.push('[');
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        write(item, text)?;
    }
    text.push(']');
    Ok(())
}

/// A text as JSON writes it.
struct Quoted<'a>(&'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
        if self.0.bytes().all(is_plain) {
            return write!(f, "\"{}\"", self.0);
        }
        Display::fmt(&serde_json::Value::from(self.0), f)
    }
}
