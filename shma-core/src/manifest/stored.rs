//! The manifest of a region whose state this program does not declare, from the region's own text.
//!
//! The text says more than is needed: names, types and slots determine the rest. So a manifest is
//! built from the least of it, laid out as a declaration would be, and written as text again. The
//! region's text has to say the same. Nothing of it is believed that was not computed here.

use std::collections::BTreeSet;

use bumpalo::Bump;
use serde_json::Value;

use super::element::{ElementType, MOST_DIMENSIONS, StructField};
use super::limits::{MAX_TEXT, MOST_OBJECTS};
use super::names::{is_field_name, is_identifier, is_state_name};
use super::{FORMAT, FieldManifest, Manifest, Notes, Number, OwnedManifest};
use crate::protocol::layout;

impl OwnedManifest {
    /// Reads the text of a region.
    ///
    /// # Errors
    ///
    /// A sentence about the text.
    pub(crate) fn of_text(text: &[u8]) -> Result<Self, String> {
        let stored = tree(text)?;
        Self::build(Notes::of_tree(&stored)?, |ground| Reader { ground }.manifest(&stored))
    }
}

/// The text of a region as a tree, or what is wrong with it.
fn tree(text: &[u8]) -> Result<Value, String> {
    if text.len() > MAX_TEXT {
        let len = text.len();
        return Err(format!("its manifest has {len} bytes, and at most {MAX_TEXT} are read"));
    }
    let objects = objects(text);
    if objects > MOST_OBJECTS {
        return Err(format!(
            "its manifest has {objects} objects, and at most {MOST_OBJECTS} are read"
        ));
    }
    serde_json::from_slice(text).map_err(|error| format!("its manifest is not JSON: {error}"))
}

/// How many objects begin in a text. A brace in a name is none.
fn objects(text: &[u8]) -> usize {
    let (mut objects, mut in_string, mut escaped) = (0, false, false);
    for byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' if !in_string => objects += 1,
            _ => {}
        }
    }
    objects
}

/// Puts names and types into the memory of a manifest.
#[derive(Clone, Copy)]
struct Reader<'m> {
    ground: &'m Bump,
}

