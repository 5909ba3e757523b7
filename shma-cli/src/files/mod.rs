//! Files that a program writes, whatever has the name already.
//!
//! | what has the name | what happens |
//! |---|---|
//! | nothing, or a regular file | the new file appears under the name when it is complete, with the mode and the owner of the old one |
//! | a symbolic link | the same, for what the link leads to; the link stays |
//! | a FIFO, a character device | it is written into |
//! | a descriptor: `-`, `/dev/stdout`, `/dev/fd/N`, `/proc/self/fd/N` | it is written into, from its position on |
//! | a directory, a socket, a block device | refused |
//!
//! `place` finds out what has the name, `unfinished` keeps a file without a name until it is
//! complete. Nothing here imports anything of the program, so that several programs share it.

mod place;
mod unfinished;

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::path::Path;

use place::Place;
use unfinished::Unfinished;

/// Whether this name means standard output.
pub fn is_standard_output(path: &Path) -> bool {
    path == Path::new("-")
}

/// Where a program writes.
#[derive(Debug)]
pub struct Destination {
    file: File,
    /// What becomes of the file once it is complete; nothing if it is written into.
    unfinished: Option<Unfinished>,
}

impl Destination {
    /// Opens what this path leads to, or standard output for `-`. A FIFO is opened when its reader is there.
    ///
    /// # Errors
    ///
    /// The path leads to what cannot be written (`Unsupported`), or a call fails.
    pub fn open(path: &Path) -> io::Result<Self> {
        if is_standard_output(path) {
            let file = File::from(io::stdout().as_fd().try_clone_to_owned()?);
            return Ok(Self { file, unfinished: None });
        }
        match place::find(path)? {
            Place::Replaced(target) => {
                let unfinished = Unfinished::create(target)?;
                Ok(Self { file: unfinished.file()?, unfinished: Some(unfinished) })
            }
            Place::WrittenInto(file) => Ok(Self { file, unfinished: None }),
        }
    }

    /// What is written to.
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Whether what is written stays where it is, so that no program may seek in it.
    pub fn is_stream(&self) -> bool {
        self.unfinished.is_none()
    }

    /// Gives a complete file its name. Without this call no file changes.
    ///
    /// Returns whether the replaced file has other names: they keep the old contents.
    ///
    /// # Errors
    ///
    /// The data do not reach the disk, or the file cannot be replaced.
    pub fn finish(self) -> io::Result<bool> {
        self.unfinished.map_or(Ok(false), Unfinished::finish)
    }
}

/// Whether a file is, or is going to be, a checkpoint, by its name.
pub fn is_checkpoint(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "safetensors")
}
