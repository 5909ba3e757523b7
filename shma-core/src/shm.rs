//! The state as a whole: creating it, attaching to it, and calls over all its fields.
//!
//! `unsafe` here: zeroed states, and threads.
#![allow(unsafe_code)]

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::access::{Access, ReadOnly, ReadWrite};
use crate::atomic::Atomic;
use crate::error::Error;
use crate::field::Field;
use crate::handles::{Handles, Muts};
use crate::manifest::element::{AtomicElement, Element, OfScalar};
use crate::manifest::{Known, Manifest};
use crate::os;
use crate::partition::Partition;
use crate::region::{self, Creation, Name, Pages, Region, Users};
use crate::state::{Build, Merge, Nothing, Refs, State, Uniform, Values, Zip};
use crate::transaction::{self, Copies};

/// Rounds of opening and creating before something is wrong.
const ROUNDS: usize = 100;

/// Between two looks for a region that is waited for.
const LOOK_AGAIN: Duration = Duration::from_millis(2);

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
        let zeroed = Box::<Self>::new_zeroed();
        // SAFETY: by the contract of `State` every field is an `Element`, of which all zeroes is a
        // value.
        unsafe { zeroed.assume_init() }
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
    /// [`Error::NotFound`], [`Error::LayoutMismatch`], [`Error::ForeignOwner`],
    /// [`Error::NotARegion`], [`Error::InvalidName`], [`Error::Timeout`], [`Error::Io`].
    ///
    /// # Blocking
    ///
    /// At most a second for other processes that create or remove the name, and threads that fork.
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

    /// Removes the region's name. Those who are attached keep their memory, learn of it by
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
        region::unlink(&Name::new(name)?, Some(&Self::MANIFEST))
    }
}

impl<S: State> ShmState for S {}

/// How a region is made or opened.
#[must_use]
pub struct Options<S> {
    creation: Creation,
    owners: Users,
    pages: Pages,
    wait: Duration,
    _state: std::marker::PhantomData<fn() -> S>,
}

// By hand: a derive would ask the same of the state, of which there is none here.
impl<S> Clone for Options<S> {
    fn clone(&self) -> Self {
        Self { owners: self.owners.clone(), ..*self }
    }
}

impl<S> std::fmt::Debug for Options<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { creation, owners, pages, wait, .. } = self;
        let mut options = f.debug_struct("Options");
        options.field("creation", creation).field("owners", owners);
        options.field("pages", pages).field("wait", wait).finish()
    }
}

impl<S: ShmState> Options<S> {
    fn new() -> Self {
        Self {
            creation: Creation { mode: 0o600, persistent: false },
            owners: Users::default(),
            pages: Pages::Later,
            wait: Duration::ZERO,
            _state: std::marker::PhantomData,
        }
    }

    /// Permission bits of a region that is created; 0o600 by default, whatever the umask. Who may
    /// write can harm the values, who may read can get in the way of creating and removing: see
    /// [`security`](crate::docs::security).
    pub fn mode(mut self, mode: u32) -> Self {
        self.creation.mode = mode & 0o777;
        self
    }

    /// Whether a region that is created stays until it is unlinked. By default the last handle
    /// takes it along.
    pub fn persistent(mut self, persistent: bool) -> Self {
        self.creation.persistent = persistent;
        self
    }

    /// Whether to touch all pages at once, so that no first access is slow.
    pub fn prefault(mut self, prefault: bool) -> Self {
        self.pages = if prefault { Pages::AtOnce } else { Pages::Later };
        self
    }

    /// Opens also regions of this user. By default only one's own and root's are opened: the owner of a
    /// region may truncate it, which ends the processes that use it.
    pub fn allow_owner(mut self, user: u32) -> Self {
        if let Users::Also(users) = &mut self.owners {
            users.push(user);
        }
        self
    }

    /// How long opening waits for the region to appear, looking every 2 ms; not at all by default.
    pub fn wait(mut self, at_most: Duration) -> Self {
        self.wait = at_most;
        self
    }

    /// As [`ShmState::create`].
    ///
    /// # Errors
    ///
    /// As [`ShmState::create`].
    ///
    /// # Blocking
    ///
    /// As [`ShmState::create`].
    pub fn create(self, name: &str, init: &S) -> Result<Shm<S>, Error> {
        self.create_once(&Name::new(name)?, init)
    }

