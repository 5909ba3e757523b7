//! Regions looked at once: what several commands need of each.

use std::os::unix::fs::MetadataExt;

use shma_core::Error;
use shma_core::inspect::{self, Attached, Census, FieldView, Status, View, Whose};

use crate::failure::Failure;
use crate::selection::{Selection, no_field};
use crate::{directory, whose};

/// A region and how it stands.
#[derive(Debug)]
pub struct Sight {
    pub view: View,
    pub attached: Attached,
    pub statuses: Vec<Status>,
}

/// Whether what has the name may be a region of the user who is asked for.
pub fn is_meant(name: &str) -> bool {
    let Some(user) = whose::chosen() else { return true };
    directory::file(name).symlink_metadata().is_ok_and(|file| file.uid() == user)
}

/// Looks at the region of this name: one of the user who is asked for, else one of this user's, or, as
/// root, any user's.
pub fn open(name: &str) -> Result<View, Error> {
    let whose = whose::chosen().map_or(Whose::Own, Whose::Also);
    match View::open_in(directory::path(), name, whose) {
        Err(Error::ForeignOwner { owner, .. })
            if whose == Whose::Own && rustix::process::geteuid().is_root() =>
        {
            View::open_in(directory::path(), name, owner)
        }
        view => view,
    }
}

/// As [`open`], with a reason if it is of another user than the one who is asked for.
pub fn look(name: &str) -> Result<View, Failure> {
    let view = open(name)?;
    match whose::chosen() {
        Some(user) if user != view.user() => {
            let theirs = view.user();
            Err(Failure::not_found(format!(
                "region `{name}` is of user {theirs}, and --user asks for those of user {user}"
            )))
        }
        _ => Ok(view),
    }
}

impl Sight {
    pub fn of(name: &str, census: &Census) -> Result<Self, Failure> {
        Self::through(look(name)?, census)
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
    for name in inspect::names_in(directory::path())?.into_iter().filter(|name| is_meant(name)) {
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

/// The fields of these names, or all of them if there are none, in declaration order.
pub fn only(view: &View, names: &[String]) -> Result<Vec<FieldView>, Failure> {
    let is_field = |name: &&String| view.manifest().fields.iter().any(|it| it.name == **name);
    if let Some(name) = names.iter().find(|name| !is_field(name)) {
        return Err(no_field(view.name(), view.manifest(), name));
    }
    let is_meant = |field: &FieldView| {
        names.is_empty() || names.iter().any(|name| name == field.manifest().name)
    };
    Ok(view.fields().filter(is_meant).collect())
}
