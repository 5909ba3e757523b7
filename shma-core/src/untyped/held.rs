//! The semaphore of a field, as a value.
//!
//! `unsafe` here: memory of other languages.
#![allow(unsafe_code)]

use super::bounds;
use super::field::Field;
use super::wait::Wait;
use crate::error::Error;
use crate::field::Version;
use crate::partition::{DetachedGuard, Partition};

impl Field {
    /// Acquires the semaphore for one publication.
    ///
    /// # Errors
    ///
    /// [`Error::ReadOnly`], [`Error::WrongField`] for an atomic field, [`Error::Reentrant`],
    /// [`Error::Forked`]; [`Error::WouldBlock`] or [`Error::Timeout`], which name the holder.
    ///
    /// # Blocking
    ///
    /// Waits for the holder of the semaphore, as long as `wait` says. Until the [`Held`] is published or
    /// dropped, all others that need the semaphore wait.
    #[inline]
    pub fn hold(&self, wait: Wait) -> Result<Held, Error> {
        self.clone().into_held(wait).map_err(|(_, error)| error)
    }

    /// As [`hold`](Self::hold), by this handle in place of a clone, which saves two locked instructions.
    /// [`Held::into_field`] and [`Held::publish_part_keeping`] give it back, and so does an error.
    ///
    /// ```
    /// use shma_core::untyped::{self, Attributes, Declaration, Wait};
    /// # let name = format!("doc-into-held-{}", std::process::id());
    ///
    /// let mut declaration = Declaration::new("Counter")?;
    /// declaration.field("count", "u32".parse()?, Attributes::new())?;
    /// let state = untyped::options().create(&name, &declaration)?;
    ///
    /// let mut count = state.field("count")?.clone();
    /// for round in 1..=3_u32 {
    ///     let held = count.into_held(Wait::Forever).map_err(|(_, error)| error)?;
    ///     let published = held.publish_part_keeping(0, &round.to_ne_bytes());
    ///     let (field, version) = published.map_err(|(_, error)| error)?;
    ///     assert_eq!(u64::from(version), 1 + u64::from(round));
    ///     count = field;
    /// }
    /// # Ok::<(), shma_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`hold`](Self::hold).
    ///
    /// # Blocking
    ///
    /// As [`hold`](Self::hold).
    // Always, here and in what binding's calls are made of: what is returned through memory is loaded in
    // other pieces than it was stored in, and waits for the cache.
    #[inline(always)]
    pub fn into_held(self, wait: Wait) -> Result<Held, (Self, Error)> {
        if self.is_atomic() || !self.partition().is_writable() {
            return self.into_held_otherwise(wait);
        }
        match DetachedGuard::acquire_alone(self) {
            Ok(guard) => Ok(Held::new(guard)),
            Err(field) => field.into_held_otherwise(wait),
        }
    }

    #[cold]
    fn into_held_otherwise(self, wait: Wait) -> Result<Held, (Self, Error)> {
        if let Err(error) = self.check_writable().and_then(|()| self.check_ordinary()) {
            return Err((self, error));
        }
        DetachedGuard::acquire(self, wait.into()).map(Held::new).map_err(|(field, error)| {
            let error = field.partition().explain(error);
            (field, error)
        })
    }
}

/// The held semaphore of a field, for one publication. It borrows nothing, so it can be kept in a
/// structure, behind a pointer, or in another language's object.
///
/// [`publish`](Self::publish) takes it, so it cannot be used twice. Dropped, by any thread, it gives the
/// semaphore back, and nothing is published. So does the death of the process.
///
/// The thread that acquired it counts as the holder: acquiring the semaphore again there is
/// [`Error::Reentrant`], until it is published or dropped, in whichever thread. In a fork child it is
/// good for nothing, and dropping it leaves the parent's alone.
///
/// ```
/// use shma_core::untyped::{self, Attributes, Declaration, Held, Wait};
///
/// /// What a binding keeps between "begin" and "commit".
/// struct Update {
///     held: Held,
///     value: Vec<u8>,
/// }
/// # let name = format!("doc-held-{}", std::process::id());
///
/// let mut declaration = Declaration::new("Counter")?;
/// declaration.field("count", "u32".parse()?, Attributes::new())?;
/// let state = untyped::options().create(&name, &declaration)?;
///
/// let held = state.field("count")?.hold(Wait::Forever)?;
/// let mut update = Update { held, value: vec![0; 4] };
/// update.held.load(&mut update.value)?;
/// update.value[0] += 1;
/// // Any thread may end it.
/// let version = std::thread::spawn(move || update.held.publish(&update.value)).join().unwrap()?;
/// assert_eq!(u64::from(version), 2);
/// # Ok::<(), shma_core::Error>(())
/// ```
///
/// It is for one publication:
///
/// ```compile_fail,E0382
/// # fn twice(held: shma_core::untyped::Held) -> Result<(), shma_core::Error> {
/// held.publish(&[1])?;
/// held.publish(&[2])?; // moved
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "dropped, it gives the semaphore back"]
pub struct Held {
    guard: DetachedGuard<Field>,
}

impl Held {
    fn new(guard: DetachedGuard<Field>) -> Self {
        Self { guard }
    }

    #[inline]
    fn field(&self) -> &Field {
        self.guard.keeper()
    }

    #[inline]
    fn partition(&self) -> &Partition {
        self.field().partition()
    }

    /// Gives the semaphore back without a publication, and the handle that it was acquired by.
    #[inline(always)]
    pub fn into_field(self) -> Field {
        self.guard.release()
    }

