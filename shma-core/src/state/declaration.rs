//! What the derive makes of a struct: a state that can be created and opened.

use std::path::Path;

use crate::error::Error;
use crate::manifest::Manifest;
use crate::migration::Migration;
use crate::region::access::ReadOnly;

use super::checkpoint;
use super::family::{self, State};
use super::migrate;
use super::{Options, Shm};

/// A struct of elements that can lie in shared memory; derive it.
///
/// ```
/// use shma_core::ShmState;
///
/// #[derive(ShmState)]
/// struct Model {
///     weights: [[f32; 8]; 4],
///     #[shm(no_merge)]
///     step: u64,
/// }
/// # let name = format!("doc-state-{}", std::process::id());
///
/// let model = Model::create(&name, &Model::zeroed())?;
/// model.step.update(|new, old| *new = old + 1);
/// assert_eq!(Model::open(&name)?.step.read(), 1);
/// # Ok::<(), shma_core::Error>(())
/// ```
pub trait ShmState: State {
    /// Declared name, and the fields with their types and places.
    const MANIFEST: Manifest<'static> = Self::DECLARATION;

    /// The 128 bits by which two programs know that they agree; see [`Manifest::fingerprint`].
    const FINGERPRINT: u128 = Self::DECLARATION.fingerprint();

    /// A state of zeroes, on the heap. It never passes through the stack.
    fn zeroed() -> Box<Self> {
        family::zeroed()
    }

    /// How a region is made or opened, if not in the default way.
    fn options() -> Options<Self> {
        Options::new()
    }

    /// Creates the region with these values. A region of the same name without attachments is
    /// replaced, unless it is persistent.
    ///
    /// # Errors
    ///
    /// [`Error::AlreadyExists`], [`Error::InvalidName`], [`Error::NoSpace`],
    /// [`Error::ForeignOwner`], [`Error::NotARegion`], [`Error::Timeout`], [`Error::Io`].
    ///
    /// # Blocking
    ///
    /// At most a second for other processes that create or remove the name, and threads that fork.
    fn create(name: &str, init: &Self) -> Result<Shm<Self>, Error> {
        Self::options().create(name, init)
    }

    /// Attaches to the region.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], [`Error::LayoutMismatch`], [`Error::Unclean`], [`Error::ForeignOwner`],
    /// [`Error::NotARegion`], [`Error::InvalidName`], [`Error::Timeout`], [`Error::Io`].
    ///
    /// # Blocking
    ///
    /// At most a second for other processes that create or remove the name, and threads that fork. Where
    /// the region lies on a disk, the first writer after a clean end also waits for one page to reach it.
    fn open(name: &str) -> Result<Shm<Self>, Error> {
        Self::options().open(name)
    }

    /// Attaches to the region, or creates it; among any number of processes that do so at once,
    /// one creates it.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open) and [`create`](Self::create). `NotFound` and `AlreadyExists` only if
    /// the region vanished and appeared a hundred times meanwhile.
    ///
    /// # Blocking
    ///
    /// As [`open`](Self::open) and [`create`](Self::create).
    fn open_or_create(name: &str, init: &Self) -> Result<Shm<Self>, Error> {
        Self::options().open_or_create(name, init)
    }

    /// Attaches to the region with read permission only.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    ///
    /// # Blocking
    ///
    /// As [`open`](Self::open).
    fn open_read_only(name: &str) -> Result<Shm<Self, ReadOnly>, Error> {
        Self::options().open_read_only(name)
    }

    /// The value in a file that [`Shm::checkpoint`] has written, or any other `.safetensors` file that has
    /// the fields of this state and nothing else. It does not pass through the stack.
    ///
    /// Names and types have to agree; order, slots and other attributes need not. What the format has no
    /// type for (u128, i128, complex numbers, structs) is bytes there, with one more dimension.
    ///
    /// ```
    /// use shma_core::ShmState;
    ///
    /// #[derive(ShmState)]
    /// struct Model {
    ///     weights: [[f32; 8]; 4],
    ///     step: u64,
    /// }
    /// # let name = format!("doc-load-{}", std::process::id());
    /// # let file = std::env::temp_dir().join(format!("{name}.safetensors"));
    ///
    /// let model = Model::create(&name, &Model::zeroed())?;
    /// model.step.write(&7);
    /// model.checkpoint(&file)?;
    /// drop(model);
    ///
    /// let model = Model::open_or_create(&name, &*Model::load(&file)?)?;
    /// assert_eq!(model.step.read(), 7);
    /// # std::fs::remove_file(&file).unwrap();
    /// # Ok::<(), shma_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::File`] if a system call fails; [`Error::NotACheckpoint`] if the file is not what it should
    /// be; [`Error::CheckpointMismatch`], which names each field that differs.
    ///
    /// # Blocking
    ///
    /// Reads the file.
    fn load(path: impl AsRef<Path>) -> Result<Box<Self>, Error> {
        checkpoint::load(path.as_ref())
    }

