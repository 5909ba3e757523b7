//! Joining a region that exists.

use std::fs::File;
use std::io;
use std::mem::ManuallyDrop;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Instant;

use memmap2::MmapOptions;
use rustix::fs::{FileType, OFlags, Stat};
use rustix::io::Errno;

use super::file::{RegionFile, fstat};
use super::lock::{ATTACHED, leads_to};
use super::name::check_directory;
use super::owner::{Accepted, Owner, user};
use super::{DEADLINE, Name, PAUSE, Region, Terms};
use crate::error::Error;
use crate::header::{CheckedHeader, UncheckedHeader};
use crate::layout;
use crate::manifest::{Known, Manifest, OwnedManifest};
use crate::os::{self, ByteLock, FileId, Mapping, pause};
use crate::protocol::semaphore::{Owners, owner_of};
use crate::sync::Ordering;
use crate::sync::mutant;
use crate::sync::stop_point;
use crate::token::{NoToken, Token};

/// Attaches to the region of this name.
pub(crate) fn open(name: &Name, manifest: &Known, terms: &Terms) -> Result<Region, Error> {
    let end = Instant::now() + DEADLINE;
    loop {
        if let Some(region) = attempt(name, manifest, terms)? {
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
fn attempt(name: &Name, manifest: &Known, terms: &Terms) -> Result<Option<Region>, Error> {
    let path = name.path();
    let (file, _) = open_file(name, &path, terms.writable, terms.accepted())?;
    let opened = RegionFile::new(name, file)?;
    stop_point!("attach.opened");
    let header = read_header(name, opened.get())?;
    if is_leaving(name, &path, opened.get(), &header)? {
        return Ok(None);
    }
    check_layout(name, opened.get(), &header, manifest.get())?;
    let mut region = map(name, opened, manifest.clone(), terms)?;
    if terms.writable {
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
    region.persistent = header.persistent;
    Ok(Some(region))
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

/// Opens what has the name, without creating anything: a regular file of a user whose files are
/// accepted. The owner is looked at first, and without opening, which a squatter can make fail in
/// many ways: by a lease, a device, a FIFO.
pub(super) fn open_file(
    name: &Name,
    path: &Path,
    writable: bool,
    accepted: Accepted<'_>,
) -> Result<(File, Stat), Error> {
    let seen = look_at(name, path)?;
    let owner = Owner::of_unopened(&seen);
    let kind = check_kind(name, &seen);
    if !accepted.may_include(&seen) || kind.is_err() && !accepted.includes(owner) {
        return Err(foreign(name, &seen, owner));
    }
    kind?;
    let file = match try_open(path, writable) {
        Ok(file) => file,
        // The name may have gone on meanwhile.
        Err(errno) => {
            return Err(not_opened(name, &look_at(name, path)?, writable, accepted, errno));
        }
    };
    let stat = fstat(name, &file)?;
    let owner = Owner::of(&file, &stat);
    if !accepted.includes(owner) {
        return Err(foreign(name, &stat, owner));
    }
    check_kind(name, &stat)?;
    Ok((file, stat))
}

fn look_at(name: &Name, path: &Path) -> Result<Stat, Error> {
    rustix::fs::lstat(path).map_err(|errno| {
        if let (Errno::NOENT | Errno::NOTDIR, Err(error)) = (errno, check_directory(name)) {
            return error;
        }
        match errno {
            Errno::NOENT => Error::NotFound { name: name.as_str().to_owned() },
            errno => name.io("lstat in /dev/shm", errno.into()),
        }
    })
}

/// Why a file cannot be opened: because it is another user's, or for its own sake.
fn not_opened(
    name: &Name,
    stat: &Stat,
    writable: bool,
    accepted: Accepted<'_>,
    errno: Errno,
) -> Error {
    let owner = Owner::of_unopened(stat);
    let refused = matches!(errno, Errno::ACCESS | Errno::PERM);
    if !accepted.includes(owner) || refused && !accepted.names(owner) {
        return foreign(name, stat, owner);
    }
    match errno {
        _ if refused => not_permitted(name, writable),
        Errno::AGAIN => leased(name),
        errno => name.io("open", errno.into()),
    }
}

/// Links are not followed, and what is no file makes nothing wait.
const HOW: OFlags = OFlags::NOFOLLOW.union(OFlags::NONBLOCK).union(OFlags::NOCTTY);

pub(super) fn try_open(path: &Path, writable: bool) -> Result<File, Errno> {
    os::open(path, HOW | if writable { OFlags::RDWR } else { OFlags::RDONLY })
}

/// The file is this user's or of one who was allowed by name, and only its mode is in the way.
fn not_permitted(name: &Name, writable: bool) -> Error {
    let what = if writable {
        "the file's mode does not let this user read and write it; open it read-only, or create it \
         with another mode (see `Options::mode`)"
    } else {
        "the file's mode does not let this user read it; create it with another one (see \
         `Options::mode`)"
    };
    name.io("open", io::Error::new(io::ErrorKind::PermissionDenied, what))
}

fn leased(name: &Name) -> Error {
    let what = "another process holds a lease on the file (fcntl F_SETLEASE); try again when it has \
                given that up";
    name.io("open", io::Error::new(io::ErrorKind::WouldBlock, what))
}

pub(super) fn foreign(name: &Name, stat: &Stat, owner: Owner) -> Error {
    let unmapped = owner == Owner::Unmapped;
    Error::ForeignOwner {
        name: name.as_str().to_owned(),
        owner: stat.st_uid,
        user: user(),
        unmapped,
    }
}

/// A regular file.
fn check_kind(name: &Name, stat: &Stat) -> Result<(), Error> {
    let kind = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => return Ok(()),
        FileType::Symlink => "a symbolic link",
        FileType::Directory => "a directory",
        FileType::Fifo => "a FIFO",
        FileType::Socket => "a socket",
        _ => "a device",
    };
    Err(name.not_a_region(format!("it is {kind} and no regular file; remove it by hand")))
}

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

/// Compares what the region says of its layout with what this program declares.
fn check_layout(
    name: &Name,
    file: &File,
    header: &CheckedHeader,
    manifest: &Manifest<'_>,
) -> Result<(), Error> {
    if header.fingerprint != manifest.fingerprint() {
        let stored = stored_manifest(name, file, header)?;
        let attached = ByteLock::Write.conflict(file, ATTACHED);
        // What cannot be found out is taken for alive.
        let attached = attached.map_or(true, |lock| lock == Some(ByteLock::Read));
        return Err(mismatch(name, stored.get(), manifest, attached, header.persistent));
    }
    let text = manifest_text(name, file, header)?;
    if text != manifest.to_json().as_bytes() {
        // A later version of the library may say more of the same layout.
        let contradiction = match OwnedManifest::of_text(&text) {
            Err(reason) => Some(reason),
            Ok(stored) => match stored.get().difference(manifest) {
                same if same.is_empty() => None,
                difference => Some(difference.between("the text", "the fingerprint").to_string()),
            },
        };
        if let Some(contradiction) = contradiction {
            return Err(name.not_a_region(format!(
                "its manifest contradicts its fingerprint: {contradiction}"
            )));
        }
    }
    check_place(name, header, manifest)
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
        state,
        difference,
        attached,
        persistent,
    }
}

/// The text lies where this layout ends.
pub(super) fn check_place(
    name: &Name,
    header: &CheckedHeader,
    manifest: &Manifest<'_>,
) -> Result<(), Error> {
    if header.text_at != manifest.tail() as u64 {
        return Err(name.not_a_region(format!(
            "its manifest lies at {}, and with this layout it lies at {}",
            header.text_at,
            manifest.tail()
        )));
    }
    Ok(())
}

/// Maps a file that holds at least what the manifest says. What comes of it leaves the name alone
/// when it is dropped: leaving is for those who are attached.
pub(super) fn map(
    name: &Name,
    opened: RegionFile,
    manifest: Known,
    terms: &Terms,
) -> Result<Region, Error> {
    let bytes = manifest.get().tail();
    let mut options = MmapOptions::new();
    options.len(bytes);
    if terms.prefault {
        options.populate();
    }
    let file = opened.get();
    let mapped =
        if terms.writable { options.map_raw(file) } else { options.map_raw_read_only(file) };
    let map = mapped.map_err(|error| name.io("mmap", error))?;
    let stat = fstat(name, file)?;
    if u64::try_from(stat.st_size).unwrap_or(0) < bytes as u64 {
        return Err(name.not_a_region("it was truncated while it was opened"));
    }
    Ok(Region {
        map: ManuallyDrop::new(Mapping::new(map, terms.writable)),
        file: ManuallyDrop::new(opened),
        name: name.clone(),
        manifest,
        persistent: true,
        token: None,
        pid: rustix::process::getpid().as_raw_nonzero().get() as u32,
    })
}

/// Gives an attachment its owner id; `None` if `path` does not lead to its file any more.
pub(super) fn with_token(mut region: Region, path: &Path) -> Result<Option<Region>, Error> {
    // From now on: what has been done so far may have touched gigabytes.
    let end = Instant::now() + DEADLINE;
    let in_use = |owner| {
        // Relaxed: an id that is in use was put there before this attachment began.
        region.controls().any(|control| owner_of(control.lock.load(Ordering::Relaxed)) == owner)
    };
    let draw = || {
        let own = match os::open_at_once(path, HOW | OFlags::RDWR) {
            Err(Errno::NOENT) => return Ok(None),
            own => own.map_err(|errno| NoToken::Io("open", errno.into()))?,
        };
        let stat = rustix::fs::fstat(&own);
        let stat = stat.map_err(|errno| NoToken::Io("fstat", errno.into()))?;
        if FileId::of(&stat) != region.file.id() {
            return Ok(None);
        }
        Token::draw(own, region.file.get(), &region.header().next_id, in_use).map(Some)
    };
    let Some(drawn) = os::above_streams(|| region.file.fork().unforked(end, draw)) else {
        return Err(region.name.timeout("waiting for other threads that fork"));
    };
    let Some(token) = drawn.map_err(|no_token| explain(&region.name, no_token))? else {
        return Ok(None);
    };
    region.token = Some(token);
    stop_point!("attach.token");
    debug_assert_ne!(region.me(), 0);
    Ok(Some(region))
}

fn explain(name: &Name, no_token: NoToken) -> Error {
    match no_token {
        NoToken::Io(call, error) => name.io(call, error),
        NoToken::NoId => name.not_a_region("a thousand owner ids in a row are taken"),
        NoToken::LocksDoNotWork => name.io(
            "the self-test of F_OFD_SETLK (locks of open file descriptions do not work here, so a dead writer could not be told from a living one)",
            Errno::NOTSUP.into(),
        ),
        NoToken::LocksDoNotLast => name.io(
            "the self-test of F_OFD_SETLK (a mapping does not keep its file's locks here, as on overlayfs, so a living writer could not be told from a dead one; mount a tmpfs at /dev/shm)",
            Errno::NOTSUP.into(),
        ),
    }
}
