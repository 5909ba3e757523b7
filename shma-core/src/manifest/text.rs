//! The manifest as text: what a region says of itself, and how that differs from a declaration.

use serde_json::{Value, json};

use super::{FORMAT, FieldManifest, Manifest};
use crate::element::ElementType;
use crate::layout;

impl Manifest {
    /// The text that lies in the region: names, types, shapes, offsets, slots and element order of
    /// all fields, for tools that do not have the struct.
    ///
    /// Offsets and sizes are in bytes; `offset` is where the field's partition starts, `slots_at`
    /// where its first slot does, `slot_stride` how far apart they are. `order` says that arrays
    /// lie in C order, `stripes_at` where the eight counters of an atomic field are, 128 bytes
    /// apart. `fingerprint` is in hexadecimal.
    pub fn to_json(&self) -> String {
        self.tree().to_string()
    }

    /// The same, before it is text.
    pub(super) fn tree(&self) -> Value {
        let fields: Vec<Value> = self.fields.iter().map(FieldManifest::describe).collect();
        json!({
            "name": self.name,
            "format": FORMAT,
            "byte_order": if cfg!(target_endian = "little") { "little" } else { "big" },
            "fingerprint": format!("{:032x}", self.fingerprint()),
            "fields": fields,
        })
    }
}

impl FieldManifest {
    fn describe(&self) -> Value {
        let mut value = describe(self.name, self.ty, self.offset);
        value["slots"] = self.slots.into();
        value["slots_at"] = self.slot_offset().into();
        value["slot_stride"] = self.slot_stride().into();
        value["timed"] = self.timed.into();
        value["atomic"] = self.atomic.into();
        if self.atomic {
            value["stripes_at"] = (self.offset + layout::CONTROL_BYTES).into();
        }
        value
    }
}

/// What fields of a state and fields of a struct element have in common.
fn describe(name: &str, ty: &ElementType, offset: usize) -> Value {
    let mut value = json!({
        "name": name,
        "type": ty.to_string(),
        "scalar": ty.scalar().to_string(),
        "shape": ty.shape(),
        "order": "C",
        "size": ty.size(),
        "offset": offset,
    });
    if let ElementType::Struct { size, fields, .. } = ty.scalar() {
        let fields: Vec<Value> =
            fields.iter().map(|field| describe(field.name, field.ty, field.offset)).collect();
        value["struct"] = json!({ "size": size, "fields": fields });
    }
    value
}

/// More differences than this are counted only: a region may hold any number of fields.
const MOST_LINES: usize = 40;

/// The longest text that is read: thousands of fields, and not so many that somebody who puts a
/// hostile file under a name costs those who open it more than some milliseconds.
pub(crate) const MAX_TEXT: usize = 512 << 10;

/// The most objects in a text. Those that this library writes take 55 bytes and more, so that no text
/// of the greatest length has so many; small ones by the hundred thousand would cost those who open
/// the region tens of milliseconds.
const MOST_OBJECTS: usize = 10_000;

/// The text of a region as a tree, or what is wrong with it.
pub(super) fn tree(text: &[u8]) -> Result<Value, String> {
    let objects = text.iter().filter(|&&byte| byte == b'{').count();
    if objects > MOST_OBJECTS {
        return Err(format!(
            "its manifest has {objects} objects, and at most {MOST_OBJECTS} are read"
        ));
    }
    serde_json::from_slice(text).map_err(|error| format!("its manifest is not JSON: {error}"))
}

/// A manifest as a region tells it: text from outside that has the right shape.
#[derive(Debug)]
pub(crate) struct ForeignManifest {
    name: String,
    fields: Vec<ForeignField>,
}

#[derive(Debug, PartialEq, Eq)]
struct ForeignField {
    name: String,
    /// All that counts for the layout, as one text.
    shape: String,
}

