//! One field: reading, waiting, replacing.
//!
//! `unsafe` here: memory of arrays.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use numpy::npyffi::npy_intp;
use numpy::{PyArrayDescr, PyArrayDescrMethods, PyUntypedArray};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use shma_core::untyped::{self, Fetch, Wait};
use shma_core::{Error, Version};

use crate::array::{
    Layout, Memory, SMALL, copying, is_masked, is_writeable, memory, new_array, scalar,
};
use crate::base::FieldBase;
use crate::core::{Core, Used};
use crate::errors::raise;
use crate::limit::{Limit, acquire};
use crate::seconds::SLICE;

/// How long a read tries with the interpreter's lock held.
const AT_ONCE: Duration = Duration::from_micros(20);

impl FieldBase {
    /// Reads into memory that the caller keeps, all from one publication.
    pub(crate) fn read_memory(
        &self,
        py: Python<'_>,
        used: &Used,
        first: usize,
        into: Memory,
        limit: Limit,
    ) -> PyResult<Version> {
        let field = &used.field;
        if into.len() <= SMALL {
            // A try that may be overtaken, and is repeated without the interpreter's lock then.
            match read(field, first, into, AT_ONCE) {
                Err(Error::Contended { .. }) => {}
                read => return read.map_err(|error| self.shared.raise(py, &error)),
            }
        }
        loop {
            let slice = limit.slice();
            match py.detach(|| read_patiently(field, first, into, slice, limit)) {
                Err(error @ Error::Contended { .. }) => {
                    py.check_signals()?;
                    self.shared.check_open()?;
                    if limit.is_over() {
                        return Err(raise(py, &error));
                    }
                }
                read => return read.map_err(|error| self.shared.raise(py, &error)),
            }
        }
    }

    /// The array to read into: the caller's, or a new one.
    fn target<'py>(
        &self,
        py: Python<'py>,
        out: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<(Bound<'py, PyUntypedArray>, Memory)> {
        let Some(out) = out.filter(|out| !out.is_none()) else {
            let array = self.layout.empty(py)?;
            let memory = memory(&array, self.layout.bytes);
            return Ok((array, memory));
        };
        let array = out.cast::<PyUntypedArray>().map_err(|_| {
            PyTypeError::new_err(format!("{}: `out` is a numpy array or None", self.place()))
        })?;
        if !is_writeable(array) {
            return Err(PyValueError::new_err(format!("{}: `out` is read-only", self.place())));
        }
        if is_masked(array)? {
            return Err(PyValueError::new_err(format!(
                "{}: `out` has masked elements, which would hide what is read: give its `.data`",
                self.place()
            )));
        }
        let memory = self.layout.exact(out).ok_or_else(|| {
            PyValueError::new_err(format!(
                "{}: `out` has to be an array of its dtype and shape, in C order",
                self.place()
            ))
        })?;
        Ok((array.clone(), memory))
    }

    /// What a read returns: the caller's array itself, or a scalar for a number.
    fn value<'py>(
        &self,
        array: Bound<'py, PyUntypedArray>,
        out: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        match out.is_none_or(|out| out.is_none()) && self.layout.is_number() {
            true => scalar(array),
            false => Ok(array.into_any()),
        }
    }

    fn read_value<'py>(
        &self,
        py: Python<'py>,
        out: Option<&Bound<'py, PyAny>>,
        limit: Limit,
    ) -> PyResult<(Bound<'py, PyAny>, u64)> {
        let used = self.used()?;
        let (array, memory) = self.target(py, out)?;
        let version = self.read_memory(py, &used, 0, memory, limit)?;
        Ok((self.value(array, out)?, version.into()))
    }

    /// Publishes memory that the caller keeps, in place of the bytes from `first` on.
    fn write_memory(
        &self,
        py: Python<'_>,
        first: usize,
        from: Memory,
        limit: Limit,
    ) -> PyResult<u64> {
        let used = self.used()?;
        let field = &used.field;
        if self.atomic {
            let stored = copying(py, from.len(), || {
                // SAFETY: the caller keeps the array.
                unsafe { field.write_part_raw(first, from.at(), from.len(), Wait::Forever) }
            });
            return stored.map(u64::from).map_err(|error| self.shared.raise(py, &error));
        }
        let held = acquire(py, &self.shared, limit, false, |wait| field.hold(wait))?;
        let published = copying(py, from.len(), || {
            // SAFETY: the caller keeps the array.
            unsafe { held.publish_part_raw(first, from.at(), from.len()) }
        });
        published.map(u64::from).map_err(|error| self.shared.raise(py, &error))
    }
}

