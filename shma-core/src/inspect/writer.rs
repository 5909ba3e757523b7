//! Writing without the struct.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::error::Error;
use crate::field::Version;
use crate::field::bounds;
use crate::field::cell_bytes;
use crate::manifest::{FieldManifest, Manifest};
use crate::partition::{Partition, RegionGuard};
use crate::protocol::semaphore::Wait;
use crate::region::access::ReadWrite;
use crate::region::{self, Directory, Name, Opening, Region, Users};
use crate::words;

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
        Self::of(&Name::new(&Directory::USUAL, name)?)
    }

    /// As [`open`](Self::open), in the directory that [`Options::dir`](crate::Options::dir) names.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    ///
    /// # Blocking
    ///
    /// As [`open`](Self::open).
    pub fn open_in(dir: impl AsRef<Path>, name: &str) -> Result<Self, Error> {
        Self::of(&Name::new(&Directory::at(Some(dir.as_ref()))?, name)?)
    }

    fn of(name: &Name) -> Result<Self, Error> {
        let sight = region::look(name, &Users::default())?;
        let was_dead = !sight.region.is_attached()?;
        let known = sight.region.known();
        let mut region = region::open::<ReadWrite>(name, known, &Opening::default())?;
        if was_dead {
            region.keep_name();
        }
        Ok(Self { region: Arc::new(region) })
    }

    /// What the region holds.
    pub fn manifest(&self) -> &Manifest<'_> {
        self.region.manifest()
    }

    /// Replaces the value of a field, and returns the publication's number. In an atomic field each
    /// element is replaced by itself, without a semaphore.
    ///
    /// # Errors
    ///
    /// [`Error::Timeout`], which names the holder; [`Error::Reentrant`], [`Error::Forked`].
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
            return store_numbers(&partition, field, &[(0, value)]);
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
    /// [`Error::Timeout`], which names the holder of a semaphore; [`Error::Reentrant`],
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
                let guard = RegionGuard::acquire(&self.region, Wait::at_most(timeout))?;
                let news: Vec<_> = (0..fields.len())
                    .filter(ordinary)
                    .filter_map(|index| Some((self.partition(index), news[index]?)))
                    .collect();
                for (partition, _) in &news {
                    let next = partition.slots().held_version().wrapping_add(1);
                    versions[partition.index()] = Version::new(next);
                }
                if let Some(guard) = guard {
                    let published = guard.publish(news.iter().map(|(it, new)| (it, *new)));
                    published.map_err(|error| news[0].0.explain(error))?;
                }
            }
        }
        for index in order.iter().copied().filter(|index| !ordinary(index)) {
            let value = news[index].unwrap_or_default();
            versions[index] = self.write(fields[index].name, value, timeout)?;
        }
        Ok(order.into_iter().map(|index| versions[index]).collect())
    }

    /// Replaces parts of the value of a field as one publication, and returns its number. Each part
    /// is bytes and where the first of them goes. With `expected` nothing is replaced unless that is
    /// the field's version: the answer is then `Err` of the version that it has. In an atomic field
    /// each element in the parts is replaced by itself, without a semaphore and whatever is
    /// `expected`.
    ///
    /// # Errors
    ///
    /// [`Error::Timeout`], which names the holder; [`Error::Reentrant`], [`Error::Forked`].
    ///
    /// # Panics
    ///
    /// If there is no such field, or a part goes beyond its value or cuts an element of an atomic
    /// field in two.
    ///
    /// # Blocking
    ///
    /// Waits for the holder of the semaphore, at most `timeout`.
    #[track_caller]
    pub fn write_parts(
        &self,
        field: &str,
        parts: &[(usize, &[u8])],
        expected: Option<u64>,
        timeout: Duration,
    ) -> Result<Result<Version, Version>, Error> {
        let index = self.index(field);
        let (partition, field) = (self.partition(index), &self.manifest().fields[index]);
        let end = |(first, part): &(usize, &[u8])| first.saturating_add(part.len());
        let first = parts.iter().map(|(first, _)| *first).min().unwrap_or(0);
        let end = parts.iter().map(end).max().unwrap_or(0);
        bounds::within(&(first..end), field.size, || self.region.place(index));
        if field.atomic {
            return store_numbers(&partition, field, parts).map(Ok);
        }
        let guard = partition.acquire(Wait::at_most(timeout));
        let guard = guard.map_err(|error| partition.explain(error))?;
        let version = Version::new(guard.version());
        if expected.is_some_and(|expected| expected != guard.version()) {
            return Ok(Err(version));
        }
        let mut bytes = vec![0; end - first];
        words::load_part_over(guard.active(), first, &mut bytes);
        for (at, part) in parts {
            bytes[at - first..][..part.len()].copy_from_slice(part);
        }
        let published = guard.publish_part(first, &bytes);
        published.map(|version| Ok(Version::new(version))).map_err(|error| partition.explain(error))
    }

    /// The number of a field.
    #[track_caller]
    fn index(&self, field: &str) -> usize {
        let index = self.manifest().fields.iter().position(|declared| *declared.name == *field);
        let Some(index) = index else { panic!("there is no field `{field}`") };
        index
    }

    /// The number of a field that takes this value.
    #[track_caller]
    fn check(&self, field: &str, value: &[u8]) -> usize {
        let index = self.index(field);
        let size = self.manifest().fields[index].size;
        bounds::check_len(value.len(), size, || self.region.place(index));
        index
    }

    fn partition(&self, index: usize) -> Partition {
        Partition::new(Arc::clone(&self.region), index)
    }
}

/// Replaces numbers of an atomic field, each by itself.
fn store_numbers(
    partition: &Partition,
    field: &FieldManifest<'_>,
    parts: &[(usize, &[u8])],
) -> Result<Version, Error> {
    let stored = cell_bytes::store(partition, field.ty.scalar().size(), parts);
    stored.map(Version::new).map_err(|error| partition.explain(error))
}