    fn create_once(&self, name: &Name, init: &S) -> Result<Shm<S>, Error> {
        let fill = |region: &Region| {
            let values = S::refs(init);
            S::zip::<Refs<'_>, Refs<'_>, _>(&values, S::refs(init), &mut Fill { region });
        };
        region::create(name, &S::MANIFEST, self.creation, self.pages, fill).map(Shm::new)
    }

    /// As [`ShmState::open`].
    ///
    /// # Errors
    ///
    /// As [`ShmState::open`].
    ///
    /// # Blocking
    ///
    /// As [`ShmState::open`], and as long as [`wait`](Self::wait) says for the region to appear.
    pub fn open(self, name: &str) -> Result<Shm<S>, Error> {
        self.open_when_there(&Name::new(name)?)
    }

    /// As [`ShmState::open_or_create`].
    ///
    /// # Errors
    ///
    /// As [`ShmState::open_or_create`].
    ///
    /// # Blocking
    ///
    /// As [`ShmState::open_or_create`].
    pub fn open_or_create(self, name: &str, init: &S) -> Result<Shm<S>, Error> {
        let name = Name::new(name)?;
        let mut last = None;
        for _ in 0..ROUNDS {
            match self.open_once(&name) {
                Err(Error::NotFound { .. }) => {}
                opened => return opened,
            }
            match self.create_once(&name, init) {
                Err(error @ Error::AlreadyExists { .. }) => last = Some(error),
                created => return created,
            }
        }
        Err(last.unwrap_or_else(|| Error::NotFound { name: name.as_str().to_owned() }))
    }

    /// As [`ShmState::open_read_only`].
    ///
    /// # Errors
    ///
    /// As [`ShmState::open`].
    ///
    /// # Blocking
    ///
    /// As [`open`](Self::open).
    pub fn open_read_only(self, name: &str) -> Result<Shm<S, ReadOnly>, Error> {
        self.open_when_there(&Name::new(name)?)
    }

    fn open_once<A: Access>(&self, name: &Name) -> Result<Shm<S, A>, Error> {
        let known = Known::Declared(&S::MANIFEST);
        region::open::<A>(name, &known, &self.owners, self.pages).map(Shm::new)
    }

    fn open_when_there<A: Access>(&self, name: &Name) -> Result<Shm<S, A>, Error> {
        // A time beyond what the clock can say is for ever.
        let end = Instant::now().checked_add(self.wait);
        loop {
            match self.open_once(name) {
                Err(Error::NotFound { .. }) if end.is_none_or(|end| Instant::now() < end) => {
                    os::pause(LOOK_AGAIN);
                }
                opened => return opened,
            }
        }
    }
}

/// Writes the initial values into all slots.
struct Fill<'a> {
    region: &'a Region,
}

impl Fill<'_> {
    fn field<T: Element>(&self, index: usize, value: &T) {
        self.region.fill(index, bytemuck::bytes_of(value));
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

/// A handle to a state in shared memory.
///
/// It dereferences to the mirror of the state that the derive generates, so a field `weights` of
/// the state is the [`Field`] `handle.weights`. Handles can be shared between threads. The last
/// handle to an ephemeral region takes the region along, in whichever process it is dropped.
pub struct Shm<S: ShmState, A: Access = ReadWrite> {
    fields: S::Fields<Handles<A>>,
    /// What the last transaction copied the state to, for the next one.
    spare: Mutex<Option<Copies<S>>>,
    region: Arc<Region>,
}

// SAFETY: by the contract of `State`, `fields` consists of `Field`s and `Atomic`s of elements,
// which are `Send`; so is the region, and so are copies of a state, which consist of elements.
unsafe impl<S: ShmState, A: Access> Send for Shm<S, A> {}
// SAFETY: as above, and they are `Sync`.
unsafe impl<S: ShmState, A: Access> Sync for Shm<S, A> {}

impl<S: ShmState, A: Access> fmt::Debug for Shm<S, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shm")
            .field("state", &S::MANIFEST.name)
            .field("region", &self.region.name())
            .field("current", &self.is_current())
            .finish_non_exhaustive()
    }
}

impl<S: ShmState, A: Access> Deref for Shm<S, A> {
    type Target = S::Fields<Handles<A>>;

    #[inline]
    fn deref(&self) -> &Self::Target {
        &self.fields
    }
}

