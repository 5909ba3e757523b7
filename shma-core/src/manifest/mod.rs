//! The key manifest: names, types and offsets of a state's fields, as a constant and as JSON.

mod declare;
mod difference;
pub(crate) mod element;
mod fingerprint;
mod limits;
mod message;
mod names;
mod notes;
mod number;
mod owned;
mod stored;
#[cfg(test)]
mod text;
mod text_len;
mod ty;
mod written;

use std::borrow::Cow;
use std::fmt;

use crate::protocol::layout;

use element::{Element, ElementType};

pub(crate) use declare::{Draft, check_state_name};
pub(crate) use difference::members;
pub use difference::{Difference, Differing};
pub use fingerprint::check_pin;
pub(crate) use limits::{MAX_TEXT, MOST_OBJECTS};
pub(crate) use notes::Notes;
pub use number::Number;
pub use owned::OwnedManifest;
pub use ty::{Scalar, Struct, Type};

/// The version of the bytes in a region; it is part of every fingerprint.
pub const FORMAT: u32 = 2;

/// Slots of a field that does not say `#[shm(slots = ..)]`.
const DEFAULT_SLOTS: usize = 4;

/// What lies in a region: the declared name and the fields in declaration order.
///
/// `Display` prints a table, [`to_json`](Self::to_json) the text that lies in the region.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Manifest<'m> {
    /// The declared name: the struct's identifier, or what `#[shm(name = "..")]` says.
    pub name: &'m str,
    /// The fields in declaration order.
    pub fields: &'m [FieldManifest<'m>],
}

/// One field of a state: a partition of the region.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct FieldManifest<'m> {
    /// Its name.
    pub name: &'m str,
    /// Its type; prints as in Rust.
    pub ty: &'m ElementType<'m>,
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

impl FieldManifest<'_> {
    /// Where the first slot starts in the region, in bytes.
    pub const fn slot_offset(&self) -> usize {
        let counters = if self.atomic { layout::CALL_COUNTERS_BYTES } else { 0 };
        layout::plus(self.offset, layout::CONTROL_BYTES + counters)
    }

    /// Distance between two slots in bytes.
    pub const fn slot_stride(&self) -> usize {
        layout::slot_stride(self.size)
    }

    /// Whether an address can say where it ends.
    fn fits(&self) -> bool {
        let room = (isize::MAX as usize).saturating_sub(self.offset);
        self.size <= layout::MAX_FIELD_BYTES
            && (self.size + 4096).saturating_mul(self.slots) <= room
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
    ty: &'static ElementType<'static>,
    slots: usize,
    timed: bool,
    atomic: bool,
}

impl FieldSpec {
    /// A field of type `T` with the default attributes.
    #[track_caller]
    pub const fn of<T: Element>(name: &'static str) -> Self {
        assert!(size_of::<T>() == T::TYPE.size(), "an element's type describes all its bytes");
        assert!(size_of::<T>() > 0, "a field has at least one byte");
        limits::check_size(name, size_of::<T>());
        assert!(name.len() <= names::LONGEST_NAME, "a field's name has at most 4096 bytes");
        Self { name, ty: T::TYPE, slots: DEFAULT_SLOTS, timed: false, atomic: false }
    }

    /// With this number of slots.
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
pub const fn lay_out<const N: usize>(specs: [FieldSpec; N]) -> [FieldManifest<'static>; N] {
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

impl<'m> Manifest<'m> {
    /// Stops the build beyond the limits of a state; for generated code.
    #[doc(hidden)]
    #[track_caller]
    pub const fn new(name: &'m str, fields: &'m [FieldManifest<'m>]) -> Self {
        assert!(
            names::is_state_name(name),
            "a declared name has 1 to 4096 bytes, without controls and directions of writing"
        );
        let manifest = Self { name, fields };
        manifest.check_limits();
        manifest
    }

    /// Where the partitions end and the manifest's text starts, in bytes.
    pub(crate) const fn tail(&self) -> usize {
        match self.fields {
            [] => layout::HEADER_BYTES,
            [.., last] => layout::align_up(last.end(), layout::ALIGN),
        }
    }
}

impl fmt::Display for Manifest<'_> {
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

/// The manifest of an attachment: that of a declaration, or one that was read.
#[derive(Debug, Clone)]
pub(crate) enum Known {
    Declared(&'static Manifest<'static>),
    Read(OwnedManifest),
}

impl Known {
    pub(crate) fn get(&self) -> &Manifest<'_> {
        match self {
            Self::Declared(manifest) => manifest,
            Self::Read(manifest) => manifest.get(),
        }
    }

    /// A manifest to keep, without notes if a program declared it.
    pub(crate) fn to_owned(&self) -> OwnedManifest {
        match self {
            Self::Declared(manifest) => OwnedManifest::of_static(manifest),
            Self::Read(manifest) => manifest.clone(),
        }
    }

    /// The name of a field, for an error.
    pub(crate) fn field_name(&self, index: usize) -> Cow<'static, str> {
        match self {
            Self::Declared(manifest) => manifest.fields[index].name.into(),
            Self::Read(manifest) => manifest.get().fields[index].name.to_owned().into(),
        }
    }
}
