//! Futures that wait for a publication.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::{Atomic, Field, Version};
use crate::error::Error;
use crate::manifest::element::{AtomicElement, Element};
use crate::partition::Partition;
use crate::region::access::Access;
use crate::waiting;

impl<T: Element, A: Access> Field<T, A> {
    /// A future that gives the number of the newest publication as soon as that is other than `since`.
    ///
    /// It works on any executor: tokio, smol, a `block_on`. It can be spawned, because it borrows nothing,
    /// and it can be dropped at any time: then nothing is left of it. It waits from its first poll on, and
    /// what was published between `since` and then counts.
    ///
    /// ```
    /// # use shma_core::{Error, Shm, ShmState};
    /// #[derive(ShmState)]
    /// struct Policy {
    ///     weights: [f32; 256],
    /// }
    ///
    /// async fn follow(policy: &Shm<Policy>) -> Result<(), Error> {
    ///     let mut weights = [0.0; 256];
    ///     loop {
    ///         let seen = policy.weights.read_into(&mut weights);
    ///         // ... act by these weights ...
    /// #       if weights[0] == 1.0 { return Ok(()); }
    ///         policy.weights.newer(seen).await?;
    ///     }
    /// }
    /// # let name = format!("doc-newer-{}", std::process::id());
    /// # let policy = Policy::create(&name, &Policy::zeroed())?;
    /// # std::thread::scope(|scope| {
    /// #     scope.spawn(|| policy.weights.write(&[1.0; 256]));
    /// #     futures_lite::future::block_on(follow(&policy))
    /// # })?;
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # The thread
    ///
    /// One thread of the process, `shma-waits`, sleeps for all futures in one system call
    /// (`futex_waitv`). The first wait starts it, and it ends a second after the last one. It blocks all
    /// signals, it does not keep the process from ending, and a fork child that waits has one of its own.
    ///
    /// It sleeps on 127 fields at once. Further fields are looked at once a millisecond; so are the
    /// fields of read-only handles and fields that a fork child inherited. So are all fields where
    /// the kernel lacks the call (before Linux 5.16) or a sandbox refuses it. Any number of futures
    /// may wait for one field.
    ///
    /// Wakers run in that thread. One that blocks delays all other waits of the process, and one that
    /// panics harms no other.
    ///
    /// # Attachment
    ///
    /// The future keeps the region's memory, and counts as no attachment. So dropping the last handle
    /// removes an ephemeral region though a future waits, which then gives [`Error::Retired`].
    ///
    /// # Errors
    ///
    /// [`Error::Retired`] if the region has no name any more and there is nothing newer in it;
    /// [`Error::Io`] if the thread cannot be started.
    ///
    /// # Blocking
    ///
    /// Polling never waits for a publication. Time-outs are the executor's.
    pub fn newer(
        &self,
        since: Version,
    ) -> impl Future<Output = Result<Version, Error>> + Send + use<T, A> {
        of(self.partition(), since)
    }
}

impl<T: AtomicElement, A: Access> Atomic<T, A> {
    /// A future that gives the count of calls as soon as it is other than `since`; see [`Field::newer`].
    ///
    /// # Errors
    ///
    /// As [`Field::newer`].
    ///
    /// # Blocking
    ///
    /// As [`Field::newer`].
    pub fn newer(
        &self,
        since: Version,
    ) -> impl Future<Output = Result<Version, Error>> + Send + use<T, A> {
        of(self.partition(), since)
    }
}

/// A future that waits for a partition.
pub(crate) fn of(
    partition: &Partition,
    since: Version,
) -> impl Future<Output = Result<Version, Error>> + Send + use<> {
    Newer(waiting::Newer::new(partition.memory().clone(), since.into()))
}

/// The number as a version.
struct Newer(waiting::Newer);

impl Future for Newer {
    type Output = Result<Version, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(context).map(|newer| newer.map(Version::new))
    }
}
