//! Updates that publish only if their closure says so.

use std::time::{Duration, Instant};

use super::Field;
use crate::error::Error;
use crate::manifest::element::Element;
use crate::partition::AcquireError;
use crate::protocol::semaphore::Wait;
use crate::region::access::ReadWrite;

impl<T: Element> Field<T, ReadWrite> {
    /// As [`update`](Self::update), and publishes only if `f` returns `Some`.
    ///
    /// With `None` no publication takes place: the value and the version stand, no waiter is woken,
    /// and what `f` wrote to `new` is dropped. So a process that finds nothing to do disturbs no
    /// other process. An `update` that changes nothing publishes and wakes all the same.
    ///
    /// ```
    /// # use shma_core::ShmState;
    /// #[derive(ShmState)]
    /// struct Jobs {
    ///     /// Jobs from `taken` to `made` wait for a worker.
    ///     queue: [u64; 2],
    /// }
    /// # let name = format!("doc-update-if-{}", std::process::id());
    /// # let jobs = Jobs::create(&name, &Jobs { queue: [6, 7] })?;
    /// let take = || {
    ///     jobs.queue.update_if(|[taken, _], [_, made]| {
    ///         let job = *taken;
    ///         *taken += 1;
    ///         (job < *made).then_some(job)
    ///     })
    /// };
    /// assert_eq!((take(), take()), (Some(6), None));
    /// assert_eq!((jobs.queue.read(), jobs.queue.version().into()), ([7, 7], 2_u64));
    /// # Ok::<(), shma_core::Error>(())
    /// ```
    ///
    /// # Panics
    ///
    /// See [`Field`]. If `f` panics, nothing is published.
    ///
    /// # Blocking
    ///
    /// Waits for the holder of the semaphore.
    #[inline]
    #[track_caller]
    pub fn update_if<R>(&self, f: impl FnOnce(&mut T, &T) -> Option<R>) -> Option<R> {
        // No closure: it would be the place that the panic names.
        match self.update_within_if(Wait::Forever, f) {
            Ok(result) => result.ok(),
            Err(error) => self.refuse(error),
        }
    }

    /// As [`update_if`](Self::update_if), without waiting for a holder that lives. An `Err` and
    /// `Ok(None)` published nothing.
    ///
    /// # Errors
    ///
    /// [`Error::WouldBlock`] if another thread or process holds the semaphore,
    /// [`Error::Reentrant`], [`Error::Forked`].
    ///
    /// # Panics
    ///
    /// Only if `f` does; nothing is published then.
    ///
    /// # Blocking
    ///
    /// Never blocks; a dead holder is replaced at once.
    pub fn try_update_if<R>(
        &self,
        f: impl FnOnce(&mut T, &T) -> Option<R>,
    ) -> Result<Option<R>, Error> {
        let result = self.update_within_if(Wait::No, f);
        result.map(Result::ok).map_err(|error| self.partition.explain(error))
    }

    /// As [`update_if`](Self::update_if), waiting at most this long for the semaphore. An `Err` and
    /// `Ok(None)` published nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Timeout`], which names the holder, [`Error::Reentrant`], [`Error::Forked`].
    ///
    /// # Panics
    ///
    /// Only if `f` does; nothing is published then.
    ///
    /// # Blocking
    ///
    /// Waits for the holder of the semaphore, at most `timeout`.
    pub fn update_if_timeout<R>(
        &self,
        timeout: Duration,
        f: impl FnOnce(&mut T, &T) -> Option<R>,
    ) -> Result<Option<R>, Error> {
        let result = self.update_within_if(Wait::at_most(timeout), f);
        result.map(Result::ok).map_err(|error| self.partition.explain(error))
    }

    /// Waits for a value with which `f` returns `Some`, publishes what `f` makes of it, and returns
    /// the `R`.
    ///
    /// It calls `f` under the semaphore, as [`update_if`](Self::update_if) does. After a `None` it
    /// releases the semaphore, sleeps until the next publication, and tries again. So it does what
    /// a condition variable is for. No publication is missed between the look and the sleep, and a
    /// call that is woken in vain publishes nothing and wakes no other.
    ///
    /// `f` starts with a new copy each time. With a `timeout` of zero it runs once, if the semaphore is
    /// free.
    ///
    /// ```
    /// # use shma_core::ShmState;
    /// # use std::time::Duration;
    /// #[derive(ShmState)]
    /// struct Tickets {
    ///     free: u64,
    /// }
    /// # let name = format!("doc-update-when-{}", std::process::id());
    /// # let tickets = Tickets::create(&name, &Tickets::zeroed())?;
    /// # let tickets = &tickets;
    /// std::thread::scope(|scope| {
    ///     scope.spawn(|| tickets.free.update(|new, old| *new = old + 1));
    ///     tickets.free.update_when(Duration::from_secs(60), |new, old| {
    ///         *new = old.checked_sub(1)?;
    ///         Some(())
    ///     })
    /// })?;
    /// assert_eq!(tickets.free.read(), 0);
    /// # Ok::<(), shma_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// After each of them the call has published nothing.
    ///
    /// - [`Error::Timeout`]: `f` returned `None` until the end, or the semaphore was held until then;
    ///   only the second has a `holder`.
    /// - [`Error::Retired`]: the region has no name any more, and `f` returned `None` for the newest
    ///   publication.
    /// - [`Error::Reentrant`], [`Error::Forked`].
    ///
    /// # Panics
    ///
    /// Only if `f` does; nothing is published then.
    ///
    /// # Blocking
    ///
    /// At most `timeout` in all, and the run of `f` that it ends in: for holders of the semaphore and
    /// for publications. It holds the semaphore only while `f` runs. Inside of a closure of another
    /// field, that field's semaphore stays held meanwhile.
    pub fn update_when<R>(
        &self,
        timeout: Duration,
        mut f: impl FnMut(&mut T, &T) -> Option<R>,
    ) -> Result<R, Error> {
        let wait = Wait::at_most(timeout);
        loop {
            let seen = match self.update_within_if(wait, &mut f) {
                Ok(Ok(result)) => return Ok(result),
                Ok(Err(seen)) => seen,
                Err(error) => return Err(self.partition.explain(error)),
            };
            // Before the wait: publications that never pause must not keep it from its end.
            let left = match wait {
                Wait::Until(end, _) => end.saturating_duration_since(Instant::now()),
                Wait::No | Wait::Forever => Duration::MAX,
            };
            match self.partition.wait_newer(seen, left) {
                Ok(_) if !left.is_zero() => {}
                Ok(_) | Err(Error::Timeout { .. }) => return Err(self.never_accepted(timeout)),
                Err(error) => return Err(error),
            }
        }
    }

    fn never_accepted(&self, timeout: Duration) -> Error {
        Error::Timeout {
            place: self.place(),
            what: "waiting for a value that the closure accepts",
            waited: timeout,
            holder: None,
        }
    }

    /// Publishes if `f` returns `Some`; otherwise gives the version that `f` has seen.
    #[inline]
    fn update_within_if<R>(
        &self,
        wait: Wait,
        f: impl FnOnce(&mut T, &T) -> Option<R>,
    ) -> Result<Result<R, u64>, AcquireError> {
        let guard = self.partition.acquire(wait)?;
        self.spare.with_copies(guard.active(), |new, old| {
            let result = f(new, old);
            // The closure may have forked, and what it returned in a child counts there no more.
            guard.check_fork()?;
            let Some(result) = result else { return Ok(Err(guard.version())) };
            guard.publish_whole(bytemuck::bytes_of(new))?;
            Ok(Ok(result))
        })
    }
}