impl<S: ShmState, A: Access> Shm<S, A> {
    fn new(region: Region) -> Self {
        let region = Arc::new(region);
        let fields = S::build(&mut MakeHandles { region: &region });
        Self { fields, spare: Mutex::new(None), region }
    }

    /// What the region holds.
    pub fn manifest(&self) -> &'static Manifest<'static> {
        &S::MANIFEST
    }

    /// The region's name.
    pub fn name(&self) -> &str {
        self.region.name()
    }

    /// Whether the name still leads to this region: false once it was unlinked or created anew.
    /// The handle goes on working on its retired region.
    pub fn is_current(&self) -> bool {
        self.region.is_linked()
    }

    /// Reads every field; each value is consistent by itself.
    ///
    /// # Blocking
    ///
    /// As [`Field::read`].
    pub fn read_into(&self, into: &mut S) {
        S::zip::<Handles<A>, Values<'_>, _>(&self.fields, S::values(into), &mut ReadEach);
    }

    /// As [`read_into`](Self::read_into), into a new allocation, never through the stack.
    ///
    /// # Blocking
    ///
    /// As [`Field::read`].
    pub fn read_boxed(&self) -> Box<S> {
        let mut state = S::zeroed();
        self.read_into(&mut state);
        state
    }
}

/// The state as it stood at one instant.
impl<S: ShmState, A: Access> Shm<S, A> {
    /// Reads all fields as they stood together at one instant, transactions wholly in or out.
    /// Elements of atomic fields are read one by one and take no part in this.
    ///
    /// # Blocking
    ///
    /// Never blocks. It retries while writers overtake it. After 64 failed attempts a read-write handle
    /// also holds those semaphores that are free, for the time of one attempt, which delays writers.
    pub fn snapshot_into(&self, into: &mut S) {
        transaction::snapshot(&self.region, &self.fields, into);
    }

    /// As [`snapshot_into`](Self::snapshot_into), into a new allocation, never through the stack.
    ///
    /// # Blocking
    ///
    /// As [`snapshot_into`](Self::snapshot_into).
    pub fn snapshot(&self) -> Box<S> {
        let mut state = S::zeroed();
        self.snapshot_into(&mut state);
        state
    }

    /// As [`snapshot_into`](Self::snapshot_into), with bounded effort.
    ///
    /// # Errors
    ///
    /// [`Error::Contended`] if publications overtook every one of 64 tries. What `into` then holds
    /// is unspecified: parts of several publications.
    ///
    /// # Blocking
    ///
    /// Never blocks, and never acquires a semaphore.
    pub fn try_snapshot_into(&self, into: &mut S) -> Result<(), Error> {
        transaction::try_snapshot(&self.region, &self.fields, into)
    }
}

impl<S: ShmState> Shm<S, ReadWrite> {
    /// Updates several fields as one: takes all semaphores in declaration order, calls `f` with a
    /// private copy of the state to change and the state as it is, and publishes those fields whose
    /// bytes `f` has changed, together. A [`snapshot`](Self::snapshot) sees all of them or none, also if
    /// this process is killed half-way: the next process that acquires one of its semaphores completes
    /// the transaction.
    ///
    /// It publishes whenever `f` returns, also if it returns an `Err` after it changed something. A
    /// transaction that changed no byte publishes nothing.
    ///
    /// The state is copied twice into private memory, which the handle keeps for the next
    /// transaction. Atomic fields take no part: `new` has their live handles, and `old` a copy.
    ///
    /// # Panics
    ///
    /// If the thread is inside an update of any field of the region, and in a fork child with a
    /// handle of its parent's. If `f` panics, nothing is published.
    ///
    /// # Blocking
    ///
    /// Waits for the holder of each semaphore in turn, and then makes all who want one wait.
    #[track_caller]
    pub fn transaction<R>(
        &self,
        f: impl FnOnce(S::Fields<Muts<'_>>, S::Fields<Refs<'_>>) -> R,
    ) -> R {
        // Not waited for: a fork child may have inherited it locked, and new copies do as well.
        let kept = self.spare.try_lock().ok().and_then(|mut spare| spare.take());
        let mut copies = kept.unwrap_or_else(|| Copies { new: S::zeroed(), old: S::zeroed() });
        let result = transaction::transact(&self.fields, &mut copies, f);
        if let Ok(mut spare) = self.spare.try_lock() {
            *spare = Some(copies);
        }
        // No closure: it would be the place that the panic names.
        match result {
            Ok(result) => result,
            Err(error) => panic!("{error}"),
        }
    }

