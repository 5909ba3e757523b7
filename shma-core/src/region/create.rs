//! The birth of a region: complete under a temporary name, then renamed.
//!
//! A creator that dies on the way leaves a temporary file, which a later creation [sweeps](super::sweep)
//! away, and never a half-made region under its name.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::time::Instant;

use rustix::fs::{CWD, Mode, RenameFlags};
use rustix::io::Errno;
use shared_memory::{ShmemConf, ShmemError};

use super::access::ReadWrite;
use super::dead::{TEMPORARY, UNLOCKED};
use super::file::{RegionFile, fstat, open_file};
use super::header::INSTANCE_AT;
use super::lock::{ATTACHED, Attempt, NAMED, Named, retire};
use super::mapping::{map, with_token};
use super::open::check_notes;
use super::owner::Accepted;
use super::room::{check_length, lengthen, no_space, reserve};
use super::stored::{read_header, stored_manifest};
use super::{Creation, DEADLINE, Name, Opening, PAUSE, Pages, Region, sweep};
use crate::error::Error;
use crate::manifest::Known;
use crate::os::{self, ByteLock, FileId, pause};
use crate::sync::mutant;
use crate::sync::stop_point;

/// How a file is made in `/dev/shm`, for messages.
const MAKING: &str = "shm_open, ftruncate or mmap of a file";

/// Creates the region. `fill` writes the initial values; no other process sees the region before.
pub(crate) fn create(
    name: &Name,
    manifest: &Known,
    creation: &Creation,
    opening: &Opening,
    fill: impl Fn(&Region),
) -> Result<Region, Error> {
    let end = Instant::now() + DEADLINE;
    name.check_stickiness()?;
    check_notes(name, &creation.notes, &opening.notes)?;
    sweep::if_due(name.directory(), end);
    loop {
        // Cheap, and spares the work of making a region that will not get its name.
        if let Occupant::Stays(error) = occupant(name)? {
            return Err(error);
        }
        match Newborn::make(name, manifest, creation, opening.pages) {
            Ok(Some(newborn)) => {
                fill(&newborn.region);
                newborn.finish()?;
                stop_point!("create.filled");
                if let Some(region) = newborn.take_name()? {
                    return Ok(region);
                }
            }
            // What another creation holds that has died meanwhile.
            Err(Error::NoSpace { .. }) if sweep::now(name.directory(), end) => {}
            Ok(None) => {}
            Err(error) => return Err(error),
        }
        if Instant::now() >= end {
            return Err(name.timeout("creation"));
        }
    }
}

/// A region that has no name yet. Dropped, it leaves nothing.
struct Newborn {
    region: Region,
    text: String,
    file: Temporary,
    creation: Creation,
}

/// The name of a file that is not finished. Dropped, it is removed.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        if !mutant!("create-leaves-behind") {
            // Fails if it has been renamed.
            let _ = rustix::fs::unlink(&self.0);
        }
    }
}

impl Newborn {
    /// `None` if the temporary file vanished.
    fn make(
        name: &Name,
        known: &Known,
        creation: &Creation,
        pages: Pages,
    ) -> Result<Option<Self>, Error> {
        let manifest = known.get();
        let text = manifest.text_with(&creation.notes);
        let text = text.map_err(|reason| Error::Declaration {
            state: manifest.name.to_owned().into(),
            field: None,
            reason: reason.into(),
        })?;
        let total = (manifest.tail() + text.len()) as u64;
        check_length(name, total)?;
        let temporary = make_file(name)?;
        let (file, _) = match open_file(name, &temporary.0, true, Accepted::Own) {
            Err(Error::NotFound { .. }) => return Ok(None),
            opened => opened?,
        };
        stop_point!("create.made");
        let file = RegionFile::new(name, file)?;
        if !file.attach(name)? || fstat(name, file.get())?.st_nlink == 0 {
            return Ok(None);
        }
        stop_point!("create.locked");
        // From here on the lock tells whether this creation lives; see [`UNLOCKED`].
        lengthen(name, file.get(), total)?;
        stop_point!("create.lengthened");
        reserve(name, file.get(), total)?;
        stop_point!("create.reserved");
        let region = map::<ReadWrite>(name, file, known.clone(), pages)?;
        if creation.huge_pages {
            region.map.collapse();
        }
        let Some(mut region) = with_token(region, &temporary.0)? else { return Ok(None) };
        region.notes = creation.notes.clone();
        Ok(Some(Self { region, text, file: temporary, creation: creation.clone() }))
    }

