//! A look at a region without attaching to it.
//!
//! A look takes no lock. The lock A says "do not replace or remove this". A looker that held it
//! would keep the last user from removing an ephemeral region, keep a creator from replacing a dead
//! one, and count as attached. If it then left as others leave, it would remove a dead region
//! because it had looked at it. Memory safety does not hang on that lock: a mapping lasts whatever
//! becomes of the name, and a region is complete before it has one. All that can happen is that the
//! name goes on to another region, which [`Region::is_linked`] tells.

use std::fs::File;
use std::time::Instant;

use super::access::ReadOnly;
use super::clean::{is_unclean, unclean};
use super::file::{RegionFile, open_file};
use super::mapping::map;
use super::open::{Opening, check_notes};
use super::owner::{Accepted, Users};
use super::stored::{checked_manifest, is_leaving, read_header};
use super::{ATTACHED, DEADLINE, Name, PAUSE, Pages, Region};
use crate::error::Error;
use crate::manifest::{Known, OwnedManifest};
use crate::os::{ByteLock, pause};

/// What a look finds.
#[derive(Debug)]
pub(crate) struct Sight {
    /// Mapped read-only; dropped, it leaves the name alone.
    pub(crate) region: Region,
    pub(crate) manifest: OwnedManifest,
    /// Whether the region stays until it is unlinked.
    pub(crate) persistent: bool,
    /// Whether another run of the machine has left it in use.
    pub(crate) unclean: bool,
}

/// Looks at the region of this name.
pub(crate) fn look(name: &Name, owners: &Users) -> Result<Sight, Error> {
    let end = Instant::now() + DEADLINE;
    loop {
        if let Some(sight) = attempt(name, owners)? {
            return Ok(sight);
        }
        if Instant::now() >= end {
            return Err(name.timeout("looking"));
        }
        pause(PAUSE);
    }
}

/// Looks at a region that could be opened like this.
pub(crate) fn look_to_open(name: &Name, opening: &Opening) -> Result<Sight, Error> {
    name.check_stickiness()?;
    let sight = look(name, &opening.owners)?;
    check_notes(name, sight.manifest.all_notes(), &opening.notes)?;
    if sight.unclean && !opening.accept_unclean {
        return Err(unclean(name));
    }
    Ok(sight)
}

/// One attempt; `None` if the region was on its way out.
fn attempt(name: &Name, owners: &Users) -> Result<Option<Sight>, Error> {
    let path = name.path();
    let (file, _) = open_file(name, &path, false, Accepted::Trusted(owners))?;
    let header = read_header(name, &file)?;
    if is_leaving(name, &path, &file, &header)? {
        return Ok(None);
    }
    let manifest = checked_manifest(name, &file, &header)?;
    let known = Known::Read(manifest.clone());
    let unclean = is_unclean(name, &file, &header);
    let region = map::<ReadOnly>(name, RegionFile::new(name, file)?, known, Pages::Later)?;
    Ok(Some(Sight { region, manifest, persistent: header.persistent, unclean }))
}

impl Region {
    /// The file that the region lies in.
    pub(crate) fn file(&self) -> &File {
        self.file.get()
    }

    /// Whether there is an attachment. Exact, except that a user who may read the file can fake one.
    pub(crate) fn is_attached(&self) -> Result<bool, Error> {
        let ask = |file: &File| ByteLock::Write.conflict(file, ATTACHED);
        let asked = self.file.own().map(ask);
        // Another handle's descriptor would overlook that handle's own lock.
        let answer = match asked.filter(|_| self.file.own().is_some()) {
            Some(answer) => answer,
            None => ask(&self.reopen(false)?),
        };
        let lock = answer.map_err(|error| self.name.io("fcntl(F_OFD_GETLK)", error))?;
        // A process holds it for writing that has just shown that there is none.
        Ok(lock == Some(ByteLock::Read))
    }

    /// Closes the descriptor of a region that is only looked at.
    pub(crate) fn close_file(&mut self) {
        self.file.close();
    }
}
