//! Times that a caller gives.

use std::time::Duration;

use pyo3::exceptions::{PyOverflowError, PyTypeError, PyValueError};
use pyo3::prelude::*;

/// So long a call sleeps before it looks for signals: Ctrl-C reaches it within this time.
pub(crate) const SLICE: Duration = Duration::from_millis(50);

/// Longer times are for ever.
const LONGEST: f64 = 1e9;

/// A time in seconds that a caller gives. `None` is for ever, and so are more than 30 years.
///
/// # Errors
///
/// `ValueError` if it is negative or no number, `TypeError` if it is something else.
pub(crate) fn seconds(timeout: Option<&Bound<'_, PyAny>>) -> PyResult<Option<Duration>> {
    let Some(timeout) = timeout.filter(|timeout| !timeout.is_none()) else { return Ok(None) };
    let seconds: f64 = match timeout.extract() {
        Ok(seconds) => seconds,
        Err(error) if error.is_instance_of::<PyOverflowError>(timeout.py()) => {
            match timeout.lt(0)? {
                true => f64::NEG_INFINITY,
                false => f64::INFINITY,
            }
        }
        Err(error) if error.is_instance_of::<PyTypeError>(timeout.py()) => {
            return Err(PyTypeError::new_err(format!(
                "a time is a number of seconds, or None to wait for ever, and this is {}",
                timeout.repr()?
            )));
        }
        Err(error) => return Err(error),
    };
    if seconds.is_nan() || seconds < 0.0 {
        return Err(PyValueError::new_err(format!(
            "a time in seconds is zero or more, and this is {seconds}: give None to wait for ever"
        )));
    }
    if seconds > LONGEST {
        return Ok(None);
    }
    // A time that rounds to none is still one: only zero means not to wait.
    let shortest = if seconds > 0.0 { Duration::from_nanos(1) } else { Duration::ZERO };
    Ok(Some(Duration::from_secs_f64(seconds).max(shortest)))
}