    /// Writes the header and the manifest's text, and sets the mode, which may keep this process from
    /// opening the file again.
    fn finish(&self) -> Result<(), Error> {
        let Region { file, name, .. } = &self.region;
        let (file, manifest) = (file.get(), self.region.manifest());
        let instance = random(name)?;
        self.region.header().fill(
            manifest,
            self.text.len() as u64,
            self.creation.persistent,
            instance,
        );
        file.write_all_at(self.text.as_bytes(), manifest.tail() as u64)
            .map_err(|error| name.io("pwrite", error))?;
        // The mapping and the descriptor are two ways to one file, or something is badly wrong.
        let mut seen = [0; 16];
        file.read_exact_at(&mut seen, INSTANCE_AT).map_err(|error| name.io("pread", error))?;
        if seen != instance {
            return Err(name.not_a_region("what is written through its mapping does not show"));
        }
        let mode = Mode::from_raw_mode(self.creation.mode);
        rustix::fs::fchmod(file, mode).map_err(|errno| name.io("fchmod", errno.into()))
    }

    /// Renames the region to its name, over a dead one if there is one; `None` if the temporary
    /// file vanished.
    fn take_name(mut self) -> Result<Option<Region>, Error> {
        let name = self.region.name.clone();
        let path = name.path();
        let end = Instant::now() + DEADLINE;
        loop {
            match rustix::fs::renameat_with(CWD, &self.file.0, CWD, &path, RenameFlags::NOREPLACE) {
                Ok(()) => break,
                Err(Errno::NOENT) => return Ok(None),
                Err(Errno::EXIST) => {}
                Err(errno) => return Err(name.io("renameat2(RENAME_NOREPLACE)", errno.into())),
            }
            match occupant(&name)? {
                Occupant::Stays(error) => return Err(error),
                Occupant::Dead(dead) if self.replace(&dead, end)? => break,
                Occupant::Dead(_) | Occupant::Leaving => {}
            }
            if Instant::now() >= end {
                return Err(name.timeout("creation"));
            }
            pause(PAUSE);
        }
        stop_point!("create.named");
        self.region.unlink_on_drop = !self.creation.persistent;
        Ok(Some(self.region))
    }

    /// Renames the region over a dead one; false if it lost a race for the name.
    fn replace(&self, dead: &Dead, end: Instant) -> Result<bool, Error> {
        let name = &self.region.name;
        let path = name.path();
        let named = Named { name, path: &path, file: &dead.file, id: dead.id };
        let bytes = if mutant!("replace-living") { &[NAMED][..] } else { &[ATTACHED, NAMED] };
        let attempt = named.locked(self.region.file.fork(), end, bytes, "rename", || {
            stop_point!("create.replacing");
            match rustix::fs::rename(&self.file.0, &path) {
                Err(Errno::NOENT) => return Ok(false),
                renamed => renamed?,
            }
            retire(&dead.file);
            Ok(true)
        })?;
        Ok(attempt == Attempt::Done(true))
    }
}

/// Sixteen random bytes.
fn random(name: &Name) -> Result<[u8; 16], Error> {
    let mut bytes = [0; 16];
    let got = rustix::rand::getrandom(&mut bytes[..], rustix::rand::GetRandomFlags::empty());
    match got.map_err(|errno| name.io("getrandom", errno.into()))? {
        16 => Ok(bytes),
        _ => Err(name.io("getrandom", std::io::ErrorKind::UnexpectedEof.into())),
    }
}

/// Makes the file, which takes no memory yet.
fn make_file(name: &Name) -> Result<Temporary, Error> {
    let temporary = format!("{TEMPORARY}{:032x}", u128::from_ne_bytes(random(name)?));
    name.check_directory()?;
    let path = name.directory().join(&temporary);
    match name.directory().is_usual() {
        true => make_in_shm(name, &temporary).map(|()| Temporary(path)),
        false => make_elsewhere(name, path),
    }
}