    /// Whether the calling thread has acquired it.
    #[inline]
    pub fn is_own(&self) -> bool {
        self.guard.is_own()
    }

    /// Whether the calling process got it through fork.
    #[inline]
    pub fn is_forked(&self) -> bool {
        self.partition().region().is_forked()
    }

    /// The publication that the value is of.
    pub fn version(&self) -> Version {
        Version::new(self.guard.version())
    }

    /// Copies the value. No process can change it meanwhile.
    ///
    /// # Errors
    ///
    /// [`Error::WrongSize`], [`Error::Forked`].
    #[inline]
    pub fn load(&self, into: &mut [u8]) -> Result<Version, Error> {
        self.check_whole(into.len())?;
        self.load_part(0, into)
    }

    /// Copies the value's bytes from `first` on.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`], [`Error::Forked`].
    #[inline(always)]
    pub fn load_part(&self, first: usize, into: &mut [u8]) -> Result<Version, Error> {
        self.check_part(first, into.len())?;
        let loaded = self.guard.load_part(first, into);
        loaded.map(Version::new).map_err(|forked| self.partition().explain(forked))
    }

    /// Publishes the value, wakes the waiters and gives the semaphore back.
    ///
    /// # Errors
    ///
    /// [`Error::WrongSize`], [`Error::Forked`]. Nothing is published then, and the semaphore is given
    /// back all the same.
    #[inline]
    pub fn publish(self, value: &[u8]) -> Result<Version, Error> {
        self.check_whole(value.len())?;
        self.publish_part(0, value)
    }

    /// As [`publish`](Self::publish), the value with these bytes in place of those from `first` on, at
    /// their cost.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfRange`], and as [`publish`](Self::publish).
    #[inline]
    pub fn publish_part(self, first: usize, part: &[u8]) -> Result<Version, Error> {
        self.publish_part_keeping(first, part).map(|it| it.1).map_err(|(_, error)| error)
    }

    /// As [`publish_part`](Self::publish_part), and returns the handle for the next
    /// [`Field::into_held`], whether it has published or not.
    #[inline(always)]
    pub fn publish_part_keeping(
        self,
        first: usize,
        part: &[u8],
    ) -> Result<(Field, Version), (Field, Error)> {
        if let Err(error) = self.check_part(first, part.len()) {
            return Err((self.into_field(), error));
        }
        let whole = part.len() == self.field().size();
        let (field, published) = match whole {
            true => self.guard.publish_whole(part),
            false => self.guard.publish_part(first, part),
        };
        match published {
            Ok(version) => Ok((field, Version::new(version))),
            Err(forked) => {
                let error = field.partition().explain(forked);
                Err((field, error))
            }
        }
    }

    /// As [`load_part`](Self::load_part), into memory that other threads of the process may access
    /// meanwhile: what it then holds is unspecified.
    ///
    /// # Errors
    ///
    /// As [`load_part`](Self::load_part).
    ///
    /// # Safety
    ///
    /// `into` can be written for `len` bytes throughout the call, and is not shared memory.
    pub unsafe fn load_part_raw(
        &self,
        first: usize,
        into: *mut u8,
        len: usize,
    ) -> Result<Version, Error> {
        self.check_part(first, len)?;
        // SAFETY: as the caller promises.
        let loaded = unsafe { self.guard.load_part_raw(first, into, len) };
        loaded.map(Version::new).map_err(|forked| self.partition().explain(forked))
    }

    /// As [`publish_part`](Self::publish_part), from memory that other threads of the process may access
    /// meanwhile: what is then published is unspecified.
    ///
    /// # Errors
    ///
    /// As [`publish_part`](Self::publish_part).
    ///
    /// # Safety
    ///
    /// `from` can be read for `len` bytes throughout the call, and is not shared memory.
    pub unsafe fn publish_part_raw(
        self,
        first: usize,
        from: *const u8,
        len: usize,
    ) -> Result<Version, Error> {
        self.check_part(first, len)?;
        let change = self.field().change(first, len);
        // SAFETY: as the caller promises.
        let (field, published) = unsafe { self.guard.publish_part_raw(change, first, from, len) };
        published.map(Version::new).map_err(|forked| field.partition().explain(forked))
    }

    /// As [`publish_part`](Self::publish_part), with several parts, each where its first byte goes. What
    /// lies between them is copied too. Of parts that overlap the later counts.
    ///
    /// # Errors
    ///
    /// As [`publish_part`](Self::publish_part).
    pub fn publish_parts(self, parts: &[(usize, &[u8])]) -> Result<Version, Error> {
        for (first, part) in parts {
            self.check_part(*first, part.len())?;
        }
        let first = parts.iter().map(|(first, _)| *first).min().unwrap_or(0);
        let end = parts.iter().map(|(first, part)| first + part.len()).max().unwrap_or(0);
        let mut bytes = vec![0; end - first];
        self.load_part(first, &mut bytes)?;
        for (at, part) in parts {
            bytes[at - first..][..part.len()].copy_from_slice(part);
        }
        self.publish_part(first, &bytes)
    }

    #[inline]
    fn check_whole(&self, bytes: usize) -> Result<(), Error> {
        bounds::whole(self.partition(), self.field().size(), bytes)
    }

    #[inline]
    fn check_part(&self, first: usize, bytes: usize) -> Result<(), Error> {
        bounds::part(self.partition(), self.field().size(), first, bytes)
    }
}
