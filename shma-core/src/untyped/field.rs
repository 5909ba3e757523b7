//! One field: reading, waiting and replacing its value.
//!
//! `unsafe` here: memory of other languages.
#![allow(unsafe_code)]

use std::future::Future;
use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::bounds;
use super::buffer::Buffer;
use super::wait::Wait;
use crate::error::{Error, SemaphoreHolder};
use crate::field::any::sealed::{Behind, Watched};
use crate::field::{Version, Waitable, cell_bytes, newer, scratch};
use crate::manifest::FieldManifest;
use crate::partition::{AcquireError, Guard, Partition};
use crate::protocol::slots::{Change, Slots};
use crate::region::Region;
use crate::state::part::Part;
use crate::sync::AtomicU64;
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

/// How long a read tries.
enum Effort {
    Forever,
    Until(Instant),
    Bounded,
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

    /// Reads one consistent value into these bytes; of an atomic field each number by itself.
    ///
    /// # Errors
    ///
    /// [`Error::WrongSize`].
    ///
    /// # Blocking
    ///
    /// As [`Field::read`](crate::Field::read) of a typed handle.
    #[inline]
    pub fn read(&self, into: &mut [u8]) -> Result<Version, Error> {
        self.check_whole(into.len())?;
        self.read_forever(words::load_any, 0, into)
    }

    /// Reads the bytes from `first` on, all from one publication.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`]; of an atomic field also [`Error::WrongSize`] if a number is cut in two.
    ///
    /// # Blocking
    ///
    /// As [`read`](Self::read).
    #[inline]
    pub fn read_part(&self, first: usize, into: &mut [u8]) -> Result<Version, Error> {
        self.check_part(first, into.len())?;
        self.read_forever(|slot, into| words::load_part_over(slot, first, into), first, into)
    }

    /// As [`read_part`](Self::read_part), with 64 tries.
    ///
    /// # Errors
    ///
    /// As [`read_part`](Self::read_part), and [`Error::Contended`] if publications overtook every try.
    ///
    /// # Blocking
    ///
    /// Never blocks, and never acquires the semaphore.
    pub fn try_read_part(&self, first: usize, into: &mut [u8]) -> Result<Version, Error> {
        self.check_part(first, into.len())?;
        self.read_by(&Effort::Bounded, first, into)
    }

    /// As [`read`](Self::read), with 64 tries.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read), and [`Error::Contended`] if publications overtook every try.
    ///
    /// # Blocking
    ///
    /// Never blocks, and never acquires the semaphore.
    pub fn try_read(&self, into: &mut [u8]) -> Result<Version, Error> {
        self.check_whole(into.len())?;
        self.read_by(&Effort::Bounded, 0, into)
    }

    /// As [`read_part`](Self::read_part), for at most this time.
    ///
    /// # Errors
    ///
    /// As [`read_part`](Self::read_part), and [`Error::Contended`] if publications overtook every try.
    ///
    /// # Blocking
    ///
    /// At most `timeout`; never acquires the semaphore.
    pub fn read_part_timeout(
        &self,
        first: usize,
        into: &mut [u8],
        timeout: Duration,
    ) -> Result<Version, Error> {
        self.check_part(first, into.len())?;
        let effort = Instant::now().checked_add(timeout).map_or(Effort::Forever, Effort::Until);
        self.read_by(&effort, first, into)
    }

    /// The plain way is compiled into the caller: an error that may come of the other one would be
    /// returned through memory.
    #[inline(always)]
    fn read_forever(
        &self,
        load: impl Fn(&[AtomicU64], &mut [u8]),
        first: usize,
        into: &mut [u8],
    ) -> Result<Version, Error> {
        if !self.is_atomic() {
            let read = self.partition().read_alone(|slot| load(slot, into));
            if let Some(version) = read {
                return Ok(Version::new(version));
            }
        }
        self.read_otherwise(first, into)
    }

    #[cold]
    fn read_otherwise(&self, first: usize, into: &mut [u8]) -> Result<Version, Error> {
        self.read_by(&Effort::Forever, first, into)
    }

    fn read_by(&self, effort: &Effort, first: usize, into: &mut [u8]) -> Result<Version, Error> {
        if let Some(size) = self.number_size() {
            return Ok(Version::new(cell_bytes::load(self.partition(), size, first, into)));
        }
        self.copy_by(effort, |slots, version| {
            words::load_part_over(slots.slot(version), first, into);
        })
    }