    /// Element-wise update of all fields, one after the other in declaration order, each under its
    /// own semaphore only, so that processes that do the same pipeline. Fields with
    /// `#[shm(no_merge)]` and atomic ones stay as they are.
    ///
    /// It compiles when all other fields share one scalar type.
    ///
    /// # Panics
    ///
    /// See [`Field`]. If `f` panics, the fields before the one at hand are published.
    ///
    /// # Blocking
    ///
    /// Waits for the holder of each semaphore in turn.
    #[track_caller]
    pub fn update_with<E: Element>(&self, new: &S, mut f: impl FnMut(E, E) -> E)
    where
        S: Uniform<E>,
    {
        let mut merge = UpdateEach { f: &mut f, refused: None };
        S::merge::<Handles<ReadWrite>, Refs<'_>, _>(&self.fields, S::refs(new), &mut merge);
        if let Some(error) = merge.refused {
            panic!("{error}");
        }
    }

    /// As [`update_with`](Self::update_with), and the argument ends up holding what was published.
    ///
    /// # Panics
    ///
    /// As [`update_with`](Self::update_with).
    ///
    /// # Blocking
    ///
    /// As [`update_with`](Self::update_with).
    #[track_caller]
    pub fn merge<E: Element>(&self, new: &mut S, mut f: impl FnMut(E, E) -> E)
    where
        S: Uniform<E>,
    {
        let mut merge = MergeEach { f: &mut f, refused: None };
        S::merge::<Handles<ReadWrite>, Values<'_>, _>(&self.fields, S::values(new), &mut merge);
        if let Some(error) = merge.refused {
            panic!("{error}");
        }
    }
}

struct MakeHandles<'a> {
    region: &'a Arc<Region>,
}

impl<A: Access> Build<Handles<A>> for MakeHandles<'_> {
    fn field<T: Element>(&mut self, index: usize) -> Field<T, A> {
        Field::new(self.partition::<T, A>(index))
    }

    fn atomic<T: AtomicElement>(&mut self, index: usize) -> Atomic<T, A> {
        Atomic::new(self.partition::<T, A>(index))
    }
}

impl MakeHandles<'_> {
    fn partition<T: Element, A: Access>(&self, index: usize) -> Partition {
        // The handle copies values of `T` from and to slots that were laid out for the manifest.
        assert_eq!(size_of::<T>(), self.region.manifest().fields[index].size);
        // And writes, if it may, to a mapping that can be written.
        assert_eq!(A::WRITABLE, self.region.is_writable());
        Partition::new(Arc::clone(self.region), index)
    }
}

struct ReadEach;

impl<'h, 'v, A: Access> Zip<'h, Handles<A>, Values<'v>> for ReadEach {
    type Out = Nothing;

    fn field<T: Element>(&mut self, _: usize, field: &'h Field<T, A>, value: &'v mut T) {
        field.read_into(value);
    }

    fn atomic<T: AtomicElement>(&mut self, _: usize, field: &'h Atomic<T, A>, value: &'v mut T) {
        field.read_into(value);
    }
}

struct UpdateEach<'f, F> {
    f: &'f mut F,
    /// Why a field was refused. None after it is touched.
    refused: Option<Error>,
}

impl<'h, 'v, E: Element, F: FnMut(E, E) -> E> Merge<'h, E, Handles<ReadWrite>, Refs<'v>>
    for UpdateEach<'_, F>
{
    fn field<T: OfScalar<E>>(&mut self, _: usize, field: &'h Field<T>, new: &'v T) {
        if self.refused.is_none() {
            let updated = field.update_each(new, &mut *self.f);
            self.refused = updated.err().map(|error| field.partition().explain(error));
        }
    }
}

struct MergeEach<'f, F> {
    f: &'f mut F,
    /// As in [`UpdateEach`].
    refused: Option<Error>,
}

impl<'h, 'v, E: Element, F: FnMut(E, E) -> E> Merge<'h, E, Handles<ReadWrite>, Values<'v>>
    for MergeEach<'_, F>
{
    fn field<T: OfScalar<E>>(&mut self, _: usize, field: &'h Field<T>, new: &'v mut T) {
        if self.refused.is_none() {
            let merged = field.merge_each(new, &mut *self.f);
            self.refused = merged.err().map(|error| field.partition().explain(error));
        }
    }
}
