//! Regions looked at once: what several commands need of each.

use shma_core::Error;
use shma_core::inspect::{self, Attached, Census, FieldView, Status, View, Whose};

use crate::directory;
use crate::failure::Failure;
use crate::selection::Selection;

/// A region and how it stands.
#[derive(Debug)]
pub struct Sight {
    pub view: View,
    pub attached: Attached,
    pub statuses: Vec<Status>,
}

/// Looks at the region of this name: one of this user's, or, as root, any user's.
pub fn open(name: &str) -> Result<View, Error> {
    match View::open_in(directory::path(), name, Whose::Own) {
        Err(Error::ForeignOwner { owner, .. }) if rustix::process::geteuid().is_root() => {
            View::open_in(directory::path(), name, owner)
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
    for name in inspect::names_in(directory::path())? {
        match open(&name) {
            Err(Error::NotFound { .. }) => {}
            Err(error) => with(&name, Err(error.into()))?,
            Ok(view) => with(&name, Sight::through(view, &census))?,
        }
    }
    Ok(())
}

/// What a path means in a region.
pub fn select(view: &View, path: &str) -> Result<(FieldView, Selection), Failure> {
    let selection = Selection::parse(view.name(), view.manifest(), path)?;
    let field = view.fields().nth(selection.field).expect("the manifest is the view's");
    Ok((field, selection))
}
