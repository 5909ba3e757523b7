//! The handle to a state, and calls over all its fields.
//!
//! `unsafe` here: threads.
#![allow(unsafe_code)]

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use crate::error::Error;
use crate::field::Atomic;
use crate::field::Field;
use crate::manifest::Manifest;
use crate::manifest::element::{self, AtomicElement, Element, OfScalar};
use crate::partition::{Partition, RegionGuard, retry};
use crate::protocol::semaphore::Wait;
use crate::region::Region;
use crate::region::access::{Access, ReadWrite};

use super::family::{Build, Merge, Refs, State, Uniform, Values, zeroed};
use super::handles::{Handles, Muts};
use super::part::{Part, collect};
use super::transaction::Spare;
use super::{direct, snapshot};

/// A handle to a state in shared memory.
///
/// It dereferences to the mirror of the state that the derive generates, so a field `weights` of
/// the state is the [`Field`] `handle.weights`. Handles can be shared between threads. Dropping the
/// last handle to an ephemeral region, in any process, deletes it.
pub struct Shm<S: State, A: Access = ReadWrite> {
    fields: S::Fields<Handles<A>>,
    spare: Spare<S>,
    region: Arc<Region>,
}

// SAFETY: by the contract of `State`, `fields` consists of `Field`s and `Atomic`s of elements,
// which are `Send`; so is the region, and so are copies of a state, which consist of elements.
unsafe impl<S: State, A: Access> Send for Shm<S, A> {}
// SAFETY: as above, and they are `Sync`.
unsafe impl<S: State, A: Access> Sync for Shm<S, A> {}

impl<S: State, A: Access> fmt::Debug for Shm<S, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shm")
            .field("state", &S::DECLARATION.name)
            .field("region", &self.region.name())
            .field("current", &self.is_current())
            .finish_non_exhaustive()
    }
}

impl<S: State, A: Access> Deref for Shm<S, A> {
    type Target = S::Fields<Handles<A>>;

    #[inline]
    fn deref(&self) -> &Self::Target {
        &self.fields
    }
}

impl<S: State, A: Access> Shm<S, A> {
    pub(super) fn new(region: Region) -> Self {
        let region = Arc::new(region);
        let fields = S::build(&mut MakeHandles { region: &region });
        Self { fields, spare: Spare::new(), region }
    }

    /// What the region holds.
    pub fn manifest(&self) -> &'static Manifest<'static> {
        &S::DECLARATION
    }

    /// The attachment.
    pub(super) fn region(&self) -> &Arc<Region> {
        &self.region
    }

    /// Calls `f` with all fields, and the bytes of this value for them.
    pub(super) fn with_parts<R>(
        &self,
        value: &mut S,
        f: impl FnOnce(&mut [Part<'_, '_>]) -> R,
    ) -> R {
        let mut parts = self.spare.parts.take(S::DECLARATION.fields.len());
        collect::<S, A>(&self.fields, value, &mut parts);
        let result = f(&mut parts);
        self.spare.parts.put(parts);
        result
    }

    /// The region's name.
    pub fn name(&self) -> &str {
        self.region.name()
    }

    /// The number that the region was given when it was created, at random: another one under the
    /// same name is another region.
    pub fn instance(&self) -> u128 {
        self.region.header().instance()
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
        if const { direct::has_few_fields::<S>() } {
            direct::read(&self.fields, into);
        } else {
            self.with_parts(into, |parts| parts.iter_mut().for_each(Part::read));
        }
    }

    /// As [`read_into`](Self::read_into), into a new allocation, never through the stack.
    ///
    /// # Blocking
    ///
    /// As [`Field::read`].
    pub fn read_boxed(&self) -> Box<S> {
        let mut state = zeroed::<S>();
        self.read_into(&mut state);
        state
    }
}

/// The state as it stood at one instant.
impl<S: State, A: Access> Shm<S, A> {
    /// Reads all fields as they stood together at one instant, transactions wholly in or out.
    /// Elements of atomic fields are read one by one and take no part in this.
    ///
    /// # Blocking
    ///
    /// Never blocks. It retries while writers overtake it. After 64 failed attempts a read-write handle
    /// also holds those semaphores that are free, for the time of one attempt, which delays writers.
    pub fn snapshot_into(&self, into: &mut S) {
        if !self.attempt_snapshot(into) {
            self.snapshot_parts(into);
        }
    }

    /// As [`snapshot_into`](Self::snapshot_into), into a new allocation, never through the stack.
    ///
    /// # Blocking
    ///
    /// As [`snapshot_into`](Self::snapshot_into).
    pub fn snapshot(&self) -> Box<S> {
        let mut state = zeroed::<S>();
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
        if const { direct::has_few_fields::<S>() } {
            let attempt = || self.attempt_snapshot(into).then_some(());
            retry::in_a_row(attempt).ok_or_else(|| snapshot::contended(&self.region))
        } else {
            self.with_parts(into, |parts| snapshot::bounded(&self.region, parts))
        }
    }

