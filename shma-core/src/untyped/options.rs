//! Creating and opening.

use super::declaration::Declaration;
use super::state::State;
use crate::error::Error;
use crate::region::access::{ReadOnly, ReadWrite};
use crate::region::{self, Region};
use crate::state::Options;

/// In place of a state's type, in [`Options`].
#[derive(Debug)]
pub enum Untyped {}

/// How a region is made or opened, to begin with.
pub fn options() -> Options<Untyped> {
    Options::new()
}

impl Options<Untyped> {
    /// Creates the region with the initial values of the declaration.
    ///
    /// # Errors
    ///
    /// As [`ShmState::create`](crate::ShmState::create), and [`Error::Declaration`].
    ///
    /// # Blocking
    ///
    /// As [`ShmState::create`](crate::ShmState::create).
    pub fn create(self, name: &str, declaration: &Declaration) -> Result<State, Error> {
        let (name, known) = (self.name(name)?, declaration.known()?);
        self.create_region(&name, &known, |region| fill(region, declaration)).map(State::new)
    }

    /// Attaches to the region: one of the layout of `expected`, or of whatever layout it is.
    ///
    /// # Errors
    ///
    /// As [`ShmState::open`](crate::ShmState::open), and [`Error::Declaration`].
    ///
    /// # Blocking
    ///
    /// As [`ShmState::open`](crate::ShmState::open), and as long as [`wait`](Self::wait) says for the
    /// region to appear.
    pub fn open(self, name: &str, expected: Option<&Declaration>) -> Result<State, Error> {
        let (name, known) = (self.name(name)?, expected.map(Declaration::known).transpose()?);
        self.open_region::<ReadWrite>(&name, known.as_ref()).map(State::new)
    }

    /// As [`open`](Self::open), without write permission: calls that write are [`Error::ReadOnly`].
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    ///
    /// # Blocking
    ///
    /// As [`open`](Self::open).
    pub fn open_read_only(
        self,
        name: &str,
        expected: Option<&Declaration>,
    ) -> Result<State, Error> {
        let (name, known) = (self.name(name)?, expected.map(Declaration::known).transpose()?);
        self.open_region::<ReadOnly>(&name, known.as_ref()).map(State::new)
    }

    /// Opens the region if there is one, and creates it otherwise.
    ///
    /// # Errors
    ///
    /// As [`ShmState::open_or_create`](crate::ShmState::open_or_create), and [`Error::Declaration`].
    ///
    /// # Blocking
    ///
    /// As [`ShmState::open_or_create`](crate::ShmState::open_or_create).
    pub fn open_or_create(self, name: &str, declaration: &Declaration) -> Result<State, Error> {
        let (name, known) = (self.name(name)?, declaration.known()?);
        let fill = |region: &Region| fill(region, declaration);
        self.open_or_create_region(&name, &known, fill).map(State::new)
    }

    /// As [`ShmState::unlink`](crate::ShmState::unlink).
    ///
    /// # Errors
    ///
    /// As [`ShmState::unlink`](crate::ShmState::unlink).
    ///
    /// # Blocking
    ///
    /// As [`ShmState::unlink`](crate::ShmState::unlink).
    pub fn unlink(self, name: &str) -> Result<(), Error> {
        region::unlink(&self.name(name)?, None)
    }

    /// Whether an ephemeral region that no process was attached to stays when the handle that is opened
    /// is dropped. By default the last handle removes it, as always. A tool that repairs such a region
    /// leaves it for the program that it belongs to.
    pub fn keep_dead(mut self, keep: bool) -> Self {
        self.opening().keep_dead = keep;
        self
    }
}

fn fill(region: &Region, declaration: &Declaration) {
    for (index, value) in declaration.initial().enumerate() {
        region.fill(index, value);
    }
}
