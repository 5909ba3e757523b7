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
    /// [`migrate_region`](crate::ShmState::migrate_region) does. Fields that the file has nothing for stay as
    /// they are, and so does what an array has more than that of the file.
    ///
    /// The ordinary fields are published as one transaction, then the numbers of atomic fields one by one. No
    /// publication of another writer is lost, except of the numbers that are copied. A process that is killed
    /// between the two leaves atomic fields as they were.
    ///
    /// # Errors
    ///
    /// [`Error::File`], [`Error::NotACheckpoint`]; as [`begin`](Self::begin). Nothing is copied then.
    ///
    /// # Blocking
    ///
    /// Reads the file; then as [`begin`](Self::begin).
    pub fn migrate_file(&self, path: impl AsRef<Path>, wait: Wait) -> Result<Migration, Error> {
        self.migrate_from(&Checkpoint::open(path)?, wait)
    }

    /// As [`migrate_file`](Self::migrate_file), from another region, as it stands at one instant.
    ///
    /// # Errors
    ///
    /// As [`begin`](Self::begin).
    ///
    /// # Blocking
    ///
    /// Waits for the holders of the semaphores of this region, and for none of the other one.
    pub fn migrate_region(&self, from: &Self, wait: Wait) -> Result<Migration, Error> {
        self.migrate_from(&Values::new(from.owned_manifest(), from.values()?), wait)
    }

    /// What [`migrate_file`](Self::migrate_file) would do. Copies nothing, and takes any handle.
    ///
    /// # Errors
    ///
    /// [`Error::File`], [`Error::NotACheckpoint`].
    ///
    /// # Blocking
    ///
    /// Reads the start of the file.
    pub fn preview_file(&self, path: impl AsRef<Path>) -> Result<Migration, Error> {
        Ok(Plan::new(&Checkpoint::open(path)?, self.manifest(), &[]).report())
    }

    /// What [`migrate_region`](Self::migrate_region) would do. Copies nothing, and takes any handle.
    pub fn preview_region(&self, from: &Self) -> Migration {
        let none = vec![Vec::new(); from.fields().len()];
        Plan::new(&Values::new(from.owned_manifest(), none), self.manifest(), &[]).report()
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
        self.check_writable()?;
        let plan = Plan::new(source, self.manifest(), &[]);
        // Read before a semaphore is held: a file may take its time.
        let mut copied = Vec::new();
        for (index, field) in self.fields().iter().enumerate().filter(|(at, _)| plan.copies(*at)) {
            let mut value = vec![0; field.manifest().size];
            plan.fill(source, field.manifest(), index, &mut value)?;
            copied.push((index, field, value));
        }
        let (ordinary, atomic): (Vec<_>, Vec<_>) =
            copied.into_iter().partition(|(_, field, _)| !field.is_atomic());
        if !ordinary.is_empty() {
            self.publish(&plan, ordinary, wait)?;
        }
        for (index, field, value) in &atomic {
            plan.each_part(field.manifest(), *index, |_, part| {
                field.write_part(part.start, &value[part], wait).map(drop)
            })?;
        }
        Ok(plan.report())
    }

    /// Publishes values as one, where each is that of the region outside of what is copied.
    fn publish(
        &self,
        plan: &Plan,
        mut values: Vec<(usize, &Field, Vec<u8>)>,
        wait: Wait,
    ) -> Result<(), Error> {
        let transaction = self.begin(wait)?;
        for (index, field, value) in &mut values {
            let mut whole = vec![0; value.len()];
            transaction.load(field, &mut whole)?;
            plan.each_part(field.manifest(), *index, |_, part| {
                whole[part.clone()].copy_from_slice(&value[part]);
                Ok(())
            })?;
            *value = whole;
        }
        let news: Vec<(&Field, &[u8])> =
            values.iter().map(|(_, field, value)| (*field, &value[..])).collect();
        transaction.commit(&news).map(drop)
    }
}
