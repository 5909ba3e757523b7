//! Regions looked at once: what several commands need of each.

use shma_core::Error;
use shma_core::inspect::{self, Attached, Census, FieldView, Status, View};

use crate::failure::Failure;

/// Where regions lie.
pub const DIRECTORY: &str = "/dev/shm";

/// A region and how it stands.
#[derive(Debug)]
pub struct Sight {
    pub view: View,
    pub attached: Attached,
    pub statuses: Vec<Status>,
}

/// Looks at the region of this name: one of this user's, or, as root, any user's.
pub fn open(name: &str) -> Result<View, Error> {
    match View::open(name) {
        Err(Error::ForeignOwner { owner, .. }) if rustix::process::geteuid().is_root() => {
            View::open_of(name, owner)
        }
        view => view,
    }
}

impl Sight {
    pub fn of(name: &str, census: &Census) -> Result<Self, Failure> {
        Self::through(open(name)?, census)
    }

    pub fn through(view: View, census: &Census) -> Result<Self, Failure> {
        let attached = census.attached(&view)?;
        let statuses = view.fields().map(|field| field.status()).collect();
        Ok(Self { view, attached, statuses })
    }
}

/// Hands on all that has the name of a region, one after the other, or why it cannot be looked at.
/// What vanishes meanwhile is left out. No more than one region is open at a time, however many
/// there are.
pub fn each(
    mut with: impl FnMut(&str, Result<Sight, Failure>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let census = Census::take();
    for name in inspect::names()? {
        match open(&name) {
            Err(Error::NotFound { .. }) => {}
            Err(error) => with(&name, Err(error.into()))?,
            Ok(view) => with(&name, Sight::through(view, &census))?,
        }
    }
    Ok(())
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