impl<'m> Reader<'m> {
    fn manifest(self, stored: &Value) -> Result<Manifest<'m>, String> {
        if stored["format"].as_u64() != Some(FORMAT.into()) {
            let format = brief(&stored["format"]);
            return Err(format!(
                "its manifest has format {format}, and this program knows {FORMAT}"
            ));
        }
        let name = self.name(&stored["name"], is_state_name)?;
        let fields = stored["fields"].as_array().ok_or("its manifest lists no fields")?;
        let mut end = layout::HEADER_BYTES;
        let mut names = BTreeSet::new();
        let mut laid_out = Vec::with_capacity(fields.len());
        for field in fields {
            let field = self.field(field, end)?;
            if !names.insert(field.name) {
                return Err(format!("its manifest has two fields `{}`", field.name));
            }
            end = layout::align_up(field.end(), layout::ALIGN);
            laid_out.push(field);
        }
        let manifest = Manifest { name, fields: self.ground.alloc_slice_copy(&laid_out) };
        says("manifest", stored, &tree(manifest.to_json().as_bytes())?)?;
        Ok(manifest)
    }

    /// A field with its place, if an address can say that.
    fn field(self, field: &Value, offset: usize) -> Result<FieldManifest<'m>, String> {
        let name = self.name(&field["name"], is_field_name)?;
        let flag = |key: &str| {
            field[key].as_bool().ok_or_else(|| format!("its field `{name}` does not say `{key}`"))
        };
        let (timed, atomic) = (flag("timed")?, flag("atomic")?);
        let ty = self.ty(name, field)?;
        let slots = field["slots"].as_u64().unwrap_or(0) as usize;
        if if atomic { slots != 1 } else { !matches!(slots, 2 | 4 | 8) } {
            let slots = brief(&field["slots"]);
            return Err(format!("its field `{name}` is said to have {slots} slots"));
        }
        if atomic && !ty.scalar().number().is_some_and(Number::may_be_atomic) {
            return Err(format!("its field `{name}` cannot be atomic: its type is {ty}"));
        }
        let size = ty.size();
        let field = FieldManifest { name, ty, size, offset, slots, timed, atomic };
        if !field.fits() {
            return Err(format!("its field `{name}` is said to have {size} bytes"));
        }
        Ok(field)
    }

    /// A name by the rule for its kind: it comes from outside, and goes to terminals and files.
    fn name(self, value: &Value, is_name: impl Fn(&str) -> bool) -> Result<&'m str, String> {
        let name = value.as_str().ok_or("its manifest lacks a name")?;
        if !is_name(name) {
            return Err(format!("its manifest has the name {}", brief(value)));
        }
        Ok(self.ground.alloc_str(name))
    }

    /// The type of a field of a state, or of a struct element.
    fn ty(self, name: &str, value: &Value) -> Result<&'m ElementType<'m>, String> {
        let wrong = || format!("its field `{name}` has no type that this program understands");
        let shape = value["shape"].as_array().ok_or_else(wrong)?;
        if shape.len() > MOST_DIMENSIONS {
            return Err(wrong());
        }
        let mut ty = self.scalar(value).ok_or_else(wrong)?;
        for len in shape.iter().rev() {
            let len = len.as_u64().and_then(|len| usize::try_from(len).ok()).ok_or_else(wrong)?;
            let bytes = ty.size().checked_mul(len).ok_or_else(wrong)?;
            if bytes == 0 || bytes > layout::MAX_FIELD_BYTES {
                return Err(wrong());
            }
            ty = self.ground.alloc(ElementType::Array { of: ty, len });
        }
        Ok(ty)
    }

    fn scalar(self, value: &Value) -> Option<&'m ElementType<'m>> {
        let scalar = value["scalar"].as_str()?;
        let Some(layout) = value.get("struct") else {
            let number = Number::named(scalar)?;
            return Some(
                self.ground.alloc(ElementType::Number { name: number.name(), size: number.size() }),
            );
        };
        let name = self.name(&value["scalar"], is_identifier).ok()?;
        let mut fields = Vec::new();
        let mut end = 0_usize;
        for field in layout["fields"].as_array()? {
            let name = self.name(&field["name"], is_identifier).ok()?;
            let ty = self.ty(name, field).ok()?;
            // An element has no gaps.
            fields.push(StructField { name, ty, offset: end });
            end = end.checked_add(ty.size())?;
        }
        if end == 0 || end > layout::MAX_FIELD_BYTES {
            return None;
        }
        let fields = self.ground.alloc_slice_copy(&fields);
        Some(self.ground.alloc(ElementType::Struct { name, size: end, fields }))
    }
}

/// Whether `stored` says all that `computed` does. It may say more: a later version of the library
/// may have something to add.
fn says(key: &str, stored: &Value, computed: &Value) -> Result<(), String> {
    let differ = || {
        let (stored, computed) = (brief(stored), brief(computed));
        format!("its manifest contradicts itself: `{key}` is {stored}, and should be {computed}")
    };
    match (stored, computed) {
        (Value::Object(stored), Value::Object(computed)) => computed
            .iter()
            .try_for_each(|(key, value)| says(key, stored.get(key).unwrap_or(&Value::Null), value)),
        (Value::Array(stored), Value::Array(computed)) if stored.len() == computed.len() => stored
            .iter()
            .zip(computed)
            .try_for_each(|(stored, computed)| says(key, stored, computed)),
        _ if stored == computed => Ok(()),
        _ => Err(differ()),
    }
}

/// A value that may be anything, for a message.
fn brief(value: &Value) -> String {
    let text = value.to_string();
    let short: String = text.chars().take(60).flat_map(char::escape_debug).collect();
    if text.chars().nth(60).is_some() { short + ".." } else { short }
}
