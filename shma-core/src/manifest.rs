//! The key manifest: names, types and offsets of a state's fields, as a constant and as JSON.

use std::fmt;

use serde_json::{Value, json};

use crate::element::{Element, ElementType};
use crate::layout;

/// The version of the bytes in a region; it is part of every fingerprint.
pub const FORMAT: u32 = 1;

/// Slots of a field that does not say `#[shm(slots = ..)]`.
const DEFAULT_SLOTS: usize = 4;

/// What lies in a region: the declared name and the fields in declaration order.
///
/// `Display` prints a table, [`to_json`](Self::to_json) the text that lies in the region.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Manifest {
    /// The declared name: the struct's identifier, or what `#[shm(name = "..")]` says.
    pub name: &'static str,
    /// The fields in declaration order.
    pub fields: &'static [FieldManifest],
}

/// One field of a state: a partition of the region.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct FieldManifest {
    /// Its name.
    pub name: &'static str,
    /// Its type; prints as in Rust.
    pub ty: &'static ElementType,
    /// Bytes of one value. The region holds [`slots`](Self::slots) of them.
    pub size: usize,
    /// Where its partition starts in the region, in bytes.
    pub offset: usize,
    /// How many slots it has; 1 for an atomic field.
    pub slots: usize,
    /// Whether publications are timed by the precise clock.
    pub timed: bool,
    /// Whether every element is its own atomic.
    pub atomic: bool,
}

impl FieldManifest {
    /// Where the first slot starts in the region, in bytes.
    pub const fn slot_offset(&self) -> usize {
        let stripes = if self.atomic { layout::STRIPES_BYTES } else { 0 };
        layout::plus(self.offset, layout::CONTROL_BYTES + stripes)
    }

    /// Distance between two slots in bytes.
    pub const fn slot_stride(&self) -> usize {
        layout::slot_stride(self.size)
    }

    const fn end(&self) -> usize {
        layout::plus(self.slot_offset(), layout::times(self.slot_stride(), self.slots))
    }
}

/// A field before it has its place; for generated code.
#[doc(hidden)]
#[derive(Debug, Clone, Copy)]
pub struct FieldSpec {
    name: &'static str,
    ty: &'static ElementType,
    slots: usize,
    timed: bool,
    atomic: bool,
}

impl FieldSpec {
    /// A field of type `T` with the default attributes.
    pub const fn of<T: Element>(name: &'static str) -> Self {
        assert!(size_of::<T>() == T::TYPE.size(), "an element's type describes all its bytes");
        assert!(size_of::<T>() > 0, "a field has at least one byte");
        assert!(
            size_of::<T>() <= layout::MAX_FIELD_BYTES,
            "a field of a state is at most 32 GiB; split it into several fields"
        );
        Self { name, ty: T::TYPE, slots: DEFAULT_SLOTS, timed: false, atomic: false }
    }

    /// With so many slots.
    pub const fn slots(mut self, slots: usize) -> Self {
        assert!(slots == 2 || slots == 4 || slots == 8, "a field has 2, 4 or 8 slots");
        self.slots = slots;
        self
    }

    /// With the precise clock.
    pub const fn timed(mut self) -> Self {
        self.timed = true;
        self
    }

    /// With every element its own atomic, in a single slot.
    pub const fn atomic(mut self) -> Self {
        self.atomic = true;
        self.slots = 1;
        self
    }
}

/// Gives every field its place, one behind the other; for generated code.
#[doc(hidden)]
pub const fn lay_out<const N: usize>(specs: [FieldSpec; N]) -> [FieldManifest; N] {
    let mut fields = [FieldManifest {
        name: "",
        ty: &const { ElementType::Number { name: "", size: 0 } },
        size: 0,
        offset: 0,
        slots: 0,
        timed: false,
        atomic: false,
    }; N];
    let mut offset = layout::HEADER_BYTES;
    let mut i = 0;
    while i < N {
        let FieldSpec { name, ty, slots, timed, atomic } = specs[i];
        fields[i] = FieldManifest { name, ty, size: ty.size(), offset, slots, timed, atomic };
        offset = layout::align_up(fields[i].end(), layout::ALIGN);
        i += 1;
    }
    fields
}

impl Manifest {
    /// For generated code.
    #[doc(hidden)]
    pub const fn new(name: &'static str, fields: &'static [FieldManifest]) -> Self {
        Self { name, fields }
    }

    /// Where the partitions end and the manifest's text starts, in bytes.
    pub(crate) const fn tail(&self) -> usize {
        match self.fields {
            [] => layout::HEADER_BYTES,
            [.., last] => layout::align_up(last.end(), layout::ALIGN),
        }
    }

