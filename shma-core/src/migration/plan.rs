//! What becomes of each field.

use std::collections::BTreeSet;
use std::ops::Range;

use super::part;
use super::report::{Fate, Migration, Row};
use super::source::Source;
use crate::error::Error;
use crate::manifest::{FieldManifest, Manifest, members};

/// Which old value each field of a new layout gets.
#[derive(Debug)]
pub(crate) struct Plan {
    /// For each field its old value and that one's shape; `None` keeps the initial value.
    steps: Vec<Option<(usize, Vec<usize>)>>,
    rows: Vec<Row>,
}

impl Plan {
    /// `former`: the former name of each field, as far as fields have one.
    pub(crate) fn new(
        source: &dyn Source,
        new: &Manifest<'_>,
        former: &[Option<&'static str>],
    ) -> Self {
        let fits = |name: &str, field: &FieldManifest<'_>| {
            let place = source.place(name)?;
            Some((place, source.shape_as(place, field.ty)?))
        };
        let former = |index: usize| former.get(index).copied().flatten();
        let mut steps: Vec<_> = new.fields.iter().map(|field| fits(field.name, field)).collect();
        let mut taken: BTreeSet<usize> = steps.iter().flatten().map(|(place, _)| *place).collect();
        // A name that is there now wins over a former one.
        for (index, field) in new.fields.iter().enumerate() {
            let found = former(index).and_then(|was| fits(was, field));
            if steps[index].is_none()
                && let Some((place, shape)) = found
                && taken.insert(place)
            {
                steps[index] = Some((place, shape));
            }
        }
        let mut rows = Vec::new();
        for (index, field) in new.fields.iter().enumerate() {
            let mut row = Row { field: Some(field.name.into()), ..Row::default() };
            row.after = Some(field.ty.to_string());
            match &steps[index] {
                Some((place, shape)) => {
                    row.before = Some(source.printed(*place));
                    row.was = Some(source.name(*place)).filter(|name| name != field.name);
                    row.fate = Fate::of(shape, &field.ty.shape());
                }
                None => {
                    let names = [Some(field.name), former(index)];
                    let places = names.iter().flatten().filter_map(|name| source.place(name));
                    let other = places.into_iter().find(|place| taken.insert(*place));
                    if let Some(place) = other {
                        row.before = Some(source.printed(place));
                        row.was = Some(source.name(place)).filter(|name| name != field.name);
                        row.fate = Fate::OfAnotherKind;
                        let old = source.ty(place);
                        row.members = old.map(|old| members(field.name, old, field.ty));
                    }
                }
            }
            rows.push(row);
        }
        for place in source.places().into_iter().filter(|place| !taken.contains(place)) {
            let (was, before) = (Some(source.name(place)), Some(source.printed(place)));
            rows.push(Row { was, before, fate: Fate::Dropped, ..Row::default() });
        }
        Self { steps, rows }
    }

    /// Whether there is anything for a field.
    pub(crate) fn copies(&self, index: usize) -> bool {
        self.steps[index].is_some()
    }

    /// Copies what there is for a field into its value.
    pub(crate) fn fill(
        &self,
        source: &dyn Source,
        field: &FieldManifest<'_>,
        index: usize,
        value: &mut [u8],
    ) -> Result<(), Error> {
        let Some((place, _)) = &self.steps[index] else { return Ok(()) };
        self.each_part(field, index, |old, run| source.read(*place, old, &mut value[run]))
    }

    /// Gives the parts of a field's value that are copied: where each begins in the old value, and its bytes
    /// of the new one.
    pub(crate) fn each_part(
        &self,
        field: &FieldManifest<'_>,
        index: usize,
        part: impl FnMut(usize, Range<usize>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let Some((_, shape)) = &self.steps[index] else { return Ok(()) };
        part::each(shape, &field.ty.shape(), field.ty.scalar().size(), part)
    }

    /// What becomes of the values.
    pub(crate) fn report(self) -> Migration {
        Migration::new(self.rows)
    }
}
