//! Values of another layout into a region.

use std::path::Path;

use super::field::Field;
use super::state::State;
use super::wait::Wait;
use crate::checkpoint::Checkpoint;
use crate::error::Error;
use crate::migration::{Migration, Plan, Source, Values};

impl State {
    /// Copies values of a file into this region, by name and type as
    /// [`migrate_region`](crate::ShmState::migrate_region) does, in one transaction. Fields that the file has
    /// nothing for stay as they are. Of an array that is copied in part, what a writer publishes meanwhile
    /// outside of that part is lost.
    ///
    /// # Errors
    ///
    /// [`Error::File`], [`Error::NotACheckpoint`]; as [`write_all`](Self::write_all).
    ///
    /// # Blocking
    ///
    /// Reads the file, and waits for the holders of the semaphores.
    pub fn migrate_file(&self, path: impl AsRef<Path>, wait: Wait) -> Result<Migration, Error> {
        self.migrate_from(&Checkpoint::open(path)?, wait)
    }

    /// As [`migrate_file`](Self::migrate_file), from another region, as it stands at one instant.
    ///
    /// # Errors
    ///
    /// As [`write_all`](Self::write_all).
    ///
    /// # Blocking
    ///
    /// Waits for the holders of the semaphores of this region, and for none of the other one.
    pub fn migrate_region(&self, from: &Self, wait: Wait) -> Result<Migration, Error> {
        self.migrate_from(&Values::new(from.owned_manifest(), from.values()?), wait)
    }

    fn values(&self) -> Result<Vec<Vec<u8>>, Error> {
        let sizes = self.fields().iter().map(|field| field.manifest().size);
        let mut values: Vec<Vec<u8>> = sizes.map(|size| vec![0; size]).collect();
        let bytes = values.iter_mut().map(Vec::as_mut_slice);
        let mut parts: Vec<(&Field, &mut [u8])> = self.fields().iter().zip(bytes).collect();
        self.snapshot(&mut parts)?;
        Ok(values)
    }

    fn migrate_from(&self, source: &dyn Source, wait: Wait) -> Result<Migration, Error> {
        let plan = Plan::new(source, self.manifest(), &[]);
        let mut values = self.values()?;
        for (index, value) in values.iter_mut().enumerate() {
            plan.fill(source, &self.manifest().fields[index], index, value)?;
        }
        let all = self.fields().iter().zip(&values).enumerate();
        let copied = all.filter(|(index, _)| plan.copies(*index));
        let parts: Vec<(&Field, &[u8])> =
            copied.map(|(_, (field, value))| (field, &value[..])).collect();
        self.write_all(&parts, wait)?;
        Ok(plan.report())
    }
}
