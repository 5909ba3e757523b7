//! One field: what it is, what is checked of its arguments, and waiting for it.

mod reading;
mod updating;
mod writing;

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::bounds;
use super::buffer::Buffer;
use crate::error::{Error, SemaphoreHolder};
use crate::field::any::sealed::{Behind, Watched};
use crate::field::{Version, Waitable, newer};
use crate::manifest::FieldManifest;
use crate::partition::Partition;
use crate::protocol::slots::Change;
use crate::region::Region;
use crate::state::part::Part;
use crate::words;

/// A handle to one field of a region. It keeps the attachment, and clones share it. Any thread may use
/// it.
#[derive(Debug, Clone)]
pub struct Field(Arc<Shared>);

/// What clones of a handle share.
#[derive(Debug)]
struct Shared {
    partition: Partition,
    /// Bytes of a value.
    size: usize,
    /// Bytes of a number of an atomic field, 0 of an ordinary one.
    number: usize,
    /// The copies of the last update that is over.
    spare: Mutex<Option<Copies>>,
}

/// The private memory of an update.
#[derive(Debug)]
struct Copies {
    new: Buffer,
    old: Buffer,
}

impl Waitable for Field {}

impl Watched for Field {
    fn watched(&self) -> Behind<'_> {
        Behind(self.partition())
    }
}

impl AsRef<Partition> for Field {
    #[inline]
    fn as_ref(&self) -> &Partition {
        self.partition()
    }
}

impl Field {
    pub(super) fn new(region: &Arc<Region>, index: usize) -> Self {
        let field = &region.manifest().fields[index];
        Self(Arc::new(Shared {
            partition: Partition::new(Arc::clone(region), index),
            size: field.size,
            number: if field.atomic { field.ty.scalar().size() } else { 0 },
            spare: Mutex::default(),
        }))
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.manifest().name
    }

    /// What the manifest says of it: type, size, slots, attributes.
    pub fn manifest(&self) -> &FieldManifest<'_> {
        &self.region().manifest().fields[self.index()]
    }

    /// Bytes of one value.
    #[inline]
    pub fn size(&self) -> usize {
        self.0.size
    }

    /// Whether every number is its own atomic.
    #[inline]
    pub fn is_atomic(&self) -> bool {
        self.0.number != 0
    }

    /// Whether this is the type that the caller takes it for, as manifests print it.
    ///
    /// # Errors
    ///
    /// [`Error::WrongType`], which names both.
    pub fn expect_type(&self, ty: &str) -> Result<(), Error> {
        let found = self.manifest().ty.to_string();
        if found == ty {
            return Ok(());
        }
        let expected = ty.chars().take(200).flat_map(char::escape_debug).collect();
        Err(Error::WrongType { place: self.partition().place(), expected, found })
    }

    /// The number of publications so far. For an atomic field: calls that wrote, and one for the
    /// creation.
    pub fn version(&self) -> Version {
        Version::new(match self.is_atomic() {
            true => self.partition().counted_calls(),
            false => self.partition().version(),
        })
    }

    /// Time since the latest publication; atomic fields do not note it.
    pub fn age(&self) -> Option<Duration> {
        (!self.is_atomic()).then(|| self.partition().age())
    }

    /// As [`Field::holder`](crate::Field::holder) of a typed handle; an atomic field has none.
    pub fn holder(&self) -> Option<SemaphoreHolder> {
        if self.is_atomic() { None } else { self.partition().holder() }
    }

    /// Sleeps until there is a publication other than `since`, and returns its number, or that of a
    /// later one.
    ///
    /// # Errors
    ///
    /// [`Error::Timeout`]; [`Error::Retired`] if the region has no name any more and there is nothing
    /// newer in it.
    ///
    /// # Blocking
    ///
    /// At most `timeout`. See [`wait_any`](crate::wait_any) for several fields at once.
    pub fn wait_newer(&self, since: Version, timeout: Duration) -> Result<Version, Error> {
        self.partition().wait_newer(since.into(), timeout).map(Version::new)
    }

    /// As [`Field::newer`](crate::Field::newer) of a typed handle.
    ///
    /// # Errors
    ///
    /// [`Error::Retired`], [`Error::Io`].
    ///
    /// # Blocking
    ///
    /// Polling never waits for a publication.
    pub fn newer(
        &self,
        since: Version,
    ) -> impl Future<Output = Result<Version, Error>> + Send + use<> {
        newer::of(self.partition(), since)
    }

    #[inline]
    pub(super) fn partition(&self) -> &Partition {
        &self.0.partition
    }

    pub(super) fn region(&self) -> &Arc<Region> {
        self.partition().region()
    }

    pub(super) fn index(&self) -> usize {
        self.partition().index()
    }

    /// The field and memory for its value, to take part in a snapshot or a transaction.
    pub(super) fn part<'v>(&self, bytes: &'v mut [u8]) -> Part<'_, 'v> {
        match self.number_size() {
            Some(size) => Part::atomic(self.partition(), bytes, size),
            None => Part::ordinary(self.partition(), bytes),
        }
    }

    /// Bytes of a number of an atomic field.
    #[inline]
    pub(super) fn number_size(&self) -> Option<usize> {
        (self.0.number != 0).then_some(self.0.number)
    }

    pub(super) fn wrong(&self, reason: &'static str) -> Error {
        Error::WrongField { place: self.partition().place(), reason }
    }

    pub(super) fn out_of_range(
        &self,
        unit: &'static str,
        first: usize,
        end: usize,
        len: usize,
    ) -> Error {
        Error::OutOfRange { place: self.partition().place(), unit, first, end, len }
    }

    pub(super) fn wrong_size(&self, expected: usize, found: usize) -> Error {
        Error::WrongSize { place: self.partition().place(), expected, found }
    }

    #[inline]
    pub(super) fn check_writable(&self) -> Result<(), Error> {
        if self.partition().is_writable() { Ok(()) } else { Err(self.read_only()) }
    }

    #[cold]
    fn read_only(&self) -> Error {
        Error::ReadOnly { place: self.partition().place() }
    }

    #[inline]
    pub(super) fn check_ordinary(&self) -> Result<(), Error> {
        match self.is_atomic() {
            true => Err(self.wrong(
                "it is atomic, and has no semaphore and no publications: load, store and fetch its \
                 numbers",
            )),
            false => Ok(()),
        }
    }

    #[inline]
    pub(super) fn check_whole(&self, len: usize) -> Result<(), Error> {
        bounds::whole(self.partition(), self.size(), len)
    }

    #[inline]
    pub(super) fn check_part(&self, first: usize, len: usize) -> Result<(), Error> {
        bounds::part(self.partition(), self.size(), first, len)?;
        match self.number_size() {
            Some(number) if !first.is_multiple_of(number) || !len.is_multiple_of(number) => {
                Err(self.wrong_size(number, len % number))
            }
            _ => Ok(()),
        }
    }

    /// What a publication changes that replaces so many bytes from `first` on.
    #[inline]
    pub(super) fn change(&self, first: usize, len: usize) -> Change {
        // Of a value that ends within a word, the rest of the word stays as it is, which is zeros.
        let whole = first == 0 && len == self.size();
        if whole { Change::Whole } else { Change::Words(words::covering(first, len)) }
    }
}
