//! Regions looked at once: what several commands need of each.

use shma_core::inspect::{self, Attached, Census, FieldView, Status, View};

use crate::failure::Failure;

/// A region and how it stands.
#[derive(Debug)]
pub struct Sight {
    pub view: View,
    pub attached: Attached,
    pub statuses: Vec<Status>,
}

impl Sight {
    pub fn of(name: &str, census: &Census) -> Result<Self, Failure> {
        Self::through(View::open(name)?, census)
    }

    pub fn through(view: View, census: &Census) -> Result<Self, Failure> {
        let attached = census.attached(&view)?;
        let statuses = view.fields().map(|field| field.status()).collect();
        Ok(Self { view, attached, statuses })
    }
}

/// What has the name of a region: what it is, or why that cannot be said.
pub type Found = (String, Result<Sight, Failure>);

/// All that has such a name. What vanishes meanwhile is left out.
pub fn all() -> Result<Vec<Found>, Failure> {
    let census = Census::take();
    let mut all = Vec::new();
    for name in inspect::names()? {
        match View::open(&name) {
            Err(shma_core::Error::NotFound { .. }) => {}
            Err(error) => all.push((name, Err(error.into()))),
            Ok(view) => all.push((name, Sight::through(view, &census))),
        }
    }
    Ok(all)
}

/// The field of this name, or a failure that says which there are.
pub fn field_of(view: &View, field: &str) -> Result<FieldView, Failure> {
    view.field(field).ok_or_else(|| {
        let names = view.manifest().fields.iter().map(|field| field.name);
        let names: Vec<&str> = names.take(20).collect();
        let region = view.name();
        let field = field.escape_debug();
        let names = names.join(", ");
        Failure::not_found(format!("region `{region}` has no field `{field}`; it has {names}"))
    })
}
