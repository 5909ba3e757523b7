//! Joining a region that exists.

use std::time::Instant;

use super::access::Access;
use super::clean::check_clean;
use super::file::{RegionFile, open_file};
use super::lock::leads_to;
use super::mapping::{map, with_token};
use super::owner::{Accepted, Users};
use super::stored::{check_layout, checked_manifest, is_leaving, read_header};
use super::{DEADLINE, Name, PAUSE, Pages, Region};
use crate::error::Error;
use crate::manifest::{Known, Notes};
use crate::os::pause;
use crate::sync::mutant;
use crate::sync::stop_point;

/// How a region is opened.
#[derive(Debug, Clone, Default)]
pub(crate) struct Opening {
    /// Whose regions are opened.
    pub(crate) owners: Users,
    pub(crate) pages: Pages,
    /// Whether a region is opened that another run of the machine has left in use.
    pub(crate) accept_unclean: bool,
    /// Notes that the region has to have.
    pub(crate) notes: Notes,
    /// Whether a region without attachments stays when this one ends.
    pub(crate) keep_dead: bool,
}

/// Attaches to the region of this name, if it has this layout; to that of any layout without one.
pub(crate) fn open<A: Access>(
    name: &Name,
    expected: Option<&Known>,
    opening: &Opening,
) -> Result<Region, Error> {
    let end = Instant::now() + DEADLINE;
    name.check_stickiness()?;
    loop {
        if let Some(region) = attempt::<A>(name, expected, opening)? {
            return Ok(region);
        }
        if Instant::now() >= end {
            return Err(name.timeout("opening"));
        }
        pause(PAUSE);
    }
}

/// One attempt; `None` if the region was on its way out.
///
/// All that can fail comes before the lock A. An attempt that held A and failed would keep a process
/// that leaves meanwhile from removing the name, and would not remove it either.
fn attempt<A: Access>(
    name: &Name,
    expected: Option<&Known>,
    opening: &Opening,
) -> Result<Option<Region>, Error> {
    let path = name.path();
    let (file, _) = open_file(name, &path, A::WRITABLE, Accepted::Trusted(&opening.owners))?;
    let opened = RegionFile::new(name, file)?;
    stop_point!("attach.opened");
    let header = read_header(name, opened.get())?;
    if is_leaving(name, &path, opened.get(), &header)? {
        return Ok(None);
    }
    let (known, notes) = match expected {
        Some(known) => (known.clone(), check_layout(name, opened.get(), &header, known.get())?),
        None => {
            let manifest = checked_manifest(name, opened.get(), &header)?;
            let notes = manifest.all_notes().clone();
            (Known::Read(manifest), notes)
        }
    };
    check_notes(name, &notes, &opening.notes)?;
    check_clean(name, opened.get(), &header, opening.accept_unclean)?;
    let mut region = map::<A>(name, opened, known, opening.pages)?;
    if A::WRITABLE {
        region = match with_token(region, &path)? {
            Some(region) => region,
            None => return Ok(None),
        };
        region.begin_writing()?;
    }
    let stays = opening.keep_dead && !region.is_attached()?;
    if !mutant!("attach-unlocked") && !region.file.attach(name)? {
        return Ok(None);
    }
    stop_point!("attach.locked");
    // What changed until the lock is looked at anew.
    let same = read_header(name, region.file.get()).is_ok_and(|again| again.is_same(&header));
    if !same || !leads_to(&path, region.file.id()) {
        return Ok(None);
    }
    region.unlink_on_drop = !header.persistent && !stays;
    region.notes = notes;
    Ok(Some(region))
}

/// Refuses a region that says otherwise than is expected.
pub(super) fn check_notes(name: &Name, notes: &Notes, expected: &Notes) -> Result<(), Error> {
    let Some((key, expected, found)) = notes.mismatch(expected) else { return Ok(()) };
    Err(Error::NoteMismatch {
        name: name.as_str().to_owned(),
        key: key.to_owned(),
        expected: expected.to_owned(),
        found: found.map(str::to_owned),
    })
}
