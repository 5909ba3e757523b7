//! Values of a region or a file of another layout.

use std::path::Path;
use std::sync::Arc;

use super::Options;
use super::family::{State, each_mut};
use super::part::Part;
use super::snapshot;
use crate::checkpoint::Checkpoint;
use crate::error::Error;
use crate::migration::{Migration, Plan, Source, Values};
use crate::partition::Partition;
use crate::region::access::ReadOnly;
use crate::region::{self, Region};

impl<S: State> Options<S> {
    /// As [`ShmState::migrate_region`](crate::ShmState::migrate_region).
    ///
    /// # Errors
    ///
    /// As [`ShmState::migrate_region`](crate::ShmState::migrate_region).
    ///
    /// # Blocking
    ///
    /// As [`ShmState::migrate_region`](crate::ShmState::migrate_region).
    pub fn migrate_region(
        mut self,
        name: &str,
        init: Box<S>,
    ) -> Result<(Box<S>, Migration), Error> {
        let name = self.name(name)?;
        let sight = region::look_to_open(&name, self.opening())?;
        let bytes = values_of(&Arc::new(sight.region));
        migrate(&Values::new(sight.manifest, bytes), init)
    }
}

/// The values of a region as they stand together at one instant.
fn values_of(region: &Arc<Region>) -> Vec<Vec<u8>> {
    let fields = region.manifest().fields;
    let mut values: Vec<Vec<u8>> = fields.iter().map(|field| vec![0; field.size]).collect();
    let partitions = (0..fields.len()).map(|index| Partition::new(Arc::clone(region), index));
    let partitions: Vec<Partition> = partitions.collect();
    let all = fields.iter().zip(&partitions).zip(&mut values);
    let mut parts: Vec<Part<'_, '_>> = all
        .map(|((field, partition), bytes)| match field.atomic {
            true => Part::atomic(partition, bytes, field.ty.scalar().size()),
            false => Part::ordinary(partition, bytes),
        })
        .collect();
    snapshot::forever::<ReadOnly>(region, &mut parts);
    drop(parts);
    values
}

/// As [`ShmState::migrate_file`](crate::ShmState::migrate_file).
pub(super) fn migrate_file<S: State>(
    path: &Path,
    init: Box<S>,
) -> Result<(Box<S>, Migration), Error> {
    migrate(&Checkpoint::open(path)?, init)
}

fn migrate<S: State>(source: &dyn Source, mut init: Box<S>) -> Result<(Box<S>, Migration), Error> {
    let new = &S::DECLARATION;
    let plan = Plan::new(source, new, S::FORMER);
    let mut filled = Ok(());
    each_mut(&mut *init, |index, value| {
        if filled.is_ok() {
            filled = plan.fill(source, &new.fields[index], index, value);
        }
    });
    filled.map(|()| (init, plan.report()))
}
