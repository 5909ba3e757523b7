//! Writing without the struct.

use std::sync::Arc;
use std::time::Duration;

use super::view::terms;
use super::whose::Whose;
use crate::bounds;
use crate::cells::Cells;
use crate::error::Error;
use crate::manifest::{FieldManifest, Manifest};
use crate::partition::Partition;
use crate::protocol::semaphore::Wait;
use crate::region::{self, Name, Region};
use crate::transaction;
use crate::version::Version;

/// An attachment that writes whole values, as any other writer does: under the field's semaphore,
/// with an owner id and a sign of life of its own.
///
/// If this is the last attachment, dropping it deletes an ephemeral region, except one that had no
/// attachments before: that one stays, with the new values.
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
        let sight = region::look(&name, &terms(false, Whose::Own))?;
        let was_dead = !sight.region.is_attached()?;
        let mut region = region::open(&name, sight.region.known(), &terms(true, Whose::Own))?;
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
    #[track_caller]
    pub fn write(&self, field: &str, value: &[u8], timeout: Duration) -> Result<Version, Error> {
        let index = self.check(field, value);
        let partition = self.partition(index);
        let field = &self.manifest().fields[index];
        if field.atomic {
            return store_cells(&partition, field, value);
        }
        let published = partition
            .acquire(Wait::at_most(timeout))
            .and_then(|guard| Ok(guard.publish_whole(value)?));
        published.map(Version::new).map_err(|error| partition.explain(error))
    }

    /// Replaces the values of several fields, all of them or none: the ordinary fields as one
    /// transaction, then the elements of atomic fields one by one. Returns the publications'
    /// numbers in the order of `values`.
    ///
    /// A process that is killed between the two leaves atomic fields as they were.
    ///
    /// # Errors
    ///
    /// [`Error::Timeout`], which says who holds a semaphore; [`Error::Reentrant`],
    /// [`Error::Forked`]. No value is replaced then.
    ///
    /// # Panics
    ///
    /// If there is no such field, if its value has another number of bytes, or if it comes twice.
    ///
    /// # Blocking
    ///
    /// Waits for the holders of the semaphores, at most `timeout`. More than one ordinary field
    /// needs the semaphores of all ordinary fields of the region.
    #[track_caller]
    pub fn write_all(
        &self,
        values: &[(&str, &[u8])],
        timeout: Duration,
    ) -> Result<Vec<Version>, Error> {
        let fields = &self.manifest().fields;
        let mut news: Vec<Option<&[u8]>> = vec![None; fields.len()];
        let mut order = Vec::with_capacity(values.len());
        for (name, value) in values {
            let index = self.check(name, value);
            assert!(news[index].replace(value).is_none(), "field `{name}` comes twice");
            order.push(index);
        }
        let mut versions = vec![Version::new(0); fields.len()];
        let ordinary = |index: &usize| !fields[*index].atomic;
        match order.iter().copied().filter(ordinary).collect::<Vec<_>>()[..] {
            [] => {}
            [index] => {
                let value = news[index].unwrap_or_default();
                versions[index] = self.write(fields[index].name, value, timeout)?;
            }
            _ => {
                let all: Vec<usize> = (0..fields.len()).filter(ordinary).collect();
                let partitions: Vec<_> = all.iter().map(|index| self.partition(*index)).collect();
                let changes: Vec<_> = all.iter().map(|index| news[*index]).collect();
                let partitions: Vec<&Partition> = partitions.iter().collect();
                let guards = transaction::acquire(&partitions, Wait::at_most(timeout))?;
                for (index, guard) in all.iter().zip(&guards) {
                    versions[*index] = Version::new(guard.version().wrapping_add(1));
                }
                transaction::commit(guards, &changes)?;
            }
        }
        for index in order.iter().copied().filter(|index| !ordinary(index)) {
            let value = news[index].unwrap_or_default();
            versions[index] = self.write(fields[index].name, value, timeout)?;
        }
        Ok(order.into_iter().map(|index| versions[index]).collect())
    }

    /// The number of a field that takes this value.
    #[track_caller]
    fn check(&self, field: &str, value: &[u8]) -> usize {
        let fields = &self.manifest().fields;
        let index = fields.iter().position(|declared| *declared.name == *field);
        let Some(index) = index else { panic!("there is no field `{field}`") };
        bounds::check_len(value.len(), fields[index].size, || self.region.place(index));
        index
    }

    fn partition(&self, index: usize) -> Partition {
        Partition::new(Arc::clone(&self.region), index, true)
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
