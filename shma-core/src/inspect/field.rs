//! A look at one field.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::value::Value;
use crate::error::{Error, Place, SemaphoreHolder};
use crate::field::Version;
use crate::field::bounds;
use crate::field::cell_bytes;
use crate::manifest::FieldManifest;
use crate::partition::Partition;
use crate::region::Region;
use crate::state::part::Part;
use crate::sync::Ordering;
use crate::words;

/// How long a look tries for a value beside writers that publish without pause.
pub(super) const PATIENCE: Duration = Duration::from_secs(1);

/// A field of a region that is looked at.
#[derive(Debug, Clone)]
pub struct FieldView {
    region: Arc<Region>,
    partition: Partition,
    index: usize,
}

/// How a field stands. The parts were looked at one after the other.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Status {
    /// Publications so far. For an atomic field: calls that wrote, and one for the creation.
    pub version: Version,
    /// Time since the latest publication; atomic fields do not note it.
    pub age: Option<Duration>,
    /// The holder of the semaphore.
    pub holder: Option<SemaphoreHolder>,
    /// Acquisitions that found the semaphore taken.
    pub contended: u64,
    /// Acquisitions that took it from a dead owner.
    pub dead_owners: u64,
}

impl FieldView {
    pub(super) fn new(region: &Arc<Region>, index: usize) -> Self {
        Self {
            partition: Partition::new(Arc::clone(region), index),
            index,
            region: Arc::clone(region),
        }
    }

    /// What the manifest says of it.
    pub fn manifest(&self) -> &FieldManifest<'_> {
        &self.region.manifest().fields[self.index]
    }

    fn place(&self) -> Place {
        self.region.place(self.index)
    }

    /// Publications so far. For an atomic field: calls that wrote, and one for the creation.
    pub fn version(&self) -> Version {
        Version::new(if self.manifest().atomic {
            self.partition.counted_calls()
        } else {
            self.partition.version()
        })
    }

    /// How it stands.
    pub fn status(&self) -> Status {
        let control = self.partition.control();
        // Relaxed, both: counters for people.
        Status {
            version: self.version(),
            age: (!self.manifest().atomic).then(|| self.partition.age()),
            holder: self.partition.holder(),
            contended: control.contended.load(Ordering::Relaxed),
            dead_owners: control.dead_owners.load(Ordering::Relaxed),
        }
    }

    /// One consistent value; of an atomic field each element is whole and the value is no
    /// snapshot.
    ///
    /// # Errors
    ///
    /// [`Error::Contended`] if publications overtook every try for a second.
    ///
    /// # Blocking
    ///
    /// Never waits for a writer, and acquires no semaphore.
    pub fn read(&self) -> Result<Value, Error> {
        let mut value = self.blank();
        value.version = self.read_part(0, &mut value.bytes)?;
        Ok(value)
    }

    /// As [`read`](Self::read), the bytes from `first` on, all from one publication.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    ///
    /// # Panics
    ///
    /// If the value has no such bytes, or if they do not consist of whole elements of an atomic
    /// field.
    pub fn read_part(&self, first: usize, into: &mut [u8]) -> Result<Version, Error> {
        let end = first.saturating_add(into.len());
        bounds::within(&(first..end), self.manifest().size, || self.place());
        if self.manifest().atomic {
            let size = self.manifest().ty.scalar().size();
            return Ok(Version::new(cell_bytes::load(&self.partition, size, first, into)));
        }
        let end = Instant::now() + PATIENCE;
        let read = self.partition.read_until(end, |slots, version| {
            words::load_part_over(slots.slot(version), first, into);
        });
        read.map(Version::new)
    }

    /// Whether it is a field of this region.
    pub(super) fn is_of(&self, region: &Arc<Region>) -> bool {
        Arc::ptr_eq(&self.region, region)
    }

    /// A value to read into.
    pub(super) fn blank(&self) -> Value {
        Value::blank(self.region.known(), self.index)
    }

    /// The field and memory for its value, to take part in a snapshot.
    pub(super) fn part<'v>(&self, bytes: &'v mut [u8]) -> Part<'_, 'v> {
        let manifest = self.manifest();
        if manifest.atomic {
            Part::atomic(&self.partition, bytes, manifest.ty.scalar().size())
        } else {
            Part::ordinary(&self.partition, bytes)
        }
    }
}