    #[cold]
    fn snapshot_parts(&self, into: &mut S) {
        self.with_parts(into, |parts| snapshot::forever::<A>(&self.region, parts));
    }

    /// One optimistic attempt, if the state has few fields.
    #[inline]
    fn attempt_snapshot(&self, into: &mut S) -> bool {
        if const { direct::has_few_fields::<S>() } {
            direct::attempt(&self.region, &self.fields, into)
        } else {
            false
        }
    }
}

impl<S: State> Shm<S, ReadWrite> {
    /// Updates several fields as one. It acquires all semaphores in declaration order, and calls
    /// `f` with a private copy of the state to change and the state as it is. Then it publishes,
    /// together, the fields whose bytes `f` has changed. A [`snapshot`](Self::snapshot) sees all of
    /// them or none, also if this process is killed half-way. The next process that acquires one of
    /// its semaphores completes the transaction.
    ///
    /// It publishes whenever `f` returns, also if it returns an `Err` after it changed something. A
    /// transaction that changed no byte publishes nothing.
    ///
    /// The state is copied twice into private memory, which the handle keeps for the next
    /// transaction. Atomic fields take no part: `new` has their live handles, and `old` a copy.
    ///
    /// # Panics
    ///
    /// If the thread holds the semaphore of any field of the region, by an update or a
    /// [`Writer`](crate::Writer), and in a fork child with a handle of its parent's. If `f` panics,
    /// nothing is published.
    ///
    /// # Blocking
    ///
    /// Waits for the holder of each semaphore in turn; then all calls that need one of them wait.
    #[track_caller]
    pub fn transaction<R>(
        &self,
        f: impl FnOnce(S::Fields<Muts<'_>>, S::Fields<Refs<'_>>) -> R,
    ) -> R {
        // No closure: it would be the place that the panic names.
        match self.transact(Wait::Forever, f, |_| true) {
            Ok(result) => result,
            Err(error) => panic!("{error}"),
        }
    }

    /// As [`transaction`](Self::transaction), but publishes only if `f` returns `Some`. On `None` no
    /// version moves, whatever `f` changed, and no waiter wakes.
    ///
    /// # Panics
    ///
    /// As [`transaction`](Self::transaction).
    ///
    /// # Blocking
    ///
    /// As [`transaction`](Self::transaction).
    #[track_caller]
    pub fn transaction_if<R>(
        &self,
        f: impl FnOnce(S::Fields<Muts<'_>>, S::Fields<Refs<'_>>) -> Option<R>,
    ) -> Option<R> {
        // As above.
        match self.transact(Wait::Forever, f, Option::is_some) {
            Ok(result) => result,
            Err(error) => panic!("{error}"),
        }
    }

    /// As [`transaction`](Self::transaction), waiting for the semaphores for at most `timeout` in all.
    /// An `Err` of this call published nothing; an `Err` that `f` returns is inside of `Ok`, and what
    /// `f` changed was published.
    ///
    /// # Errors
    ///
    /// [`Error::Timeout`], which says which field's semaphore was held and by which process;
    /// [`Error::Reentrant`], [`Error::Forked`].
    ///
    /// # Panics
    ///
    /// Only if `f` does; nothing is published then.
    ///
    /// # Blocking
    ///
    /// Waits for the holder of each semaphore in turn, for at most `timeout`; meanwhile it holds
    /// the ones that it has acquired.
    pub fn transaction_timeout<R>(
        &self,
        timeout: Duration,
        f: impl FnOnce(S::Fields<Muts<'_>>, S::Fields<Refs<'_>>) -> R,
    ) -> Result<R, Error> {
        self.transact(Wait::at_most(timeout), f, |_| true)
    }

    fn transact<R>(
        &self,
        wait: Wait,
        f: impl FnOnce(S::Fields<Muts<'_>>, S::Fields<Refs<'_>>) -> R,
        publishes: impl FnOnce(&R) -> bool,
    ) -> Result<R, Error> {
        let guard = RegionGuard::acquire(&self.region, wait)?;
        self.spare.transact(guard, &self.fields, f, publishes)
    }

    /// Element-wise update of all fields, one after the other in declaration order. Each is updated
    /// under its own semaphore only, so that processes that do the same form a pipeline. Fields
    /// with `#[shm(no_merge)]` and atomic ones stay as they are.
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
            let updated = field.update_each(element::scalars(new), &mut *self.f);
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
