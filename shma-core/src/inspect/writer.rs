//! Writing without the struct.

use std::sync::Arc;
use std::time::Duration;

use super::view::terms;
use crate::bounds;
use crate::cells::Cells;
use crate::error::Error;
use crate::manifest::{FieldManifest, Manifest};
use crate::partition::Partition;
use crate::protocol::semaphore::Wait;
use crate::region::{self, Name, Region};
use crate::version::Version;

/// An attachment that writes whole values, as any other writer does: under the field's semaphore,
/// with an owner id and a sign of life of its own.
///
/// An ephemeral region goes with its last attachment, so with this one if it is that, but for one
/// that was found dead: it is left as it was found, with the new values.
#[derive(Debug)]
pub struct Writer {
    region: Arc<Region>,
}

impl Writer {
    /// Attaches to the region of this name.
    ///
    /// # Errors
    ///
    /// As [`ShmState::open`](crate::ShmState::open); [`Error::LayoutMismatch`] only if the name goes
    /// on to a region of another layout meanwhile.
    ///
    /// # Blocking
    ///
    /// At most a second for other processes that create or remove the name, and threads that fork.
    pub fn open(name: &str) -> Result<Self, Error> {
        let name = Name::new(name)?;
        let sight = region::look(&name, &terms(false, &[]))?;
        let was_dead = !sight.region.is_attached()?;
        let mut region = region::open(&name, sight.region.known(), &terms(true, &[]))?;
        if was_dead {
            region.keep_name();
        }
        Ok(Self { region: Arc::new(region) })
    }

    /// What the region holds.
    pub fn manifest(&self) -> &Manifest<'_> {
        self.region.manifest()
    }

    /// Replaces the value of a field, and returns the publication's number. Of an atomic field
    /// each element is replaced by itself, without a semaphore.
    ///
    /// # Errors
    ///
    /// [`Error::Timeout`], which says who holds the semaphore; [`Error::Reentrant`],
    /// [`Error::Forked`].
    ///
    /// # Panics
    ///
    /// If there is no such field, or its values have another number of bytes.
    ///
    /// # Blocking
    ///
    /// Waits for the holder of the semaphore, at most `timeout`.
    pub fn write(&self, field: &str, value: &[u8], timeout: Duration) -> Result<Version, Error> {
        let fields = self.manifest().fields;
        let index = fields.iter().position(|declared| declared.name == field);
        let index = index.unwrap_or_else(|| panic!("there is no field `{field}`"));
        let place = || self.region.place(index);
        bounds::check_len(value.len(), fields[index].size, place);
        let partition = Partition::new(Arc::clone(&self.region), index, true);
        if fields[index].atomic {
            return store_cells(&partition, &fields[index], value);
        }
        let published = partition
            .acquire(Wait::at_most(timeout))
            .and_then(|guard| Ok(guard.publish_whole(value)?));
        published.map(Version::new).map_err(|error| partition.explain(error))
    }
}

/// Replaces the numbers of an atomic field, each in its own size.
fn store_cells(
    partition: &Partition,
    field: &FieldManifest<'_>,
    value: &[u8],
) -> Result<Version, Error> {
    partition.check_fork().map_err(|error| partition.explain(error))?;
    let words = partition.slots().slot(0);
    let count = partition.count_call();
    let (halves, _) = value.as_chunks::<4>();
    let (wholes, _) = value.as_chunks::<8>();
    if field.ty.scalar().size() == 4 {
        let cells = Cells::<u32>::new(words, halves.len());
        for (i, half) in halves.iter().enumerate() {
            cells.store(i, u32::from_ne_bytes(*half));
        }
    } else {
        let cells = Cells::<u64>::new(words, wholes.len());
        for (i, whole) in wholes.iter().enumerate() {
            cells.store(i, u64::from_ne_bytes(*whole));
        }
    }
    drop(count);
    Ok(Version::new(partition.counted_calls()))
}
