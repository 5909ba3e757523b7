//! The region of this node, which may go and come.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use shma_core::OwnedManifest;
use shma_core::untyped::{self, State};

use crate::error::Error;

/// Between two looks at whether the name still leads to the region.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// The region that this node mirrors.
#[derive(Debug)]
pub(crate) struct Home {
    name: String,
    dir: Option<PathBuf>,
    state: Option<State>,
    /// What every region of this name has to hold.
    manifest: Option<OwnedManifest>,
    looked: Option<Instant>,
}

impl Home {
    pub(crate) fn new(name: String, dir: Option<PathBuf>) -> Self {
        Self { name, dir, state: None, manifest: None, looked: None }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn state(&self) -> Option<&State> {
        self.state.as_ref()
    }

    pub(crate) fn manifest(&self) -> Option<&OwnedManifest> {
        self.manifest.as_ref()
    }

    /// Attaches. A region that is not there is an error as well.
    pub(crate) fn open(&mut self) -> Result<(), Error> {
        // A region that its programs have left, or were killed in, is theirs to find again.
        let mut options = untyped::options().keep_dead(true);
        if let Some(dir) = &self.dir {
            options = options.dir(dir);
        }
        let state = options.open(&self.name, None)?;
        if let Some(first) = &self.manifest {
            let difference = first.get().difference(state.manifest());
            if !difference.is_empty() {
                let difference = difference.between("the old one", "the new one").to_string();
                return Err(Error::Anew { name: self.name.clone(), difference });
            }
        }
        self.manifest.get_or_insert_with(|| state.owned_manifest());
        self.state = Some(state);
        Ok(())
    }

    /// Leaves a region whose name was removed, and attaches to the one that has the name now. Says
    /// whether it is another one than before.
    pub(crate) fn look(&mut self) -> Result<bool, Error> {
        if self.looked.is_some_and(|looked| looked.elapsed() < LOOK_AGAIN) {
            return Ok(false);
        }
        self.looked = Some(Instant::now());
        let left = match &self.state {
            Some(state) if state.is_current() => return Ok(false),
            state => state.is_some(),
        };
        self.state = None;
        match self.open() {
            Ok(()) => Ok(true),
            Err(Error::Region(shma_core::Error::NotFound { .. })) => Ok(left),
            Err(error) => Err(error),
        }
    }

    /// Looks at the next [`look`](Self::look) whatever the time.
    pub(crate) fn look_soon(&mut self) {
        self.looked = None;
    }
}
