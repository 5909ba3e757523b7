//! A wait of asyncio.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use pyo3::prelude::*;
use shma_core::{Error, Version};

use crate::base::FieldBase;
use crate::core::Shared;

type Newer = Pin<Box<dyn Future<Output = Result<Version, Error>> + Send>>;

/// A wait for the next publication of a field. The one waiting thread of the process wakes the loop.
#[pyclass(frozen, module = "shma._shma")]
pub struct Waiter {
    shared: Arc<Shared>,
    newer: Mutex<Option<Newer>>,
}

impl std::fmt::Debug for Waiter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Waiter").field("shared", &self.shared).finish_non_exhaustive()
    }
}

/// Has a loop call a function.
struct Call {
    call_soon_threadsafe: Py<PyAny>,
    function: Py<PyAny>,
}

impl Wake for Call {
    fn wake(self: Arc<Self>) {
        // At the end of the interpreter there is no loop to wake, and a loop that is closed says so.
        let _ = Python::try_attach(|py| {
            let _ = self.call_soon_threadsafe.call1(py, (&self.function,));
        });
    }
}

#[pymethods]
impl Waiter {
    #[new]
    fn new(field: &Bound<'_, FieldBase>, since: u64) -> PyResult<Self> {
        let field = field.get();
        let newer: Newer = Box::pin(field.used()?.field.newer(Version::from(since)));
        Ok(Self { shared: Arc::clone(&field.shared), newer: Mutex::new(Some(newer)) })
    }

    /// The number of the newest publication, if that is another one; otherwise None, and the function is
    /// called by the loop once there may be.
    fn poll(
        &self,
        py: Python<'_>,
        call_soon_threadsafe: Py<PyAny>,
        function: Py<PyAny>,
    ) -> PyResult<Option<u64>> {
        self.shared.check_open()?;
        let waker = Waker::from(Arc::new(Call { call_soon_threadsafe, function }));
        // The waiting thread may hold its list for a moment while it has not the interpreter's lock.
        let polled = py.detach(|| {
            let mut newer = self.newer.lock().unwrap_or_else(PoisonError::into_inner);
            newer.as_mut().map(|newer| newer.as_mut().poll(&mut Context::from_waker(&waker)))
        });
        match polled {
            None | Some(Poll::Pending) => Ok(None),
            Some(Poll::Ready(Ok(version))) => {
                self.cancel(py);
                Ok(Some(version.into()))
            }
            Some(Poll::Ready(Err(error))) => {
                self.cancel(py);
                Err(self.shared.raise(py, &error))
            }
        }
    }

    /// Ends the wait.
    fn cancel(&self, py: Python<'_>) {
        let newer = self.newer.lock().unwrap_or_else(PoisonError::into_inner).take();
        py.detach(|| drop(newer));
    }
}