    /// The values of a region of another layout, copied by name and type into `init`. Nothing of the region
    /// changes, and its processes go on.
    ///
    /// | a field that the region has | gets |
    /// |---|---|
    /// | by the same name and type, in whatever place | its value |
    /// | by the same name, an array of the same scalars with as many dimensions | the part that both have |
    /// | by the name that `#[shm(was = "old")]` says | the same |
    /// | by the same name, of another type | nothing: it keeps what `init` has |
    ///
    /// Slots, `timed` and `atomic` do not matter, and neither does the name of a struct whose members are
    /// the same.
    ///
    /// ```
    /// use shma_core::{Error, Shm, ShmState};
    ///
    /// # mod before {
    /// #     #[derive(shma_core::ShmState)]
    /// #     #[shm(name = "Plant")]
    /// #     pub struct Plant { pub level: [f32; 4], pub valve: f64 }
    /// # }
    /// #[derive(ShmState)]
    /// struct Plant {
    ///     level: [f32; 6], // had 4 before
    ///     #[shm(was = "valve")]
    ///     inlet: f64,
    /// }
    ///
    /// fn start(name: &str) -> Result<Shm<Plant>, Error> {
    ///     match Plant::open_or_create(name, &Plant::zeroed()) {
    ///         // No process uses the old one any more.
    ///         Err(Error::LayoutMismatch { attached: false, .. }) => {
    ///             let (plant, migration) = Plant::migrate_region(name, Plant::zeroed())?;
    ///             println!("{migration}");
    ///             assert!(migration.is_lossless());
    ///             Plant::unlink(name)?;
    ///             Plant::create(name, &plant)
    ///         }
    ///         started => started,
    ///     }
    /// }
    /// # let name = format!("doc-migrate-{}", std::process::id());
    /// # let mut old = before::Plant::zeroed();
    /// # (old.level, old.valve) = ([1.0; 4], 0.5);
    /// # drop(before::Plant::options().persistent(true).create(&name, &old)?);
    /// let plant = start(&name)?;
    /// assert_eq!(plant.level.read(), [1.0, 1.0, 1.0, 1.0, 0.0, 0.0]);
    /// assert_eq!(plant.inlet.read(), 0.5);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open), except for `LayoutMismatch`.
    ///
    /// # Blocking
    ///
    /// Never waits for a writer. At most a second for other processes that create or remove the name.
    fn migrate_region(name: &str, init: Box<Self>) -> Result<(Box<Self>, Migration), Error> {
        Self::options().migrate_region(name, init)
    }

    /// As [`migrate_region`](Self::migrate_region), from a file that [`load`](Self::load) could read if it
    /// had the same fields.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load), except for `CheckpointMismatch`.
    ///
    /// # Blocking
    ///
    /// Reads the file.
    fn migrate_file(
        path: impl AsRef<Path>,
        init: Box<Self>,
    ) -> Result<(Box<Self>, Migration), Error> {
        migrate::migrate_file(path.as_ref(), init)
    }

    /// Removes the region's name. Attached processes keep their memory, learn of it by
    /// [`Shm::is_current`], and get [`Error::Retired`] when they wait.
    ///
    /// The region need not have this state's layout, but it has to be this user's own.
    ///
    /// # Errors
    ///
    /// [`Error::NotFound`], [`Error::ForeignOwner`], [`Error::NotARegion`],
    /// [`Error::InvalidName`], [`Error::Timeout`], [`Error::Io`].
    ///
    /// # Blocking
    ///
    /// At most a second for other processes that create or remove the name, and threads that fork.
    fn unlink(name: &str) -> Result<(), Error> {
        Self::options().unlink(name)
    }
}

impl<S: State> ShmState for S {}
