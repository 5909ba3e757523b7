//! How long a call waits, and how it waits without the interpreter's lock.

use std::time::{Duration, Instant};

use pyo3::prelude::*;
use shma_core::Error;
use shma_core::untyped::Wait;

use crate::core::Shared;
use crate::errors::raise;
use crate::seconds::{SLICE, seconds};

/// When a call has to be over.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Limit {
    Now,
    Until { end: Instant, time: Duration },
    Forever,
}

impl Limit {
    /// A time in seconds; `None` and more than 30 years are for ever.
    pub(crate) fn of(timeout: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let Some(time) = seconds(timeout)? else { return Ok(Self::Forever) };
        if time.is_zero() {
            return Ok(Self::Now);
        }
        let end = Instant::now().checked_add(time);
        Ok(end.map_or(Self::Forever, |end| Self::Until { end, time }))
    }

    /// The time of the next sleep; zero if the limit is reached.
    pub(crate) fn slice(&self) -> Duration {
        match self {
            Self::Now => Duration::ZERO,
            Self::Until { end, .. } => end.saturating_duration_since(Instant::now()).min(SLICE),
            Self::Forever => SLICE,
        }
    }

    pub(crate) fn is_over(&self) -> bool {
        match self {
            Self::Now => true,
            Self::Until { end, .. } => Instant::now() >= *end,
            Self::Forever => false,
        }
    }

    /// The time that the caller gave.
    pub(crate) fn time(&self) -> Duration {
        match self {
            Self::Now => Duration::ZERO,
            Self::Until { time, .. } => *time,
            Self::Forever => Duration::MAX,
        }
    }

    /// The time-out, which says the whole time that was waited and not that of the last slice.
    pub(crate) fn reached(&self, mut error: Error) -> Error {
        if let Error::Timeout { waited, .. } = &mut error {
            *waited = self.time();
        }
        error
    }
}

/// Acquires a semaphore with `attempt`, for as long as the limit says. The interpreter's lock is held
/// only while `attempt` does not wait. If `works` is true, it is not even then, because what `attempt`
/// does beside acquiring takes its time.
pub(crate) fn acquire<T: Send>(
    py: Python<'_>,
    shared: &Shared,
    limit: Limit,
    works: bool,
    mut attempt: impl FnMut(Wait) -> Result<T, Error> + Send,
) -> PyResult<T> {
    let first = if works { py.detach(|| attempt(Wait::No)) } else { attempt(Wait::No) };
    match first {
        Err(Error::WouldBlock { .. }) if !matches!(limit, Limit::Now) => {}
        Err(error) => return Err(shared.raise(py, &error)),
        Ok(value) => return Ok(value),
    }
    loop {
        let slice = limit.slice();
        match py.detach(|| attempt(Wait::AtMost(slice))) {
            Err(error @ Error::Timeout { .. }) => {
                py.check_signals()?;
                shared.check_open()?;
                if limit.is_over() {
                    return Err(raise(py, &limit.reached(error)));
                }
            }
            Err(error) => return Err(shared.raise(py, &error)),
            Ok(value) => return Ok(value),
        }
    }
}
