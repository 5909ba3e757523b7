//! How a region is made or opened, if not in the default way.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::manifest::element::{AtomicElement, Element};
use crate::manifest::{Known, Notes};
use crate::os;
use crate::region::access::{Access, ReadOnly, ReadWrite};
use crate::region::{self, Creation, Directory, Name, Opening, Pages, Region, Users};

use super::family::{Nothing, Refs, State, Zip};
use super::shm::Shm;

/// Rounds of opening and creating before something is wrong.
const ROUNDS: usize = 100;

/// Between two looks for a region that is waited for.
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// How a region is made or opened.
#[must_use]
pub struct Options<S> {
    directory: Option<PathBuf>,
    creation: Creation,
    opening: Opening,
    wait: Duration,
    _state: std::marker::PhantomData<fn() -> S>,
}

// By hand: a derive would ask the same of the state, of which there is none here.
impl<S> Clone for Options<S> {
    fn clone(&self) -> Self {
        Self {
            directory: self.directory.clone(),
            creation: self.creation.clone(),
            opening: self.opening.clone(),
            ..*self
        }
    }
}

impl<S> std::fmt::Debug for Options<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { directory, creation, opening, wait, .. } = self;
        let mut options = f.debug_struct("Options");
        options.field("directory", directory);
        options.field("creation", creation).field("opening", opening);
        options.field("wait", wait).finish()
    }
}

/// How a region is made or opened, typed or not.
impl<S> Options<S> {
    pub(crate) fn new() -> Self {
        Self {
            directory: None,
            creation: Creation {
                mode: 0o600,
                persistent: false,
                huge_pages: false,
                notes: Notes::default(),
            },
            opening: Opening::default(),
            wait: Duration::ZERO,
            _state: std::marker::PhantomData,
        }
    }

    /// The directory of the region, whose file is `path/shma.NAME`; `/dev/shm` by default. A relative path
    /// is taken from the process's directory at the call that creates, opens or unlinks.
    ///
    /// A directory that users other than its own may write to has to be sticky, as `/tmp` is. The file
    /// system has to keep locks of open file descriptions and to reserve room: tmpfs, ext4 and xfs do.
    /// Where one does not, creating is [`Error::Io`] that names the self-test. On a disk a region outlives
    /// the machine's restart: see [`restart`](crate::docs::restart).
    ///
    /// ```
    /// use shma_core::ShmState;
    ///
    /// #[derive(ShmState)]
    /// struct Model {
    ///     step: u64,
    /// }
    /// # let dir = std::env::temp_dir().join(format!("doc-dir-{}", std::process::id()));
    /// # std::fs::create_dir(&dir).unwrap();
    ///
    /// let model = Model::options().dir(&dir).create("trainer", &Model::zeroed())?;
    /// assert!(dir.join("shma.trainer").exists());
    /// assert_eq!(shma_core::inspect::names_in(&dir)?, ["trainer"]);
    /// Model::options().dir(&dir).unlink("trainer")?;
    /// assert!(!model.is_current());
    /// # std::fs::remove_dir(&dir).unwrap();
    /// # Ok::<(), shma_core::Error>(())
    /// ```
    pub fn dir(mut self, path: impl Into<PathBuf>) -> Self {
        self.directory = Some(path.into());
        self
    }

    /// Permission bits of a region that is created; 0o600 by default, whatever the umask. A process
    /// that may write can harm the values, and one that may read can get in the way of creating and
    /// removing: see [`security`](crate::docs::security).
    pub fn mode(mut self, mode: u32) -> Self {
        self.creation.mode = mode & 0o777;
        self
    }

    /// Whether a region that is created stays until it is unlinked. By default dropping the last
    /// handle deletes it.
    pub fn persistent(mut self, persistent: bool) -> Self {
        self.creation.persistent = persistent;
        self
    }