impl FieldBase {
    /// The bytes of a value, cast to this layout.
    fn bytes(&self, layout: &Layout, value: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
        let (_array, from) = layout.fit(value, &self.place())?;
        // SAFETY: the array is kept.
        unsafe { from.to_vec() }
    }
}

/// One try for this time.
fn read(
    field: &untyped::Field,
    first: usize,
    into: Memory,
    time: Duration,
) -> Result<Version, Error> {
    // SAFETY: the callers keep the array.
    unsafe { field.read_part_raw(first, into.at(), into.len(), Some(time)) }
}

/// Tries for this time. If the caller has set no limit, writers that publish without pause are then held
/// up for the time of one copy.
fn read_patiently(
    field: &untyped::Field,
    first: usize,
    into: Memory,
    slice: Duration,
    limit: Limit,
) -> Result<Version, Error> {
    match read(field, first, into, slice) {
        Err(error @ Error::Contended { .. }) if matches!(limit, Limit::Forever) => {
            let Ok(held) = field.hold(Wait::AtMost(SLICE)) else { return Err(error) };
            // SAFETY: the callers keep the array.
            unsafe { held.load_part_raw(first, into.at(), into.len()) }
        }
        read => read,
    }
}

#[pymethods]
impl FieldBase {
    #[new]
    fn new(
        core: &Bound<'_, Core>,
        index: usize,
        name: String,
        dtype: Bound<'_, PyArrayDescr>,
        shape: Vec<npy_intp>,
    ) -> PyResult<Self> {
        let shared = Arc::clone(&core.get().shared);
        let used = shared.field(index)?;
        let (bytes, atomic) = (used.field.size(), used.field.is_atomic());
        let wrong =
            || PyTypeError::new_err(format!("field `{name}` is not of this dtype and shape"));
        let count = shape.iter().try_fold(1_usize, |count, len| {
            usize::try_from(*len).ok().and_then(|len| count.checked_mul(len))
        });
        let found =
            count.and_then(|count| count.checked_mul(dtype.itemsize())).ok_or_else(wrong)?;
        if found != bytes || used.field.name() != name || dtype.has_object() {
            return Err(wrong());
        }
        drop(used);
        let layout = Layout { descr: dtype.unbind(), shape, bytes };
        let (core, spare) = (core.clone().unbind(), Mutex::new(None));
        Ok(Self { core, shared, index, name, layout, atomic, spare })
    }

    /// The name of the field.
    #[getter]
    fn name(&self) -> &str {
        &self.name
    }

    /// The name of the region.
    #[getter]
    fn _region(&self) -> &str {
        &self.shared.name
    }

    /// What another process opens the field by.
    #[getter]
    fn _core(&self, py: Python<'_>) -> Py<Core> {
        self.core.clone_ref(py)
    }

    #[getter]
    fn _place(&self) -> String {
        self.place()
    }

    /// Whether every number is its own atomic.
    #[getter]
    fn _atomic(&self) -> bool {
        self.atomic
    }

    /// The dtype of its numbers or structs.
    #[getter]
    fn dtype(&self, py: Python<'_>) -> Py<PyArrayDescr> {
        self.layout.descr.clone_ref(py)
    }

