//! Waits for several fields at once.

use std::time::Duration;

use super::{Atomic, Field, Version};
use crate::error::Error;
use crate::manifest::element::{AtomicElement, Element};
use crate::partition::{self, Partition};
use crate::region::access::Access;

/// A handle to a field that [`wait_any`] can wait for: any [`Field`], any [`Atomic`], and any
/// [`untyped::Field`](crate::untyped::Field).
pub trait Waitable: sealed::Watched {}

impl<T: Element, A: Access> Waitable for Field<T, A> {}
impl<T: AtomicElement, A: Access> Waitable for Atomic<T, A> {}

/// Sleeps until one of the fields has a publication other than the version beside it. Returns its place
/// in the list; the first one, if there are several.
///
/// The fields may be of any types, of any regions, and there may be any number of them. A version means
/// what it means in [`Field::wait_newer`]: for an atomic field it counts calls.
///
/// ```
/// use std::time::Duration;
///
/// use shma_core::{ShmState, wait_any};
///
/// #[derive(ShmState)]
/// struct Desk {
///     order: [f64; 8],
///     #[shm(atomic)]
///     stop: u32,
/// }
/// # let name = format!("doc-wait-any-{}", std::process::id());
///
/// let desk = Desk::create(&name, &Desk::zeroed())?;
/// let (order, stop) = (desk.order.version(), desk.stop.version());
/// std::thread::scope(|scope| {
///     scope.spawn(|| desk.stop.set(1));
///     match wait_any(&[(&desk.order, order), (&desk.stop, stop)], Duration::from_secs(60))? {
///         0 => println!("an order: {:?}", desk.order.read()),
///         _ => println!("stop: {}", desk.stop.get()),
///     }
///     # assert_eq!(desk.stop.get(), 1);
///     Ok::<(), shma_core::Error>(())
/// })?;
/// # Ok::<(), shma_core::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Timeout`], also for an empty list, after `timeout`. [`Error::Retired`] if there is nothing
/// newer in any field, and the region of one has no name any more.
///
/// # Blocking
///
/// At most `timeout`. A publication in a field of a read-write handle wakes the caller. One system call
/// (`futex_waitv`) is a sleep on the first 128 fields of the list. Further fields are looked at once a
/// millisecond; so are the fields of read-only handles. So are all except the first where the
/// kernel lacks the call (before Linux 5.16) or a sandbox refuses it.
pub fn wait_any(fields: &[(&dyn Waitable, Version)], timeout: Duration) -> Result<usize, Error> {
    let partitions: Vec<(&Partition, u64)> =
        fields.iter().map(|(field, since)| (field.watched().0, (*since).into())).collect();
    partition::wait_any(&partitions, timeout).map(|(at, _)| at)
}

pub(crate) mod sealed {
    use super::{Access, Atomic, AtomicElement, Element, Field, Partition};

    /// What is behind a handle.
    #[derive(Debug)]
    pub struct Behind<'a>(pub(crate) &'a Partition);

    /// Typed handles here, and the untyped one.
    pub trait Watched {
        #[doc(hidden)]
        fn watched(&self) -> Behind<'_>;
    }

    impl<T: Element, A: Access> Watched for Field<T, A> {
        fn watched(&self) -> Behind<'_> {
            Behind(self.partition())
        }
    }

    impl<T: AtomicElement, A: Access> Watched for Atomic<T, A> {
        fn watched(&self) -> Behind<'_> {
            Behind(self.partition())
        }
    }
}