fn make_in_shm(name: &Name, temporary: &str) -> Result<(), Error> {
    // `shared_memory` opens a descriptor of its own. It takes 0 for none, too, and neither closes it nor
    // removes what it has made.
    let created = os::above_streams(|| {
        let created = ShmemConf::new().os_id(temporary).size(UNLOCKED).create();
        // The file is all that is wanted of it.
        created.map(|mut created| _ = created.set_owner(false))
    });
    created.map_err(|error| match error {
        ShmemError::MapCreateFailed(errno) | ShmemError::UnknownOsError(errno) => {
            match errno.try_into() {
                Ok(libc::ENOSPC) => no_space(name, UNLOCKED as u64),
                Ok(errno) => name.io_in_directory(MAKING, std::io::Error::from_raw_os_error(errno)),
                Err(_) => name.io_in_directory(MAKING, std::io::Error::other(error)),
            }
        }
        error => name.io_in_directory(MAKING, std::io::Error::other(error)),
    })
}

/// `shared_memory` knows no directory but `/dev/shm`.
fn make_elsewhere(name: &Name, path: PathBuf) -> Result<Temporary, Error> {
    let failed = |call| {
        move |errno| match errno {
            Errno::NOSPC => no_space(name, UNLOCKED as u64),
            errno => name.io_in_directory(call, errno.into()),
        }
    };
    let file = os::create_new(&path, Mode::RUSR | Mode::WUSR);
    let (file, temporary) = (file.map_err(failed("open of a new file"))?, Temporary(path));
    let lengthened = rustix::io::retry_on_intr(|| rustix::fs::ftruncate(&file, UNLOCKED as u64));
    lengthened.map_err(failed("ftruncate of a new file"))?;
    Ok(temporary)
}

/// What has the name already.
enum Occupant {
    /// Nothing any more, or something that is being removed.
    Leaving,
    /// A region without an attachment, which may be replaced.
    Dead(Dead),
    /// Something that is not replaced.
    Stays(Error),
}

/// A region that was seen dead; a process may open it again.
struct Dead {
    file: File,
    id: FileId,
}

fn occupant(name: &Name) -> Result<Occupant, Error> {
    let (file, stat) = match open_file(name, &name.path(), true, Accepted::Own) {
        Ok(opened) => opened,
        Err(Error::NotFound { .. }) => return Ok(Occupant::Leaving),
        Err(error @ (Error::NotARegion { .. } | Error::ForeignOwner { .. })) => {
            return Ok(Occupant::Stays(error));
        }
        Err(error) => return Err(error),
    };
    if let Some(error) = cannot_be_replaced(name, &file)? {
        return Ok(Occupant::Stays(error));
    }
    let attached = ByteLock::Write.conflict(&file, ATTACHED);
    match attached.map_err(|error| name.io("fcntl(F_OFD_GETLK)", error))? {
        Some(ByteLock::Read) if !mutant!("replace-living") => {
            Ok(Occupant::Stays(exists(name, "processes are attached to it")))
        }
        Some(ByteLock::Write) => Ok(Occupant::Leaving),
        Some(ByteLock::Read) | None => Ok(Occupant::Dead(Dead { file, id: FileId::of(&stat) })),
    }
}

fn cannot_be_replaced(name: &Name, file: &File) -> Result<Option<Error>, Error> {
    let header = match read_header(name, file) {
        Err(error @ Error::NotARegion { .. }) => return Ok(Some(error)),
        header => header?,
    };
    if header.persistent {
        return Ok(Some(exists(name, "it is persistent")));
    }
    // What is not a region in all its parts may be something else.
    match stored_manifest(name, file, &header) {
        Err(error @ Error::NotARegion { .. }) => Ok(Some(error)),
        manifest => manifest.map(|_| None),
    }
}

fn exists(name: &Name, reason: &'static str) -> Error {
    let directory = name.directory().path().to_owned();
    Error::AlreadyExists { name: name.as_str().to_owned(), directory, reason }
}
