//! A file that a command writes for its user.

use std::io;
use std::path::Path;

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
        if is_standard_output(path) && output.json {
            return Err(Failure::usage(
                "both --json and `-` take standard output; give the name of a file",
            ));
        }
        if is_standard_output(path) && output.is_terminal {
            return Err(Failure::usage(
                "standard output is a terminal; send it to a program, or give the name of a file",
            ));
        }
        let to = Destination::open(path).map_err(|error| failure(path, error))?;
        Ok(Self { path, to })
    }

    /// Whether the data go to standard output, so that nothing else may.
    pub fn is_standard_output(&self) -> bool {
        is_standard_output(self.path)
    }

    /// Writes the file, and gives it its name.
    pub fn write(
        self,
        fill: impl FnOnce(&Destination) -> io::Result<()>,
        output: &Output,
    ) -> Result<(), Failure> {
        let Self { path, to } = self;
        let others = fill(&to).and_then(|()| to.finish()).map_err(|error| failure(path, error))?;
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
