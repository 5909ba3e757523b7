//! Handles to fields.
//!
//! | module | holds |
//! |---|---|
//! | this one | [`Field`] |
//! | [`reading`] | reads of whole values |
//! | [`waiting`] | the newest publication, and waits for the next |
//! | [`any`] | waits for several fields at once |
//! | [`newer`] | futures that wait |
//! | [`updating`] | calls that replace a whole value |
//! | [`conditional`] | updates that publish only if their closure says so |
//! | [`element_wise`] | updates number by number |
//! | [`writer`] | [`Writer`]: many publications under one acquisition |
//! | [`array`] | parts of arrays |
//! | [`flat`] | values as one slice of numbers |
//! | [`presence`] | the holder of the semaphore |
//! | [`atomic`] | [`Atomic`]: fields whose numbers are updated one by one; [`cells`] are those numbers |
//! | [`scratch`] | private memory for closures |
//! | [`version`] | the number of a publication |
//! | [`bounds`] | ranges that a caller gives |

pub(crate) mod any;
mod array;
mod atomic;
pub(crate) mod bounds;
pub(crate) mod cell_bytes;
pub(crate) mod cells;
mod conditional;
mod element_wise;
mod flat;
pub(crate) mod newer;
mod presence;
mod reading;
pub(crate) mod scratch;
mod updating;
mod version;
mod waiting;
mod writer;

use std::fmt;
use std::marker::PhantomData;

use crate::error::Place;
use crate::manifest::element::Element;
use crate::partition::{AcquireError, Partition};
use crate::protocol::snapshot::{Attempt, Overtaken};
use crate::region::access::{Access, ReadWrite};

use scratch::Spare;

pub use any::{Waitable, wait_any};
pub use atomic::Atomic;
pub use version::Version;
pub use writer::Writer;

/// The largest value that is returned by value.
pub(crate) const BY_VALUE: usize = 64 << 10;

/// A handle to one field of a state in shared memory.
///
/// Every read gives one consistent value: exactly what one publication held. Reads neither write
/// shared memory nor make a writer wait, unless they were overtaken many times (see
/// [`read`](Field::read)). Writers of one field exclude each other by its semaphore; different fields
/// have nothing to do with each other.
///
/// # Blocking
///
/// A call that acquires the semaphore waits for its holder, and for no other process. A killed holder
/// is replaced as soon as the kernel has ended it; a stopped one is waited for (see
/// [`try_update`](Self::try_update) and [`update_timeout`](Self::update_timeout)). A thread that
/// ends inside a closure without unwinding, while its process lives on, keeps the semaphore.
///
/// # Panics
///
/// Every call that acquires the semaphore, except calls that return a `Result`, panics
///
/// - on re-entry: from inside a closure that updates the same field, or a field of the same region
///   that is declared later;
/// - in a fork child, with a handle of its parent's.
///
/// A panic inside a closure passes through; nothing is published, and the semaphore is free.
pub struct Field<T, A = ReadWrite> {
    partition: Partition,
    spare: Spare<T>,
    _access: PhantomData<A>,
}

impl<T, A> fmt::Debug for Field<T, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Field")
            .field("name", &self.partition.field_name())
            .field("version", &self.partition.version())
            .field("owner", &self.partition.owner())
            .finish()
    }
}

impl<T: Element, A: Access> Field<T, A> {
    /// How many scalars a value consists of.
    const SCALARS: usize = size_of::<T>() / size_of::<T::Scalar>();

    pub(crate) fn new(partition: Partition) -> Self {
        Self { partition, spare: Spare::new(), _access: PhantomData }
    }

    #[inline]
    pub(crate) fn partition(&self) -> &Partition {
        &self.partition
    }

    pub(crate) fn place(&self) -> Place {
        self.partition.place()
    }

    /// Calls `f` with two private copies of the value, first the one to change. The caller holds the
    /// semaphore.
    #[inline]
    pub(crate) fn with_copies<R>(&self, f: impl FnOnce(&mut T, &T) -> R) -> R {
        let slots = self.partition.slots();
        self.spare.with_copies(slots.slot(slots.held_version()), f)
    }

    /// Loads the active value. The caller holds the semaphore.
    #[inline(always)]
    pub(crate) fn load_held(&self, into: &mut T) {
        let slots = self.partition.slots();
        scratch::load_over(slots.slot(slots.held_version()), into);
    }

    /// The first look of a snapshot: copies a value, and returns the number of its publication.
    #[inline(always)]
    pub(crate) fn look(&self, attempt: &Attempt<'_>, into: &mut T) -> Result<u64, Overtaken> {
        attempt.copy(self.partition.slots(), |slot| scratch::load_over(slot, into))
    }

    /// Ends a call that has no `Result` to say it with.
    #[cold]
    #[track_caller]
    pub(crate) fn refuse(&self, error: AcquireError) -> ! {
        panic!("{}", self.partition.explain(error))
    }
}