    /// Notes a text in a region that is created: a unit, a run, a commit. [`Shm::notes`] gives all of them
    /// back, `shma info` shows them. A second text of a key replaces the first. Notes are no part of the
    /// layout, and stay as they are for as long as the region lasts.
    ///
    /// Creating is [`Error::Declaration`] beyond 1000 notes, 200 bytes of a key, or 64 KiB of all keys and
    /// texts, and if a key is empty.
    ///
    /// ```
    /// use shma_core::{Error, ShmState};
    ///
    /// #[derive(ShmState)]
    /// struct Arm {
    ///     angles: [f64; 6],
    /// }
    /// # let name = format!("doc-notes-{}", std::process::id());
    /// # let name = name.as_str();
    ///
    /// let arm = Arm::options().note("angles", "rad").note("run", "7").create(name, &Arm::zeroed())?;
    /// assert_eq!(arm.notes().collect::<Vec<_>>(), [("angles", "rad"), ("run", "7")]);
    ///
    /// let same = Arm::options().expect_note("angles", "rad").open(name)?;
    /// let other = Arm::options().expect_note("angles", "deg").open(name);
    /// assert!(matches!(other, Err(Error::NoteMismatch { .. })));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn note(mut self, key: impl AsRef<str>, text: impl AsRef<str>) -> Self {
        self.creation.notes.set(key.as_ref(), text.as_ref());
        self
    }

    /// Opens only a region whose creator has noted this text: another text, or none, is
    /// [`Error::NoteMismatch`]. A call that creates has to note it too.
    pub fn expect_note(mut self, key: impl AsRef<str>, text: impl AsRef<str>) -> Self {
        self.opening.notes.set(key.as_ref(), text.as_ref());
        self
    }

    /// Whether to touch all pages at once, so that no first access is slow.
    pub fn prefault(mut self, prefault: bool) -> Self {
        self.opening.pages = if prefault { Pages::AtOnce } else { Pages::Later };
        self
    }

    /// Whether the kernel is asked to put a region that is created in huge pages (2 MiB on x86-64),
    /// which makes random accesses to large fields faster. With a field of 1 GiB, reading 64 bytes
    /// took 0.66 to 0.69 of the time, updating them 0.50 to 0.53.
    ///
    /// It is best effort, and never an error. It needs Linux 6.1 (`MADV_COLLAPSE`), a tmpfs, a
    /// region of 2 MiB and more, and memory in large pieces. Creation takes longer. `shma doctor
    /// NAME` shows how much is huge, as [`View::huge_bytes`](crate::inspect::View::huge_bytes)
    /// does.
    pub fn huge_pages(mut self, huge: bool) -> Self {
        self.creation.huge_pages = huge;
        self
    }

    /// Opens also regions of this user. By default only regions of the calling user and of root are
    /// opened. The user of a region may truncate it, which ends the processes that use it.
    pub fn allow_owner(mut self, user: u32) -> Self {
        if let Users::Also(users) = &mut self.opening.owners {
            users.push(user);
        }
        self
    }

    /// Opens a region on a disk also if the machine stopped while processes used it. Without this that is
    /// [`Error::Unclean`]: pages reach the disk in any order, so values may be of several moments, also
    /// within one field. The first process that opens it for writing accepts it for all.
    ///
    /// ```
    /// use shma_core::{Error, Shm, ShmState};
    ///
    /// #[derive(ShmState)]
    /// struct Cache {
    ///     checksum: u64,
    ///     table: [u32; 64],
    /// }
    ///
    /// /// What the table holds can be told from its checksum, so it may be looked at.
    /// fn start(dir: &str) -> Result<Shm<Cache>, Error> {
    ///     let options = Cache::options().dir(dir).persistent(true);
    ///     options.accept_unclean(true).open_or_create("cache", &Cache::zeroed())
    /// }
    /// ```
    pub fn accept_unclean(mut self, accept: bool) -> Self {
        self.opening.accept_unclean = accept;
        self
    }

    /// How long opening waits for the region to appear, or its directory, looking every 2 ms; not at all
    /// by default.
    pub fn wait(mut self, at_most: Duration) -> Self {
        self.wait = at_most;
        self
    }

    pub(crate) fn name(&self, name: &str) -> Result<Name, Error> {
        Name::new(&Directory::at(self.directory.as_deref())?, name)
    }

    pub(crate) fn opening(&mut self) -> &mut Opening {
        &mut self.opening
    }

    /// Creates the region. `fill` writes the initial values.
    pub(crate) fn create_region(
        &self,
        name: &Name,
        known: &Known,
        fill: impl Fn(&Region),
    ) -> Result<Region, Error> {
        region::create(name, known, &self.creation, &self.opening, fill)
    }

    /// Opens the region, of this layout or of any, once it is there.
    pub(crate) fn open_region<A: Access>(
        &self,
        name: &Name,
        expected: Option<&Known>,
    ) -> Result<Region, Error> {
        // A time beyond what the clock can say is for ever.
        let end = Instant::now().checked_add(self.wait);
        loop {
            match region::open::<A>(name, expected, &self.opening) {
                Err(error) if may_appear(&error) && end.is_none_or(|end| Instant::now() < end) => {
                    os::pause(LOOK_AGAIN);
                }
                opened => return opened,
            }
        }
    }

    /// Opens the region if there is one, and creates it otherwise.
    pub(crate) fn open_or_create_region(
        &self,
        name: &Name,
        known: &Known,
        fill: impl Fn(&Region),
    ) -> Result<Region, Error> {
        let mut last = None;
        for _ in 0..ROUNDS {
            match region::open::<ReadWrite>(name, Some(known), &self.opening) {
                Err(Error::NotFound { .. }) => {}
                opened => return opened,
            }
            match self.create_region(name, known, &fill) {
                Err(error @ Error::AlreadyExists { .. }) => last = Some(error),
                created => return created,
            }
        }
        Err(last.unwrap_or_else(|| name.not_found()))
    }
}

