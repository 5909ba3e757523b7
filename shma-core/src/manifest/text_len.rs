//! How long the text of a manifest is, known before there is a text.

use super::element::{ElementType, StructField};
use super::{FORMAT, FieldManifest, Manifest};
use crate::protocol::layout;

impl Manifest<'_> {
    /// Bytes of [`to_json`](Self::to_json).
    pub(super) const fn text_len(&self) -> usize {
        let byte_order = if cfg!(target_endian = "little") { "little" } else { "big" };
        let mut len = 2 + 32; // the fingerprint
        len += quoted(byte_order) + quoted(self.name) + digits(FORMAT as usize);
        len += keys(&["byte_order", "fields", "fingerprint", "format", "name"]);
        len += brackets(self.fields.len());
        let mut i = 0;
        while i < self.fields.len() {
            len += self.fields[i].text_len();
            i += 1;
        }
        len
    }
}

impl FieldManifest<'_> {
    const fn text_len(&self) -> usize {
        let mut len = members(self.name, self.ty, self.offset);
        len += digits(self.slots) + digits(self.slot_offset()) + digits(self.slot_stride());
        len += truth(self.timed) + truth(self.atomic);
        len += more_keys(&["slots", "slots_at", "slot_stride", "timed", "atomic"]);
        if self.atomic {
            len += digits(self.offset + layout::CONTROL_BYTES) + more_keys(&["stripes_at"]);
        }
        len
    }
}

/// The object of a field, as fields of a state and of a struct have it.
const fn members(name: &str, ty: &ElementType<'_>, offset: usize) -> usize {
    let mut len = quoted(name) + 2 + printed(ty) + 2 + printed(ty.scalar()) + shape(ty);
    len += quoted("C") + digits(ty.size()) + digits(offset);
    len += keys(&["name", "type", "scalar", "shape", "order", "size", "offset"]);
    if let ElementType::Struct { size, fields, .. } = ty.scalar() {
        len += more_keys(&["struct"]) + keys(&["size", "fields"]);
        len += digits(*size) + brackets(fields.len());
        let mut i = 0;
        while i < fields.len() {
            let StructField { name, ty, offset } = fields[i];
            len += members(name, ty, offset);
            i += 1;
        }
    }
    len
}

/// The list of lengths.
const fn shape(ty: &ElementType<'_>) -> usize {
    let mut ty = ty;
    let mut lengths = 0;
    let mut len = 0;
    while let ElementType::Array { of, len: length } = ty {
        lengths += 1;
        len += digits(*length);
        ty = of;
    }
    len + brackets(lengths)
}

/// A type as `Display` prints it.
const fn printed(ty: &ElementType<'_>) -> usize {
    match ty {
        ElementType::Number { name, .. } | ElementType::Struct { name, .. } => name.len(),
        ElementType::Array { of, len } => "[; ]".len() + printed(of) + digits(*len),
    }
}

/// Braces of an object, and its keys with colons and commas.
const fn keys(keys: &[&str]) -> usize {
    2 + more_keys(keys) - 1
}

/// Further keys of an object.
const fn more_keys(keys: &[&str]) -> usize {
    let mut len = 0;
    let mut i = 0;
    while i < keys.len() {
        len += "\"\":,".len() + keys[i].len();
        i += 1;
    }
    len
}

/// Brackets and commas of a list.
const fn brackets(items: usize) -> usize {
    2 + items.saturating_sub(1)
}

const fn truth(value: bool) -> usize {
    if value { "true".len() } else { "false".len() }
}

/// Digits of a number in decimal.
pub(super) const fn digits(number: usize) -> usize {
    match number.checked_ilog10() {
        Some(log) => log as usize + 1,
        None => 1,
    }
}

/// A text in quotes, with what JSON escapes.
const fn quoted(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut len = 2;
    let mut i = 0;
    while i < bytes.len() {
        len += match bytes[i] {
            b'"' | b'\\' | 0x08 | 0x09 | 0x0a | 0x0c | 0x0d => 2,
            0x00..0x20 => "\\u0000".len(),
            _ => 1,
        };
        i += 1;
    }
    len
}

#[cfg(test)]
mod tests {
    use crate::manifest::element::{Element, ElementType, StructField};
    use crate::manifest::{FieldSpec, Manifest, lay_out};

    fn agrees<const N: usize>(name: &'static str, fields: [FieldSpec; N]) {
        let manifest = Manifest::new(name, Box::leak(Box::new(lay_out(fields))));
        let text = manifest.to_json();
        assert_eq!(text, manifest.tree().to_string());
        assert_eq!(manifest.text_len(), text.len(), "{text}");
    }

    /// A length that is too small would let a state build that nothing can open.
    #[test]
    fn the_length_is_that_of_the_text() {
        agrees("Model", []);
        agrees("a \"model\" \\ größe", [FieldSpec::of::<u8>("x")]);
        agrees(
            "Model",
            [
                FieldSpec::of::<[[f32; 784]; 128]>("weights"),
                FieldSpec::of::<[u64; 1_000_000]>("größe").slots(8).timed(),
                FieldSpec::of::<[u32; 3]>("layers.0.hits").atomic(),
                FieldSpec::of::<u128>("last"),
            ],
        );
    }

    /// A struct is described wherever it is used, with its own members.
    #[test]
    fn structs_count_with_their_members() {
        const NUMBER: &ElementType<'static> = <[u16; 12]>::TYPE;
        const POINT: &ElementType<'static> = &ElementType::Struct {
            name: "Point",
            size: 48,
            fields: &[StructField::new("first", NUMBER, 0), StructField::new("x", NUMBER, 24)],
        };
        const LINES: &ElementType<'static> = &ElementType::Array {
            of: &ElementType::Struct {
                name: "Line",
                size: 144,
                fields: &[
                    StructField::new("from", POINT, 0),
                    StructField::new("between", &ElementType::Array { of: POINT, len: 2 }, 48),
                ],
            },
            len: 1000,
        };
        let [mut one, mut two] =
            lay_out([FieldSpec::of::<u8>("lines").timed(), FieldSpec::of::<u8>("point")]);
        (one.ty, two.ty) = (LINES, POINT);
        let manifest = Manifest::new("Drawing", Box::leak(Box::new([one, two])));
        let text = manifest.to_json();
        assert_eq!(text, manifest.tree().to_string());
        assert_eq!(manifest.text_len(), text.len(), "{text}");
    }
}