    /// The shape of a value; empty for a number.
    #[getter]
    fn shape<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, &self.layout.shape)
    }

    /// Bytes of one value.
    #[getter]
    fn nbytes(&self) -> usize {
        self.layout.bytes
    }

    /// Dimensions of a value; 0 for a number.
    #[getter]
    fn ndim(&self) -> usize {
        self.layout.shape.len()
    }

    /// Numbers, or structs, of one value.
    #[getter]
    fn size(&self) -> usize {
        self.layout.shape.iter().map(|len| len.unsigned_abs()).product()
    }

    /// Publications so far. Creation is the first; of an atomic field each call that writes counts.
    ///
    /// Raises ValueError after `close`.
    #[getter]
    fn version(&self) -> PyResult<u64> {
        Ok(self.used()?.field.version().into())
    }

    /// Seconds since the latest publication, by a clock of a few milliseconds, or an exact one if the
    /// field is `timed`. None for an atomic field.
    ///
    /// Raises ValueError after `close`.
    #[getter]
    fn age(&self) -> PyResult<Option<f64>> {
        Ok(self.used()?.field.age().map(|age| age.as_secs_f64()))
    }

    /// The process that holds the semaphore, as it was numbered in its own PID namespace; None if none
    /// does, or it has not said.
    #[getter]
    fn holder_pid(&self) -> PyResult<Option<u32>> {
        let holder = self.used()?.field.holder();
        Ok(holder.map(|holder| holder.pid).filter(|pid| *pid != 0))
    }

    /// Returns a private copy of the value: exactly what one publication held. A number is a numpy
    /// scalar.
    ///
    /// `out` is an array of the field's dtype and shape, in C order, which is filled and returned.
    /// `timeout` is in seconds; without one the call goes on until it has a value, and Ctrl-C ends it.
    ///
    /// Raises Contended if publications overtook every try within the time, ValueError for another
    /// `out`, a negative time, and after `close`.
    #[pyo3(signature = (*, out=None, timeout=None))]
    fn read<'py>(
        &self,
        py: Python<'py>,
        out: Option<&Bound<'py, PyAny>>,
        timeout: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        Ok(self.read_value(py, out, Limit::of(timeout)?)?.0)
    }

    /// As `read`, and the number of the publication that the value is of.
    #[pyo3(signature = (*, out=None))]
    fn read_with_version<'py>(
        &self,
        py: Python<'py>,
        out: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<(Bound<'py, PyAny>, u64)> {
        self.read_value(py, out, Limit::Forever)
    }

    /// As `read_with_version`, if there is a publication other than `since`; otherwise None, and `out`
    /// stays as it is.
    #[pyo3(signature = (since, *, out=None))]
    fn read_newer<'py>(
        &self,
        py: Python<'py>,
        since: u64,
        out: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Option<(Bound<'py, PyAny>, u64)>> {
        let used = self.used()?;
        let (array, memory) = match u64::from(used.field.version()) == since {
            true => return Ok(None),
            false => self.target(py, out)?,
        };
        let version = self.read_memory(py, &used, 0, memory, Limit::Forever)?;
        Ok(Some((self.value(array, out)?, version.into())))
    }

    /// An array of these rows.
    fn _read_rows<'py>(
        &self,
        py: Python<'py>,
        first: usize,
        rows: usize,
    ) -> PyResult<Bound<'py, PyUntypedArray>> {
        let used = self.used()?;
        let (first, len, shape) = self.rows(first, rows)?;
        let array = new_array(py, &self.layout.descr, &shape)?;
        let memory = memory(&array, len);
        self.read_memory(py, &used, first, memory, Limit::Forever)?;
        Ok(array)
    }

    /// Replaces the value by one of exactly the field's shape, and returns the publication's number.
    ///
    /// The value is cast within its kind: a float to a float, an integer to any number that it fits.
    /// `timeout` is in seconds. `timeout=0` does not wait for a holder that lives. An atomic field has
    /// no semaphore, and each number is replaced by itself.
    ///
    /// Raises ValueError for another shape and after `close`, TypeError for another kind and for masked
    /// elements, OverflowError for integers that do not fit, WouldBlock, Timeout, Reentrant, ReadOnly.
    #[pyo3(signature = (value, *, timeout=None))]
    fn write(
        &self,
        py: Python<'_>,
        value: &Bound<'_, PyAny>,
        timeout: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<u64> {
        let limit = Limit::of(timeout)?;
        self.shared.check_open()?;
        let (_array, memory) = self.layout.fit(value, &self.place())?;
        self.write_memory(py, 0, memory, limit)
    }

    /// Replaces these rows by an array of exactly their shape.
    fn _write_rows(
        &self,
        py: Python<'_>,
        first: usize,
        value: &Bound<'_, PyUntypedArray>,
    ) -> PyResult<u64> {
        use numpy::PyUntypedArrayMethods;
        let rows = value.shape().first().copied().unwrap_or(0);
        let (first, len, shape) = self.rows(first, rows)?;
        let memory = crate::array::exact(value.as_any(), &self.layout.descr, &shape, len);
        let memory = memory.ok_or_else(|| {
            PyTypeError::new_err(format!("{}: these are not its rows", self.place()))
        })?;
        self.write_memory(py, first, memory, Limit::Forever)
    }

    /// Sleeps, without the interpreter's lock, until there is a publication other than `since` (by
    /// default the one that there is), and returns its number, or that of a later one.
    ///
    /// `timeout` is in seconds. Ctrl-C ends the wait.
    ///
    /// Raises Timeout, Retired if the region has lost its name and nothing newer is there, ValueError
    /// after `close`.
    #[pyo3(signature = (since=None, timeout=None))]
    fn wait_newer(
        &self,
        py: Python<'_>,
        since: Option<u64>,
        timeout: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<u64> {
        let limit = Limit::of(timeout)?;
        let used = self.used()?;
        let field = &used.field;
        let since = since.map_or_else(|| field.version(), Version::from);
        loop {
            let slice = limit.slice();
            match py.detach(|| field.wait_newer(since, slice)) {
                Err(error @ Error::Timeout { .. }) => {
                    py.check_signals()?;
                    self.shared.check_open()?;
                    if limit.is_over() {
                        return Err(raise(py, &limit.reached(error)));
                    }
                }
                waited => {
                    return waited.map(u64::from).map_err(|error| self.shared.raise(py, &error));
                }
            }
        }
    }

    /// Changes a number of an atomic field, counted in C order, in one step; returns what was before.
    fn _fetch<'py>(
        &self,
        py: Python<'py>,
        what: &str,
        index: usize,
        value: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let what = match what {
            "add" => Fetch::Add,
            "max" => Fetch::Max,
            "min" => Fetch::Min,
            _ => return Err(PyValueError::new_err("add, max or min")),
        };
        let used = self.used()?;
        let one = self.layout.one(py);
        let number = self.bytes(&one, value)?;
        let mut before = one.fresh(py)?;
        let fetched = used.field.fetch(what, index, &number, before.bytes());
        fetched.map_err(|error| self.shared.raise(py, &error))?;
        before.into_value(&one)
    }

    /// Adds to each number of an atomic field the one at its place.
    fn _add(&self, py: Python<'_>, values: &Bound<'_, PyAny>) -> PyResult<()> {
        let used = self.used()?;
        let numbers = self.bytes(&self.layout, values)?;
        let added = copying(py, numbers.len(), || used.field.add_numbers(&numbers));
        added.map_err(|error| self.shared.raise(py, &error))
    }

    /// Stores a number of an atomic field, counted in C order.
    fn _store(&self, py: Python<'_>, index: usize, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let used = self.used()?;
        let number = self.bytes(&self.layout.one(py), value)?;
        let stored = used.field.store_number(index, &number);
        stored.map_err(|error| self.shared.raise(py, &error))
    }

    /// Exclusive read-modify-write: `f(new, old)` gets a writable private copy of the value, and the
    /// value as it is, read-only (a numpy scalar, if the field is a number).
    ///
    /// If `f` returns None or `new`, `new` is published. If it returns a value of exactly the field's
    /// shape, that is. Anything else is a TypeError, and nothing is published; nor is it if `f` raises.
    /// Returns the publication's number. `timeout` is in seconds.
    ///
    /// The two arrays are used again by the next update, unless `f` has kept them.
    ///
    /// Raises WouldBlock, Timeout, Reentrant, ReadOnly, Forked if `f` has forked and this is the child.
    #[pyo3(signature = (f, *, timeout=None))]
    fn update(
        &self,
        py: Python<'_>,
        f: &Bound<'_, PyAny>,
        timeout: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<u64> {
        crate::update::update(self, py, f, Limit::of(timeout)?)
    }

    /// Publishes `f(new, old)`, and returns it as an array. `new` is handed to `f` as it is.
    #[pyo3(signature = (new, f, *, timeout=None))]
    fn update_with<'py>(
        &self,
        py: Python<'py>,
        new: &Bound<'py, PyAny>,
        f: &Bound<'py, PyAny>,
        timeout: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        crate::update::update_with(self, py, new, f, Limit::of(timeout)?)
    }

    /// Publishes `old + alpha * new`, number by number, and returns the publication's number. Block by
    /// block, without the interpreter's lock, and nothing of the field's size is allocated.
    ///
    /// `new` is of exactly the field's shape. `timeout` is in seconds.
    ///
    /// Raises TypeError if the field is of integers or structs, ValueError for another shape, WouldBlock,
    /// Timeout, Reentrant, ReadOnly.
    #[pyo3(signature = (new, alpha=1.0, *, timeout=None))]
    fn add_scaled(
        &self,
        py: Python<'_>,
        new: &Bound<'_, PyAny>,
        alpha: f64,
        timeout: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<u64> {
        crate::blend::blend(self, py, "add_scaled", new, (1.0, alpha), Limit::of(timeout)?)
    }

    /// Publishes `(1 - weight) * old + weight * new`, as `add_scaled` does.
    #[pyo3(signature = (new, weight, *, timeout=None))]
    fn lerp(
        &self,
        py: Python<'_>,
        new: &Bound<'_, PyAny>,
        weight: f64,
        timeout: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<u64> {
        crate::blend::blend(self, py, "lerp", new, (1.0 - weight, weight), Limit::of(timeout)?)
    }
}
