//! How two layouts differ, field by field.

use std::collections::HashMap;
use std::fmt;

use super::element::{ElementType, StructField};
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
    /// The field, or the path of a struct's member such as `pose.x`; `None` for the declared name.
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
        compare("", "field", Item::fields(self), Item::fields(other), &mut differences);
        Difference(differences)
    }
}

/// A field of a state, or a member of a struct.
struct Item<'a> {
    name: &'a str,
    ty: &'a ElementType<'a>,
    /// All that counts for the layout, but the place and the members of a struct.
    described: String,
}

impl<'a> Item<'a> {
    fn field(field: &'a FieldManifest<'_>) -> Self {
        let FieldManifest { name, ty, size, slots, timed, atomic, .. } = field;
        let flag = |says: bool, word: &'static str| if says { word } else { "" };
        let flags = flag(*timed, ", timed").to_owned() + flag(*atomic, ", atomic");
        Self { name, ty, described: format!("{ty} ({size} bytes, {slots} slots{flags})") }
    }

    fn fields(manifest: &'a Manifest<'_>) -> Vec<Self> {
        manifest.fields.iter().map(Self::field).collect()
    }

    fn member(member: &'a StructField<'_>) -> Self {
        let StructField { name, ty, .. } = member;
        Self { name, ty, described: format!("{ty} ({} bytes)", ty.size()) }
    }

    /// The members of the struct that the type consists of.
    fn members(&self) -> Option<Vec<Self>> {
        match self.ty.scalar() {
            ElementType::Struct { fields, .. } => Some(fields.iter().map(Self::member).collect()),
            _ => None,
        }
    }
}

/// How members of two structs differ; nothing if one of the types has none.
pub(crate) fn members<'a>(
    path: &str,
    first: &'a ElementType<'a>,
    second: &'a ElementType<'a>,
) -> Difference {
    let mut differences = Vec::new();
    let item = |ty| Item { name: "", ty, described: String::new() };
    if let (Some(first), Some(second)) = (item(first).members(), item(second).members()) {
        compare(&format!("{path}."), "member", first, second, &mut differences);
    }
    Difference(differences)
}

/// What differs in the order of the first list, then what only the second one has. Structs are compared
/// member by member.
fn compare(
    path: &str,
    kind: &str,
    ours: Vec<Item<'_>>,
    theirs: Vec<Item<'_>>,
    differences: &mut Vec<Differing>,
) {
    fn places<'a>(items: &[Item<'a>]) -> HashMap<&'a str, usize> {
        items.iter().enumerate().map(|(place, item)| (item.name, place)).collect()
    }
    fn common<'a>(of: &[Item<'a>], with: &HashMap<&str, usize>) -> Vec<&'a str> {
        of.iter().map(|item| item.name).filter(|name| with.contains_key(name)).collect()
    }
    let differing = |name: &str, first: Option<String>, second: Option<String>, moved| {
        let field = Some(format!("{path}{name}"));
        Differing { field, first, second, moved }
    };
    let (our_places, their_places) = (places(&ours), places(&theirs));
    let reordered = common(&ours, &their_places) != common(&theirs, &our_places);
    for (i, our) in ours.iter().enumerate() {
        let described = our.described.clone();
        let Some(&j) = their_places.get(our.name) else {
            differences.push(differing(our.name, Some(described), None, false));
            continue;
        };
        let their = &theirs[j];
        let before = differences.len();
        if described != their.described {
            let second = Some(their.described.clone());
            differences.push(differing(our.name, Some(described), second, false));
        }
        if our.ty.scalar() != their.ty.scalar()
            && let (Some(ours), Some(theirs)) = (our.members(), their.members())
        {
            let path = format!("{path}{}.", our.name);
            compare(&path, "member", ours, theirs, differences);
        }
        if before == differences.len() && reordered && i != j {
            let number = |place: usize| Some(format!("{kind} number {}", place + 1));
            differences.push(differing(our.name, number(i), number(j), true));
        }
    }
    for their in theirs.iter().filter(|their| !our_places.contains_key(their.name)) {
        differences.push(differing(their.name, None, Some(their.described.clone()), false));
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
                    let other = other.split_once(' ').map_or(&**other, |(_, number)| number);
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