impl ForeignManifest {
    /// Reads the text of a region, or says what is wrong with it.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, String> {
        let value = tree(text)?;
        Self::of(&value).ok_or_else(|| "its manifest lacks names, types or sizes".to_owned())
    }

    fn of(value: &Value) -> Option<Self> {
        let fields = value["fields"].as_array()?.iter().map(ForeignField::of);
        Some(Self {
            name: value["name"].as_str()?.to_owned(),
            fields: fields.collect::<Option<_>>()?,
        })
    }

    /// One line for each thing in which `self`, the region's, differs from `ours`.
    pub(crate) fn difference(&self, ours: &Manifest) -> String {
        let mine = Self::of_ours(ours);
        let mut lines = Vec::new();
        if self.name != mine.name {
            let theirs = self.name.escape_debug();
            lines.push(format!(
                "  declared name: the region has {theirs}, this program {}",
                mine.name
            ));
        }
        let reordered = self.same_names(&mine);
        for (i, theirs) in self.fields.iter().enumerate() {
            // Text from outside: it may hold anything, and goes to somebody's terminal.
            let (name, shape) = (theirs.name.escape_debug(), theirs.shape.escape_debug());
            match mine.fields.iter().position(|field| field.name == theirs.name) {
                None => lines.push(format!("  {name}: only the region has it, as {shape}")),
                Some(at) if mine.fields[at] != *theirs => lines.push(format!(
                    "  {name}: the region has {shape}, this program {}",
                    mine.fields[at].shape
                )),
                Some(at) if at != i && reordered => lines.push(format!(
                    "  {name}: field number {} in the region, number {} in this program",
                    i + 1,
                    at + 1
                )),
                Some(_) => {}
            }
        }
        for ours in &mine.fields {
            if !self.fields.iter().any(|field| field.name == ours.name) {
                lines.push(format!("  {}: only this program has it, as {}", ours.name, ours.shape));
            }
        }
        if lines.is_empty() {
            lines.push("  the fingerprints differ, although no field does".to_owned());
        }
        if lines.len() > MOST_LINES {
            let more = lines.len() - MOST_LINES;
            lines.truncate(MOST_LINES);
            lines.push(format!("  and {more} more differences"));
        }
        lines.join("\n")
    }

    /// Whether the text describes exactly `ours`.
    pub(crate) fn is(&self, ours: &Manifest) -> bool {
        let mine = Self::of_ours(ours);
        self.name == mine.name && self.fields == mine.fields
    }

    fn of_ours(ours: &Manifest) -> Self {
        let fields = ours.fields.iter().map(|field| ForeignField {
            name: field.name.to_owned(),
            shape: ForeignField::shape(&field.describe()).unwrap_or_default(),
        });
        Self { name: ours.name.to_owned(), fields: fields.collect() }
    }

    fn same_names(&self, other: &Self) -> bool {
        self.fields.len() == other.fields.len()
            && self
                .fields
                .iter()
                .all(|field| other.fields.iter().any(|ours| ours.name == field.name))
    }
}

impl ForeignField {
    fn of(value: &Value) -> Option<Self> {
        Some(Self { name: value["name"].as_str()?.to_owned(), shape: Self::shape(value)? })
    }

    fn shape(value: &Value) -> Option<String> {
        let mut shape = value["type"].as_str()?.to_owned();
        shape += &format!(" ({} bytes", value["size"].as_u64()?);
        if let Some(slots) = value["slots"].as_u64() {
            shape += &format!(", {slots} slots");
        }
        for flag in ["timed", "atomic"] {
            if value[flag].as_bool() == Some(true) {
                shape += &format!(", {flag}");
            }
        }
        shape.push(')');
        if let Some(fields) = value["struct"]["fields"].as_array() {
            let fields: Option<Vec<String>> = fields.iter().map(Self::member).collect();
            shape += &format!(" of {{ {} }}", fields?.join(", "));
        }
        Some(shape)
    }

    fn member(value: &Value) -> Option<String> {
        let Self { name, shape } = Self::of(value)?;
        Some(format!("{name} at {}: {shape}", value["offset"].as_u64()?))
    }
}