    fn copy_by(&self, effort: &Effort, copy: impl FnMut(Slots<'_>, u64)) -> Result<Version, Error> {
        let read = match effort {
            Effort::Forever => Ok(self.partition().read(copy)),
            Effort::Until(end) => self.partition().read_until(*end, copy),
            Effort::Bounded => self.partition().read_bounded(copy),
        };
        read.map(Version::new)
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

    /// Replaces the value, and returns the publication's number. In an atomic field each number is
    /// replaced by itself, without a semaphore.
    ///
    /// # Errors
    ///
    /// [`Error::WrongSize`], and as [`hold`](Self::hold).
    ///
    /// # Blocking
    ///
    /// Waits for the holder of the semaphore, as long as `wait` says.
    #[inline]
    pub fn write(&self, value: &[u8], wait: Wait) -> Result<Version, Error> {
        self.check_writable()?;
        self.check_whole(value.len())?;
        if !self.is_atomic()
            && let Some(guard) = self.partition().acquire_alone()
        {
            let published = guard.publish_any(value);
            return published.map(Version::new).map_err(|forked| self.partition().explain(forked));
        }
        self.write_otherwise(value, wait)
    }

    #[cold]
    fn write_otherwise(&self, value: &[u8], wait: Wait) -> Result<Version, Error> {
        if self.is_atomic() {
            return self.store_numbers(0, value);
        }
        let published =
            self.partition().acquire(wait.into()).and_then(|guard| Ok(guard.publish_whole(value)?));
        published.map(Version::new).map_err(|error| self.partition().explain(error))
    }

    /// Replaces the bytes from `first` on, at their cost, and returns the publication's number.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`]; of an atomic field [`Error::WrongSize`] if a number is cut in two; and as
    /// [`hold`](Self::hold).
    ///
    /// # Blocking
    ///
    /// As [`write`](Self::write).
    pub fn write_part(&self, first: usize, part: &[u8], wait: Wait) -> Result<Version, Error> {
        self.check_writable()?;
        self.check_part(first, part.len())?;
        if self.is_atomic() {
            return self.store_numbers(first, part);
        }
        let published = self
            .partition()
            .acquire(wait.into())
            .and_then(|guard| Ok(guard.publish_part(first, part)?));
        published.map(Version::new).map_err(|error| self.partition().explain(error))
    }

    /// As [`read_part`](Self::read_part) if `timeout` is `None`, otherwise as
    /// [`read_part_timeout`](Self::read_part_timeout), into memory that other threads of the process may
    /// access meanwhile, such as an interpreter's array: what it then holds is unspecified.
    ///
    /// # Errors
    ///
    /// As [`read_part_timeout`](Self::read_part_timeout).
    ///
    /// # Safety
    ///
    /// `into` can be written for `len` bytes throughout the call, and is not shared memory.
    ///
    /// # Blocking
    ///
    /// As [`read_part`](Self::read_part), [`read_part_timeout`](Self::read_part_timeout).
    pub unsafe fn read_part_raw(
        &self,
        first: usize,
        into: *mut u8,
        len: usize,
        timeout: Option<Duration>,
    ) -> Result<Version, Error> {
        self.check_part(first, len)?;
        if self.is_atomic() {
            let mut numbers = vec![0; len];
            let version = self.read_by(&Effort::Forever, first, &mut numbers)?;
            // SAFETY: as the caller promises; the numbers are another object.
            unsafe { into.copy_from_nonoverlapping(numbers.as_ptr(), len) };
            return Ok(version);
        }
        let end = timeout.map(|timeout| Instant::now().checked_add(timeout));
        let effort = end.flatten().map_or(Effort::Forever, Effort::Until);
        self.copy_by(&effort, |slots, version| {
            // SAFETY: as the caller promises.
            unsafe { words::raw::load_part_raw(slots.slot(version), first, into, len) };
        })
    }

    /// As [`write_part`](Self::write_part), from memory that other threads of the process may access
    /// meanwhile: what is then published is unspecified.
    ///
    /// # Errors
    ///
    /// As [`write_part`](Self::write_part).
    ///
    /// # Safety
    ///
    /// `from` can be read for `len` bytes throughout the call, and is not shared memory.
    ///
    /// # Blocking
    ///
    /// As [`write`](Self::write).
    pub unsafe fn write_part_raw(
        &self,
        first: usize,
        from: *const u8,
        len: usize,
        wait: Wait,
    ) -> Result<Version, Error> {
        self.check_writable()?;
        self.check_part(first, len)?;
        if self.is_atomic() {
            let mut numbers = vec![0; len];
            // SAFETY: as the caller promises; the numbers are another object.
            unsafe { from.copy_to_nonoverlapping(numbers.as_mut_ptr(), len) };
            return self.store_numbers(first, &numbers);
        }
        let published = self.partition().acquire(wait.into()).and_then(|guard| {
            let publication = guard.begin(self.change(first, len));
            // SAFETY: as the caller promises.
            unsafe { words::raw::store_part_raw(publication.slot, first, from, len) };
            Ok(guard.publish(publication)?)
        });
        published.map(Version::new).map_err(|error| self.partition().explain(error))
    }

    /// Exclusive read-modify-write. `f` gets a private copy of the value to change, and the value as it
    /// is; what it leaves is published. If `f` panics, nothing is.
    ///
    /// # Errors
    ///
    /// As [`hold`](Self::hold).
    ///
    /// # Blocking
    ///
    /// As [`hold`](Self::hold).
    pub fn update(&self, wait: Wait, f: impl FnOnce(&mut [u8], &[u8])) -> Result<Version, Error> {
        self.update_part(0..self.size(), wait, f)
    }

    /// As [`update`](Self::update), of these bytes of the value, at their cost.
    ///
    /// # Errors
    ///
    /// As [`hold`](Self::hold), and [`Error::OutOfRange`].
    ///
    /// # Blocking
    ///
    /// As [`hold`](Self::hold).
    pub fn update_part(
        &self,
        bytes: Range<usize>,
        wait: Wait,
        f: impl FnOnce(&mut [u8], &[u8]),
    ) -> Result<Version, Error> {
        let published = self.update_if(bytes, wait, |new, old| {
            f(new, old);
            true
        });
        // It was published: the closure said so.
        published.map(Option::unwrap_or_default)
    }

    /// As [`update_part`](Self::update_part), and publishes only if `f` returns true. If it does not, no
    /// version moves and no waiter wakes.
    ///
    /// # Errors
    ///
    /// As [`update_part`](Self::update_part).
    ///
    /// # Blocking
    ///
    /// As [`hold`](Self::hold).
    pub fn update_if(
        &self,
        bytes: Range<usize>,
        wait: Wait,
        f: impl FnOnce(&mut [u8], &[u8]) -> bool,
    ) -> Result<Option<Version>, Error> {
        let (first, len) = (bytes.start, bytes.len());
        self.check_part(first, bytes.end.saturating_sub(first))?;
        if bytes.end < first {
            return Err(self.out_of_range("bytes", first, bytes.end, self.size()));
        }
        self.check_writable()?;
        self.check_ordinary()?;
        let publish = |guard: Guard<'_>, new: &[u8]| -> Result<Option<u64>, AcquireError> {
            // The closure may have forked.
            guard.check_fork()?;
            let whole = first == 0 && len == self.0.size;
            let published =
                if whole { guard.publish_whole(new) } else { guard.publish_part(first, new) };
            Ok(Some(published?))
        };
        let published = if len <= scratch::STACK_BYTES {
            self.partition().acquire(wait.into()).and_then(|guard| {
                scratch::with_part_copies(guard.active(), first, len, |new, old| {
                    if f(new, old) { publish(guard, new) } else { Ok(None) }
                })
            })
        } else {
            self.with_copies(len, |new, old| {
                let guard = self.partition().acquire(wait.into())?;
                words::load_part_over(guard.active(), first, old);
                new.copy_from_slice(old);
                if f(new, old) { publish(guard, new) } else { Ok(None) }
            })
        };
        let published = published.map_err(|error| self.partition().explain(error));
        Ok(published?.map(Version::new))
    }

    /// Calls `f` with memory for two copies, from before the semaphore on.
    fn with_copies<R>(&self, len: usize, f: impl FnOnce(&mut [u8], &mut [u8]) -> R) -> R {
        // Not waited for: another thread that has them returns them soon, and new ones do as well.
        let kept = self.0.spare.try_lock().ok().and_then(|mut spare| spare.take());
        let kept = kept.filter(|copies| copies.new.holds(len));
        let mut copies =
            kept.unwrap_or_else(|| Copies { new: Buffer::new(len), old: Buffer::new(len) });
        let result = f(copies.new.bytes_mut(len), copies.old.bytes_mut(len));
        if let Ok(mut spare) = self.0.spare.try_lock() {
            *spare = Some(copies);
        }
        result
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

    fn store_numbers(&self, first: usize, part: &[u8]) -> Result<Version, Error> {
        let stored = cell_bytes::store(self.partition(), self.0.number, &[(first, part)]);
        stored.map(Version::new).map_err(|error| self.partition().explain(error))
    }
}
