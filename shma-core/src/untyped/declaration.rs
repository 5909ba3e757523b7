//! A state that is declared at run time.

use std::collections::HashMap;

use crate::error::Error;
use crate::manifest::{
    Draft, FieldManifest, Known, MOST_OBJECTS, Manifest, OwnedManifest, Type, check_state_name,
};

/// Slots of a field that does not say how many.
const DEFAULT_SLOTS: usize = 4;

/// What `#[shm(..)]` says of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Attributes {
    slots: usize,
    timed: bool,
    atomic: bool,
}

impl Default for Attributes {
    fn default() -> Self {
        Self::new()
    }
}

impl Attributes {
    /// Four slots, the coarse clock, a semaphore.
    pub const fn new() -> Self {
        Self { slots: DEFAULT_SLOTS, timed: false, atomic: false }
    }

    /// As `#[shm(slots = ..)]`: 2, 4 or 8. Atomic fields have one slot, whatever is said here.
    pub const fn slots(mut self, slots: usize) -> Self {
        self.slots = slots;
        self
    }

    /// As `#[shm(timed)]`: [`age`](super::Field::age) is exact.
    pub const fn timed(mut self) -> Self {
        self.timed = true;
        self
    }

    /// As `#[shm(atomic)]`: every number its own atomic, no semaphore.
    pub const fn atomic(mut self) -> Self {
        self.atomic = true;
        self
    }
}

/// A state that is declared at run time. A region that is created of it holds byte for byte what the
/// derive gives for the same names, types and attributes, and has the same fingerprint.
///
/// Fields have their places in the order in which they are declared.
#[derive(Debug, Clone)]
pub struct Declaration {
    name: String,
    fields: Vec<Draft>,
    /// The initial values; `None` is zeros.
    init: Vec<Option<Vec<u8>>>,
    numbers: HashMap<String, usize>,
    /// Descriptions in the manifest's text.
    described: usize,
}

impl Declaration {
    /// A state of this declared name, without fields.
    ///
    /// # Errors
    ///
    /// [`Error::Declaration`] if no state can have the name.
    pub fn new(name: impl Into<String>) -> Result<Self, Error> {
        let name = name.into();
        check_state_name(&name)?;
        let (fields, init, numbers) = (Vec::new(), Vec::new(), HashMap::new());
        Ok(Self { name, fields, init, numbers, described: 0 })
    }

    /// The state that a manifest describes, of a region or a file, with zeros for initial values.
    ///
    /// # Errors
    ///
    /// [`Error::Declaration`] if a field is of a type that no region has.
    pub fn of(manifest: &Manifest<'_>) -> Result<Self, Error> {
        Self::of_fields(manifest.name, manifest.fields)
    }

    /// A state of this declared name, of fields of regions or files.
    pub(crate) fn of_fields<'f>(
        name: &str,
        fields: impl IntoIterator<Item = &'f FieldManifest<'f>>,
    ) -> Result<Self, Error> {
        let mut declaration = Self::new(name)?;
        for field in fields {
            let ty = Type::of(field.ty)?;
            let attributes =
                Attributes { slots: field.slots, timed: field.timed, atomic: field.atomic };
            declaration.field(field.name, ty, attributes)?;
        }
        Ok(declaration)
    }

    /// Gives it another declared name.
    ///
    /// # Errors
    ///
    /// [`Error::Declaration`] if no state can have the name.
    pub fn rename(&mut self, name: impl Into<String>) -> Result<&mut Self, Error> {
        let name = name.into();
        check_state_name(&name)?;
        self.name = name;
        Ok(self)
    }

    /// Adds a field, whose initial value is zeros.
    ///
    /// # Errors
    ///
    /// [`Error::Declaration`], which names the field and says what is wrong: a name that no field can
    /// have or that comes twice, a number of slots other than 2, 4 and 8, a type that cannot be atomic,
    /// more members than a manifest has room for. Nothing is added then.
    pub fn field(
        &mut self,
        name: impl Into<String>,
        ty: Type,
        attributes: Attributes,
    ) -> Result<&mut Self, Error> {
        let Attributes { slots, timed, atomic } = attributes;
        let slots = if atomic { 1 } else { slots };
        let described = self.described.saturating_add(ty.described());
        let draft = Draft { name: name.into(), ty, slots, timed, atomic };
        draft.check().map_err(|reason| self.wrong(&draft.name, reason))?;
        if self.numbers.contains_key(&draft.name) {
            return Err(self.wrong(&draft.name, "it is declared twice".into()));
        }
        if described > MOST_OBJECTS {
            return Err(self.wrong(
                &draft.name,
                "no manifest has room for so many fields and members: declare arrays in place of many \
                 numbers"
                    .into(),
            ));
        }
        self.described = described;
        self.numbers.insert(draft.name.clone(), self.fields.len());
        self.fields.push(draft);
        self.init.push(None);
        Ok(self)
    }

    /// Sets the initial value of a field, as bytes.
    ///
    /// # Errors
    ///
    /// [`Error::Declaration`] if there is no such field, or its values have another number of bytes.
    pub fn init(&mut self, field: &str, value: impl Into<Vec<u8>>) -> Result<&mut Self, Error> {
        let Some(&index) = self.numbers.get(field) else {
            return Err(self.wrong(field, "it is not declared".into()));
        };
        let (value, size) = (value.into(), self.fields[index].ty.size());
        if value.len() != size {
            let found = value.len();
            let reason = format!("a value has {size} bytes, and the initial one {found}");
            return Err(self.wrong(field, reason));
        }
        self.init[index] = Some(value);
        Ok(self)
    }

    fn wrong(&self, field: &str, reason: String) -> Error {
        let brief: String = field.chars().take(100).flat_map(char::escape_debug).collect();
        Error::Declaration {
            state: self.name.clone().into(),
            field: Some(brief.into()),
            reason: reason.into(),
        }
    }

    /// The declared name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The initial value of a field, as bytes; `None` if that is zeros, or there is no such field.
    ///
    /// ```
    /// use shma_core::untyped::{Attributes, Declaration};
    ///
    /// let mut declaration = Declaration::new("Model")?;
    /// declaration.field("step", "u8".parse()?, Attributes::new())?;
    /// assert_eq!(declaration.initial_value("step"), None);
    /// declaration.init("step", [7])?;
    /// assert_eq!(declaration.initial_value("step"), Some(&[7][..]));
    /// assert_eq!(declaration.initial_value("stop"), None);
    /// # Ok::<(), shma_core::Error>(())
    /// ```
    pub fn initial_value(&self, field: &str) -> Option<&[u8]> {
        self.init.get(*self.numbers.get(field)?)?.as_deref()
    }

    /// What a region that is created of it holds.
    ///
    /// # Errors
    ///
    /// [`Error::Declaration`] if there is no field, or if all together are beyond what an address can
    /// say.
    pub fn manifest(&self) -> Result<OwnedManifest, Error> {
        if self.fields.is_empty() {
            return Err(Error::Declaration {
                state: self.name.clone().into(),
                field: None,
                reason: "a state has at least one field".into(),
            });
        }
        OwnedManifest::declare(&self.name, &self.fields).map_err(|index| {
            let reason = "with it the state is larger than an address space".into();
            self.wrong(&self.fields[index].name, reason)
        })
    }

    pub(super) fn known(&self) -> Result<Known, Error> {
        self.manifest().map(Known::Read)
    }

    pub(super) fn initial(&self) -> impl Iterator<Item = Option<&[u8]>> {
        self.init.iter().map(Option::as_deref)
    }
}