impl<S: State> Options<S> {
    const KNOWN: Known = Known::Declared(&S::DECLARATION);

    /// As [`ShmState::create`](crate::ShmState::create).
    ///
    /// # Errors
    ///
    /// As [`ShmState::create`](crate::ShmState::create).
    ///
    /// # Blocking
    ///
    /// As [`ShmState::create`](crate::ShmState::create).
    pub fn create(self, name: &str, init: &S) -> Result<Shm<S>, Error> {
        let name = self.name(name)?;
        self.create_region(&name, &Self::KNOWN, |region| fill(region, init)).map(Shm::new)
    }

    /// As [`ShmState::open`](crate::ShmState::open).
    ///
    /// # Errors
    ///
    /// As [`ShmState::open`](crate::ShmState::open).
    ///
    /// # Blocking
    ///
    /// As [`ShmState::open`](crate::ShmState::open), and as long as [`wait`](Self::wait) says for the region to appear.
    pub fn open(self, name: &str) -> Result<Shm<S>, Error> {
        self.open_region::<ReadWrite>(&self.name(name)?, Some(&Self::KNOWN)).map(Shm::new)
    }

    /// As [`ShmState::open_or_create`](crate::ShmState::open_or_create).
    ///
    /// # Errors
    ///
    /// As [`ShmState::open_or_create`](crate::ShmState::open_or_create).
    ///
    /// # Blocking
    ///
    /// As [`ShmState::open_or_create`](crate::ShmState::open_or_create).
    pub fn open_or_create(self, name: &str, init: &S) -> Result<Shm<S>, Error> {
        let name = self.name(name)?;
        let fill = |region: &Region| fill(region, init);
        self.open_or_create_region(&name, &Self::KNOWN, fill).map(Shm::new)
    }

    /// As [`ShmState::open_read_only`](crate::ShmState::open_read_only).
    ///
    /// # Errors
    ///
    /// As [`ShmState::open`](crate::ShmState::open).
    ///
    /// # Blocking
    ///
    /// As [`open`](Self::open).
    pub fn open_read_only(self, name: &str) -> Result<Shm<S, ReadOnly>, Error> {
        self.open_region::<ReadOnly>(&self.name(name)?, Some(&Self::KNOWN)).map(Shm::new)
    }

    /// As [`ShmState::unlink`](crate::ShmState::unlink).
    ///
    /// # Errors
    ///
    /// As [`ShmState::unlink`](crate::ShmState::unlink).
    ///
    /// # Blocking
    ///
    /// As [`ShmState::unlink`](crate::ShmState::unlink).
    pub fn unlink(self, name: &str) -> Result<(), Error> {
        region::unlink(&self.name(name)?, Some(&S::DECLARATION))
    }
}

/// Whether what is missing is the region, or the directory that it is going to be in.
fn may_appear(error: &Error) -> bool {
    match error {
        Error::NotFound { .. } => true,
        Error::Io { source, .. } => source.kind() == ErrorKind::NotFound,
        _ => false,
    }
}

/// Writes the initial values into all slots.
fn fill<S: State>(region: &Region, init: &S) {
    let values = S::refs(init);
    S::zip::<Refs<'_>, Refs<'_>, _>(&values, S::refs(init), &mut Fill { region });
}

struct Fill<'a> {
    region: &'a Region,
}

impl Fill<'_> {
    fn field<T: Element>(&self, index: usize, value: &T) {
        self.region.fill(index, Some(bytemuck::bytes_of(value)));
    }
}

impl<'h, 'a, 'v> Zip<'h, Refs<'a>, Refs<'v>> for Fill<'_> {
    type Out = Nothing;

    fn field<T: Element>(&mut self, index: usize, _: &'h &'a T, value: &'v T) {
        Fill::field(self, index, value);
    }

    fn atomic<T: AtomicElement>(&mut self, index: usize, _: &'h &'a T, value: &'v T) {
        Fill::field(self, index, value);
    }
}
