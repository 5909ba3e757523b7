//! The text of a manifest, written without a tree of its values, and compared as it is written. Every process
//! that opens a region compares this text with the region's. As a tree of some ten values a field that
//! took ten milliseconds for 1,000 fields.
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
        self.open_json() + "}"
    }

    /// The same without the last brace, before which notes may stand.
    pub(super) fn open_json(&self) -> String {
        let mut text = String::with_capacity(FIELD_BYTES * (1 + self.fields.len()));
        self.write(&mut text, self.fingerprint())
            .expect("a string takes all that is written to it");
        text
    }

    /// What follows [`open_json`](Self::open_json), if this text begins with it. The caller has computed the
    /// fingerprint.
    pub(super) fn behind_json<'t>(&self, text: &'t [u8], fingerprint: u128) -> Option<&'t [u8]> {
        let mut expected = Expected(text);
        self.write(&mut expected, fingerprint).is_ok().then_some(expected.0)
    }

    fn write(&self, text: &mut impl Write, fingerprint: u128) -> fmt::Result {
        let order = if cfg!(target_endian = "little") { "little" } else { "big" };
        write!(text, "{{\"byte_order\":\"{order}\",\"fields\":")?;
        list(text, self.fields, FieldManifest::write)?;
        write!(text, ",\"fingerprint\":\"{fingerprint:032x}\",\"format\":{FORMAT}")?;
        write!(text, ",\"name\":{}", Quoted(self.name))
    }
}

impl FieldManifest<'_> {
    fn write(&self, text: &mut impl Write) -> fmt::Result {
        write!(text, "{{\"atomic\":{},", self.atomic)?;
        common(text, self.name, self.ty, self.offset)?;
        write!(text, ",\"slot_stride\":{},\"slots\":{}", self.slot_stride(), self.slots)?;
        write!(text, ",\"slots_at\":{}", self.slot_offset())?;
        if self.atomic {
            write!(text, ",\"stripes_at\":{}", self.offset + layout::CONTROL_BYTES)?;
        }
        members(text, self.ty)?;
        write!(text, ",\"timed\":{},\"type\":{}}}", self.timed, Quoted(self.ty))
    }
}

impl StructField<'_> {
    fn write(&self, text: &mut impl Write) -> fmt::Result {
        text.write_char('{')?;
        common(text, self.name, self.ty, self.offset)?;
        members(text, self.ty)?;
        write!(text, ",\"type\":{}}}", Quoted(self.ty))
    }
}

/// What fields of a state and fields of a struct have in common, up to the size.
fn common(text: &mut impl Write, name: &str, ty: &ElementType<'_>, offset: usize) -> fmt::Result {
    write!(text, "\"name\":{},\"offset\":{offset},\"order\":\"C\"", Quoted(name))?;
    write!(text, ",\"scalar\":{},\"shape\":[", Quoted(ty.scalar()))?;
    let mut rest = ty;
    let mut comma = "";
    while let ElementType::Array { of, len } = rest {
        write!(text, "{comma}{len}")?;
        (rest, comma) = (of, ",");
    }
    write!(text, "],\"size\":{}", ty.size())
}

/// The members of a struct, if the type's innermost elements are structs.
fn members(text: &mut impl Write, ty: &ElementType<'_>) -> fmt::Result {
    let ElementType::Struct { size, fields, .. } = ty.scalar() else { return Ok(()) };
    text.write_str(",\"struct\":{\"fields\":")?;
    list(text, fields, StructField::write)?;
    write!(text, ",\"size\":{size}}}")
}

fn list<T, W: Write>(
    text: &mut W,
    items: &[T],
    write: impl Fn(&T, &mut W) -> fmt::Result,
) -> fmt::Result {
    text.write_char('[')?;
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            text.write_char(',')?;
        }
        write(item, text)?;
    }
    text.write_char(']')
}

/// Takes what is written as long as this text goes on with it.
struct Expected<'t>(&'t [u8]);

impl Write for Expected<'_> {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        self.0 = self.0.strip_prefix(part.as_bytes()).ok_or(fmt::Error)?;
        Ok(())
    }
}

/// As JSON writes a text.
struct Quoted<T>(T);

impl<T: Display> Display for Quoted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char('"')?;
        write!(Escaped(f), "{}", self.0)?;
        f.write_char('"')
    }
}

/// Writes what stands between the quotes.
struct Escaped<'a, 'f>(&'a mut fmt::Formatter<'f>);

impl Write for Escaped<'_, '_> {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        let is_plain = |byte: u8| byte >= b' ' && byte != b'"' && byte != b'\\';
        if part.bytes().all(is_plain) {
            return self.0.write_str(part);
        }
        let quoted = serde_json::Value::from(part).to_string();
        self.0.write_str(&quoted[1..quoted.len() - 1])
    }
}
