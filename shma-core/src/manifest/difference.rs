//! How two layouts differ, field by field.

use std::collections::HashMap;
use std::fmt;

use super::element::ElementType;
use super::{FieldManifest, Manifest};

/// More differences than this are counted only: a region may hold any number of fields.
const MOST_LINES: usize = 40;

/// How two layouts differ. `Display` prints a line for each difference, 40 at most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference(Vec<Differing>);

/// One thing in which two layouts differ.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Differing {
    /// The field; `None` for the declared name.
    pub field: Option<String>,
    /// What the first layout has; `None` if it lacks the field.
    pub first: Option<String>,
    /// What the second layout has; `None` if it lacks the field.
    pub second: Option<String>,
    /// Whether only the place differs.
    moved: bool,
}

impl Manifest<'_> {
    /// How this layout differs from another one: what differs in the order of this one, then what only
    /// the other one has. Empty if both have one fingerprint.
    ///
    /// ```
    /// use shma_core::ShmState;
    ///
    /// #[derive(ShmState)]
    /// #[shm(name = "Model")]
    /// struct Old {
    ///     bias: [f32; 16],
    ///     step: u64,
    /// }
    /// #[derive(ShmState)]
    /// #[shm(name = "Model")]
    /// struct New {
    ///     bias: [f64; 16],
    /// }
    ///
    /// let difference = Old::MANIFEST.difference(&New::MANIFEST);
    /// assert_eq!(
    ///     difference.between("a", "b").to_string(),
    ///     "  bias: a has [f32; 16] (64 bytes, 4 slots), b [f64; 16] (128 bytes, 4 slots)\n  \
    ///        step: only a has it, as u64 (8 bytes, 4 slots)",
    /// );
    /// assert!(Old::MANIFEST.difference(&Old::MANIFEST).is_empty());
    /// ```
    pub fn difference(&self, other: &Manifest<'_>) -> Difference {
        let mut differences = Vec::new();
        if self.name != other.name {
            let [first, second] = [self.name, other.name].map(str::to_owned).map(Some);
            differences.push(Differing { field: None, first, second, moved: false });
        }
        let mut found = |field: &str, first: Option<String>, second: Option<String>, moved| {
            let field = Some(field.to_owned());
            differences.push(Differing { field, first, second, moved });
        };
        let (ours, theirs) = (self.places(), other.places());
        let common = |of: &[FieldManifest<'_>], with: &HashMap<&str, usize>| -> Vec<String> {
            let names = of.iter().map(|field| field.name);
            names.filter(|name| with.contains_key(name)).map(str::to_owned).collect()
        };
        let reordered = common(self.fields, &theirs) != common(other.fields, &ours);
        for (i, field) in self.fields.iter().enumerate() {
            let described = field.described();
            let Some(&j) = theirs.get(field.name) else {
                found(field.name, Some(described), None, false);
                continue;
            };
            let second = other.fields[j].described();
            if described != second {
                found(field.name, Some(described), Some(second), false);
            } else if reordered && i != j {
                let number = |place: usize| Some(format!("field number {}", place + 1));
                found(field.name, number(i), number(j), true);
            }
        }
        for field in other.fields.iter().filter(|field| !ours.contains_key(field.name)) {
            found(field.name, None, Some(field.described()), false);
        }
        Difference(differences)
    }

    fn places(&self) -> HashMap<&str, usize> {
        self.fields.iter().enumerate().map(|(place, field)| (field.name, place)).collect()
    }
}

impl Difference {
    /// Whether the layouts are one.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each thing in which they differ.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Differing> {
        self.0.iter()
    }

    /// The same text with other words for the two layouts, such as "the region" and "this program".
    pub fn between<'a>(&'a self, first: &'a str, second: &'a str) -> impl fmt::Display + 'a {
        Between { difference: self, first, second }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.between("the first", "the second"), f)
    }
}

struct Between<'a> {
    difference: &'a Difference,
    first: &'a str,
    second: &'a str,
}

impl fmt::Display for Between<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { difference: Difference(all), first, second } = self;
        for (i, differing) in all.iter().take(MOST_LINES).enumerate() {
            let name = differing.field.as_deref().unwrap_or("declared name");
            write!(f, "{}  {name}: ", if i == 0 { "" } else { "\n" })?;
            match (&differing.first, &differing.second) {
                (Some(one), Some(other)) if differing.moved => {
                    let other = other.trim_start_matches("field ");
                    write!(f, "{one} in {first}, {other} in {second}")?;
                }
                (Some(one), Some(other)) => write!(f, "{first} has {one}, {second} {other}")?,
                (Some(one), None) => write!(f, "only {first} has it, as {one}")?,
                (None, Some(other)) => write!(f, "only {second} has it, as {other}")?,
                (None, None) => {}
            }
        }
        match all.len().saturating_sub(MOST_LINES) {
            0 => Ok(()),
            more => write!(f, "\n  and {more} more differences"),
        }
    }
}

impl FieldManifest<'_> {
    /// All that counts for the layout, but the place.
    fn described(&self) -> String {
        let flag = |says: bool, word: &'static str| if says { word } else { "" };
        let flags = flag(self.timed, ", timed").to_owned() + flag(self.atomic, ", atomic");
        let Self { ty, size, slots, .. } = self;
        format!("{ty} ({size} bytes, {slots} slots{flags}){}", Members(ty))
    }
}

/// The members of a type's scalar, if that is a struct.
struct Members<'a>(&'a ElementType<'a>);

impl fmt::Display for Members<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ElementType::Struct { fields, .. } = self.0.scalar() else { return Ok(()) };
        f.write_str(" of { ")?;
        for (i, field) in fields.iter().enumerate() {
            let comma = if i == 0 { "" } else { ", " };
            let (name, at, ty, size) = (field.name, field.offset, field.ty, field.ty.size());
            write!(f, "{comma}{name} at {at}: {ty} ({size} bytes){}", Members(ty))?;
        }
        f.write_str(" }")
    }
}
