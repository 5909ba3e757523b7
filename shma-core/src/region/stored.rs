//! What a region's file says of itself: read once, and checked before anything believes it.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::Name;
use super::file::fstat;
use super::header::{CheckedHeader, UncheckedHeader};
use super::lock::{ATTACHED, leads_to};
use crate::error::Error;
use crate::manifest::{Manifest, Notes, OwnedManifest};
use crate::os::{ByteLock, FileId};
use crate::protocol::layout;

/// Reads the header once, and checks all of it that does not depend on the layout.
pub(super) fn read_header(name: &Name, file: &File) -> Result<CheckedHeader, Error> {
    let size = u64::try_from(fstat(name, file)?.st_size).unwrap_or(0);
    let mut bytes = [0; layout::HEADER_BYTES];
    if size < bytes.len() as u64 {
        return Err(name.not_a_region(format!(
            "it has {size} bytes, and a region has at least {}",
            bytes.len()
        )));
    }
    file.read_exact_at(&mut bytes, 0).map_err(|error| name.io("pread", error))?;
    UncheckedHeader::new(&bytes).check(size).map_err(|reason| name.not_a_region(reason))
}

/// The manifest that the region holds.
pub(super) fn stored_manifest(
    name: &Name,
    file: &File,
    header: &CheckedHeader,
) -> Result<OwnedManifest, Error> {
    let text = manifest_text(name, file, header)?;
    OwnedManifest::of_text(&text).map_err(|reason| name.not_a_region(reason))
}

fn manifest_text(name: &Name, file: &File, header: &CheckedHeader) -> Result<Vec<u8>, Error> {
    let mut text = vec![0; header.text_len as usize];
    file.read_exact_at(&mut text, header.text_at).map_err(|error| name.io("pread", error))?;
    Ok(text)
}

/// Compares what the region says of its layout with what this program declares, and returns what its
/// creator has noted.
pub(super) fn check_layout(
    name: &Name,
    file: &File,
    header: &CheckedHeader,
    manifest: &Manifest<'_>,
) -> Result<Notes, Error> {
    let fingerprint = manifest.fingerprint();
    if header.fingerprint != fingerprint {
        let stored = stored_manifest(name, file, header)?;
        let attached = ByteLock::Write.conflict(file, ATTACHED);
        // What cannot be found out is taken for alive.
        let attached = attached.map_or(true, |lock| lock == Some(ByteLock::Read));
        return Err(mismatch(name, stored.get(), manifest, attached, header.persistent));
    }
    let text = manifest_text(name, file, header)?;
    let notes = match manifest.notes_behind(&text, fingerprint) {
        Some(notes) => notes,
        // A later version of the library may say more of the same layout.
        None => notes_of_another_version(&text, manifest),
    };
    let notes = notes.map_err(|reason| name.not_a_region(reason))?;
    check_place(name, header, manifest)?;
    Ok(notes)
}

fn notes_of_another_version(text: &[u8], manifest: &Manifest<'_>) -> Result<Notes, String> {
    let contradiction = match OwnedManifest::of_text(text) {
        Err(reason) => reason,
        Ok(stored) => match stored.get().difference(manifest) {
            same if same.is_empty() => return Ok(stored.all_notes().clone()),
            difference => difference.between("the text", "the fingerprint").to_string(),
        },
    };
    Err(format!("its manifest contradicts its fingerprint: {contradiction}"))
}

fn mismatch(
    name: &Name,
    stored: &Manifest<'_>,
    ours: &Manifest<'_>,
    attached: bool,
    persistent: bool,
) -> Error {
    let difference = stored.difference(ours);
    let difference = if difference.is_empty() {
        "  the fingerprints differ, although no field does".to_owned()
    } else {
        difference.between("the region", "this program").to_string()
    };
    let state = ours.name.to_owned().into();
    Error::LayoutMismatch {
        name: name.as_str().to_owned(),
        directory: name.directory().path().to_owned(),
        state,
        difference,
        attached,
        persistent,
    }
}

/// The text lies where this layout ends.
fn check_place(name: &Name, header: &CheckedHeader, manifest: &Manifest<'_>) -> Result<(), Error> {
    if header.text_at != manifest.tail() as u64 {
        return Err(name.not_a_region(format!(
            "its manifest lies at {}, and with this layout it lies at {}",
            header.text_at,
            manifest.tail()
        )));
    }
    Ok(())
}

/// The manifest that the region holds, if it is one and lies where it has to.
pub(super) fn checked_manifest(
    name: &Name,
    file: &File,
    header: &CheckedHeader,
) -> Result<OwnedManifest, Error> {
    let manifest = stored_manifest(name, file, header)?;
    if header.fingerprint != manifest.get().fingerprint() {
        return Err(name.not_a_region("its manifest contradicts its fingerprint"));
    }
    check_place(name, header, manifest.get())?;
    Ok(manifest)
}

/// Whether the region has lost its name.
pub(super) fn is_leaving(
    name: &Name,
    path: &Path,
    file: &File,
    header: &CheckedHeader,
) -> Result<bool, Error> {
    if !leads_to(path, FileId::of(&fstat(name, file)?)) {
        return Ok(true);
    }
    if header.retired {
        // The mark follows the removal of the name.
        return Err(name.not_a_region("it says that it has no name any more; remove the file"));
    }
    Ok(false)
}
