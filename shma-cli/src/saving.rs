//! A file that a command writes for its user.

use std::io;
use std::path::Path;

use rustix::fs::{Stat, fstat};

use crate::failure::Failure;
use crate::files::{Destination, is_standard_output};
use crate::output::Output;

/// A file, or standard output for `-`.
#[derive(Debug)]
pub struct Saving<'p> {
    path: &'p Path,
    to: Destination,
}

impl<'p> Saving<'p> {
    /// Opens the file. Until [`write`](Self::write) has succeeded, a file that is there already
    /// stays as it is.
    pub fn open(path: &'p Path, output: &Output) -> Result<Self, Failure> {
        let to = Destination::open(path).map_err(|error| failure(path, error))?;
        let saving = Self { path, to };
        if saving.is_standard_output() && output.json {
            return Err(Failure::usage(
                "both --json and the data take standard output; give the name of a file",
            ));
        }
        if saving.is_standard_output() && output.is_terminal {
            return Err(Failure::usage(
                "standard output is a terminal; send it to a program, or give the name of a file",
            ));
        }
        Ok(saving)
    }

    /// Whether the data go to standard output, by whichever name, so that nothing else may.
    pub fn is_standard_output(&self) -> bool {
        let id = |stat: Stat| (stat.st_dev, stat.st_ino);
        let (ours, standard) = (fstat(self.to.file()), fstat(io::stdout()));
        self.to.is_stream() && ours.is_ok_and(|ours| standard.is_ok_and(|it| id(it) == id(ours)))
    }

    /// Writes the file, and gives it its name.
    pub fn write(
        self,
        fill: impl FnOnce(&Destination) -> io::Result<()>,
        output: &Output,
    ) -> Result<(), Failure> {
        let is_standard_output = self.is_standard_output();
        let Self { path, to } = self;
        let others = fill(&to).and_then(|()| to.finish()).map_err(|error| {
            if is_standard_output { error.into() } else { failure(path, error) }
        })?;
        if others && !output.json {
            let path = path.display();
            eprintln!("shma: the file {path} had other names; they keep its old contents");
        }
        Ok(())
    }
}

fn failure(path: &Path, error: io::Error) -> Failure {
    if is_standard_output(path) { error.into() } else { Failure::file(path, &error) }
}
