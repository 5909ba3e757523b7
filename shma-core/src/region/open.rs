//! Joining a region that exists.

use std::time::Instant;

use super::access::Access;
use super::file::{RegionFile, open_file};
use super::lock::leads_to;
use super::mapping::{map, with_token};
use super::owner::{Accepted, Users};
use super::stored::{check_layout, is_leaving, read_header};
use super::{DEADLINE, Name, PAUSE, Pages, Region};
use crate::error::Error;
use crate::manifest::Known;
use crate::os::pause;
use crate::sync::mutant;
use crate::sync::stop_point;

/// Attaches to the region of this name.
pub(crate) fn open<A: Access>(
    name: &Name,
    manifest: &Known,
    owners: &Users,
    pages: Pages,
) -> Result<Region, Error> {
    let end = Instant::now() + DEADLINE;
    loop {
        if let Some(region) = attempt::<A>(name, manifest, owners, pages)? {
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
    manifest: &Known,
    owners: &Users,
    pages: Pages,
) -> Result<Option<Region>, Error> {
    let path = name.path();
    let (file, _) = open_file(name, &path, A::WRITABLE, Accepted::Trusted(owners))?;
    let opened = RegionFile::new(name, file)?;
    stop_point!("attach.opened");
    let header = read_header(name, opened.get())?;
    if is_leaving(name, &path, opened.get(), &header)? {
        return Ok(None);
    }
    check_layout(name, opened.get(), &header, manifest.get())?;
    let mut region = map::<A>(name, opened, manifest.clone(), pages)?;
    if A::WRITABLE {
        region = match with_token(region, &path)? {
            Some(region) => region,
            None => return Ok(None),
        };
    }
    if !mutant!("attach-unlocked") && !region.file.attach(name)? {
        return Ok(None);
    }
    stop_point!("attach.locked");
    // What changed until the lock is looked at anew.
    let same = read_header(name, region.file.get()).is_ok_and(|again| again == header);
    if !same || !leads_to(&path, region.file.id()) {
        return Ok(None);
    }
    region.unlink_on_drop = !header.persistent;
    Ok(Some(region))
}
