//! The plan as it is told.

use std::fmt;

use crate::manifest::Difference;

/// What became of old values: which were copied, and which were not. `Display` prints a table.
#[derive(Debug, Clone)]
pub struct Migration(Vec<Row>);

/// A field, or an old value that no field has.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    /// `None` if it was dropped.
    pub(super) field: Option<String>,
    /// Its name before, if that was another one.
    pub(super) was: Option<String>,
    /// Its types.
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
    pub(super) fate: Fate,
    /// How the members of two structs differ.
    pub(super) members: Option<Difference>,
}

/// What became of a value.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Fate {
    Copied,
    /// The new one has more elements, which keep their initial values.
    Longer,
    /// The new one has no room for some.
    Shorter,
    /// There was none before.
    #[default]
    New,
    /// It consists of other scalars, or has another number of dimensions.
    OfAnotherKind,
    Dropped,
}

impl Fate {
    /// That of an array of these lengths.
    pub(super) fn of(old: &[usize], new: &[usize]) -> Self {
        if old.iter().zip(new).any(|(old, new)| old > new) {
            return Self::Shorter;
        }
        if old == new { Self::Copied } else { Self::Longer }
    }

    fn in_words(self) -> &'static str {
        match self {
            Self::Copied => "copied",
            Self::Longer => "copied; the new elements keep their initial values",
            Self::Shorter => "shortened: the part that both have was copied",
            Self::New => "new: keeps its initial value",
            Self::OfAnotherKind => "another type: keeps its initial value",
            Self::Dropped => "dropped",
        }
    }
}

impl Migration {
    pub(super) fn new(rows: Vec<Row>) -> Self {
        Self(rows)
    }

    /// Whether every old value was copied whole: nothing was dropped, shortened, or of another kind. New
    /// fields and longer arrays lose nothing.
    pub fn is_lossless(&self) -> bool {
        self.0.iter().all(|row| matches!(row.fate, Fate::Copied | Fate::Longer | Fate::New))
    }
}

impl fmt::Display for Migration {
    /// A line for each field, then one for each old value that no field has.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let none = || "-".to_owned();
        let name = |row: &Row| match (&row.field, &row.was) {
            (Some(field), Some(was)) => format!("{field} (was {was})"),
            (Some(name), None) | (None, Some(name)) => name.clone(),
            (None, None) => none(),
        };
        let cells = |row: &Row| {
            let types = [&row.before, &row.after].map(|ty| ty.clone().unwrap_or_else(none));
            let [before, after] = types;
            [name(row), before, after]
        };
        let head = ["field", "before", "after"].map(str::to_owned);
        let table: Vec<[String; 3]> = self.0.iter().map(cells).collect();
        let width = |column: usize| {
            let cells = table.iter().chain([&head]);
            cells.map(|row| row[column].chars().count()).max().unwrap_or(0)
        };
        let widths = [width(0), width(1), width(2)];
        let line = |f: &mut fmt::Formatter<'_>, cells: &[String; 3], last: &str| {
            for (cell, width) in cells.iter().zip(widths) {
                write!(f, "{cell:width$}  ")?;
            }
            f.write_str(last)
        };
        line(f, &head, "values")?;
        for (row, cells) in self.0.iter().zip(&table) {
            writeln!(f)?;
            line(f, cells, row.fate.in_words())?;
            if let Some(members) = row.members.as_ref().filter(|members| !members.is_empty()) {
                write!(f, "\n{}", members.between("before", "after"))?;
            }
        }
        Ok(())
    }
}