    /// The 128 bits by which two programs know that they agree: FNV-1a over the declared name, the
    /// format version, and for each field in order its name, type, shape, slots, timed and atomic.
    ///
    /// It tells accidents apart, not attacks: whoever may write a region may write anything.
    pub const fn fingerprint(&self) -> u128 {
        let mut hash = Fnv::new().number(FORMAT as usize).text(self.name);
        hash = hash.number(self.fields.len());
        let mut i = 0;
        while i < self.fields.len() {
            let field = &self.fields[i];
            hash = hash.text(field.name).ty(field.ty).number(field.slots);
            hash = hash.number(field.timed as usize).number(field.atomic as usize);
            i += 1;
        }
        hash.0
    }
}

/// FNV-1a in 128 bits (Fowler, Noll, Vo; the parameters are those of their reference code). Every
/// part is prefixed by its length or its kind, so that no two declarations run together.
#[derive(Clone, Copy)]
struct Fnv(u128);

impl Fnv {
    const fn new() -> Self {
        Self(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d)
    }

    const fn byte(self, byte: u8) -> Self {
        Self((self.0 ^ byte as u128).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b))
    }

    const fn bytes(mut self, bytes: &[u8]) -> Self {
        let mut i = 0;
        while i < bytes.len() {
            self = self.byte(bytes[i]);
            i += 1;
        }
        self
    }

    const fn number(self, number: usize) -> Self {
        self.bytes(&(number as u64).to_le_bytes())
    }

    const fn text(self, text: &str) -> Self {
        self.number(text.len()).bytes(text.as_bytes())
    }

    const fn ty(self, ty: &ElementType) -> Self {
        match ty {
            ElementType::Number { name, size } => self.byte(b'n').text(name).number(*size),
            ElementType::Array { of, len } => self.byte(b'a').number(*len).ty(of),
            ElementType::Struct { name, size, fields } => {
                let mut hash = self.byte(b's').text(name).number(*size).number(fields.len());
                let mut i = 0;
                while i < fields.len() {
                    hash = hash.text(fields[i].name).number(fields[i].offset).ty(fields[i].ty);
                    i += 1;
                }
                hash
            }
        }
    }
}

/// Stops the build when a pinned layout changed; for generated code.
#[doc(hidden)]
pub const fn check_pin(actual: u128, pinned: u128) {
    if actual == pinned {
        return;
    }
    const TEXT: &[u8] = b"the layout changed: its fingerprint is now 0x";
    let mut message = [0; TEXT.len() + 32];
    let mut i = 0;
    while i < TEXT.len() {
        message[i] = TEXT[i];
        i += 1;
    }
    let mut digit = 0;
    while digit < 32 {
        let nibble = (actual >> (124 - 4 * digit)) as usize & 0xf;
        message[TEXT.len() + digit] = b"0123456789abcdef"[nibble];
        digit += 1;
    }
    match std::str::from_utf8(&message) {
        Ok(message) => panic!("{}", message),
        Err(_) => panic!("the layout changed"),
    }
}

impl Manifest {
    /// The text that lies in the region: names, types, shapes, offsets, slots and element order of
    /// all fields, for tools that do not have the struct.
    ///
    /// Offsets and sizes are in bytes; `offset` is where the field's partition starts, `slots_at`
    /// where its first slot does, `slot_stride` how far apart they are. `order` says that arrays
    /// lie in C order, `stripes_at` where the eight counters of an atomic field are, 128 bytes
    /// apart. `fingerprint` is in hexadecimal.
    pub fn to_json(&self) -> String {
        let fields: Vec<Value> = self.fields.iter().map(FieldManifest::describe).collect();
        json!({
            "name": self.name,
            "format": FORMAT,
            "byte_order": if cfg!(target_endian = "little") { "little" } else { "big" },
            "fingerprint": format!("{:032x}", self.fingerprint()),
            "fields": fields,
        })
        .to_string()
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

impl fmt::Display for Manifest {
    /// A table: a line for each field with its type, size, offset and slots.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let types: Vec<String> = self.fields.iter().map(|field| field.ty.to_string()).collect();
        let width =
            |texts: &mut dyn Iterator<Item = usize>, least| texts.max().unwrap_or(0).max(least);
        let name = width(&mut self.fields.iter().map(|field| field.name.len()), "field".len());
        let ty = width(&mut types.iter().map(String::len), "type".len());
        writeln!(f, "{}, fingerprint {:#034x}", self.name, self.fingerprint())?;
        writeln!(f, "{:name$}  {:ty$}  {:>12}  {:>12}  slots", "field", "type", "bytes", "offset")?;
        for (field, printed) in self.fields.iter().zip(&types) {
            write!(
                f,
                "{:name$}  {printed:ty$}  {:>12}  {:>12}  {:>5}",
                field.name, field.size, field.offset, field.slots
            )?;
            writeln!(
                f,
                "{}{}",
                if field.timed { "  timed" } else { "" },
                if field.atomic { "  atomic" } else { "" }
            )?;
        }
        Ok(())
    }
}

/// More differences than this are counted only: a region may hold any number of fields.
const MOST_LINES: usize = 40;

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
        let value: Value = serde_json::from_slice(text)
            .map_err(|error| format!("its manifest is not JSON: {error}"))?;
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
