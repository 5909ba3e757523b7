//! Arrays of numpy, as memory.
//!
//! `unsafe` here: numpy's C interface.

use std::ptr;

use numpy::npyffi::{self, NpyTypes, PY_ARRAY_API, PyArrayObject, flags, npy_intp};
use numpy::{PyArrayDescr, PyArrayDescrMethods, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::exceptions::{PyMemoryError, PyTypeError};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use std::ffi::c_int;

/// Up to so many bytes a copy takes less than what releasing the interpreter's lock is worth.
pub(crate) const SMALL: usize = 32 << 10;

/// `fit` and `fit_returned` of the module `_values`.
static FIT: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
static FIT_RETURNED: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// `is_masked` of the module `_values`.
static IS_MASKED: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// The memory of an array, to take to where the interpreter's lock is not held. Its owner keeps the
/// array for as long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory {
    at: *mut u8,
    len: usize,
}

impl Memory {
    /// By a method, so that a closure captures all of it, which other threads may have.
    pub(crate) fn at(self) -> *mut u8 {
        self.at
    }

    pub(crate) fn len(self) -> usize {
        self.len
    }

    /// A copy of the bytes, which other threads may be changing.
    ///
    /// # Safety
    ///
    /// The caller keeps the array, which has as many bytes.
    pub(crate) unsafe fn to_vec(self) -> PyResult<Vec<u8>> {
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(self.len).map_err(|_| {
            PyMemoryError::new_err(format!("there is no memory for a copy of {} bytes", self.len))
        })?;
        // SAFETY: there is room for as many bytes, and the caller keeps what they are copied from.
        unsafe { self.at.copy_to_nonoverlapping(bytes.as_mut_ptr(), self.len) };
        // SAFETY: they were written above.
        unsafe { bytes.set_len(self.len) };
        Ok(bytes)
    }
}

// SAFETY: an address. It is followed by raw accesses only, which tolerate other threads'.
unsafe impl Send for Memory {}
// SAFETY: as above.
unsafe impl Sync for Memory {}

/// A new array of zeros that no caller of the package has yet.
#[derive(Debug)]
pub(crate) struct Fresh<'py> {
    array: Bound<'py, PyUntypedArray>,
    len: usize,
}

impl<'py> Fresh<'py> {
    /// Its memory.
    pub(crate) fn bytes(&mut self) -> &mut [u8] {
        let at = memory(&self.array, self.len).at();
        // SAFETY: so many bytes, all of which were zeroed; no other reference to the array exists.
        unsafe { std::slice::from_raw_parts_mut(at, self.len) }
    }

    pub(crate) fn into_array(self) -> Bound<'py, PyUntypedArray> {
        self.array
    }

    /// The array, or a scalar for a number.
    pub(crate) fn into_value(self, layout: &Layout) -> PyResult<Bound<'py, PyAny>> {
        if layout.is_number() { scalar(self.array) } else { Ok(self.array.into_any()) }
    }
}

/// What arrays of a field are.
#[derive(Debug)]
pub(crate) struct Layout {
    pub(crate) descr: Py<PyArrayDescr>,
    pub(crate) shape: Vec<npy_intp>,
    pub(crate) bytes: usize,
}

impl Layout {
    pub(crate) fn is_number(&self) -> bool {
        self.shape.is_empty()
    }

    /// A new array, whose memory holds anything.
    pub(crate) fn empty<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyUntypedArray>> {
        new_array(py, &self.descr, &self.shape)
    }

    /// A new array of zeros.
    pub(crate) fn fresh<'py>(&self, py: Python<'py>) -> PyResult<Fresh<'py>> {
        let descr = self.descr.bind(py).clone().into_dtype_ptr();
        let dimensions = c_int::try_from(self.shape.len())?;
        let shape = self.shape.as_ptr().cast_mut();
        // SAFETY: as many lengths as dimensions, which are only read, and a reference to a type, which
        // is stolen.
        let array = unsafe { PY_ARRAY_API.PyArray_Zeros(py, dimensions, shape, descr, 0) };
        // SAFETY: a new reference, or null with an exception set.
        let array = unsafe { Bound::from_owned_ptr_or_err(py, array) }?;
        Ok(Fresh { array: array.cast_into::<PyUntypedArray>()?, len: self.bytes })
    }

    /// One number, or struct, of such an array.
    pub(crate) fn one(&self, py: Python<'_>) -> Self {
        let bytes = self.descr.bind(py).itemsize();
        Self { descr: self.descr.clone_ref(py), shape: Vec::new(), bytes }
    }

    /// The memory of this value, if it is an array of exactly this layout.
    pub(crate) fn exact(&self, value: &Bound<'_, PyAny>) -> Option<Memory> {
        exact(value, &self.descr, &self.shape, self.bytes)
    }

    /// An array of exactly this layout with the value, cast as `Field.write` documents, and its memory.
    pub(crate) fn fit<'py>(
        &self,
        value: &Bound<'py, PyAny>,
        place: &str,
    ) -> PyResult<(Bound<'py, PyAny>, Memory)> {
        self.fit_by(&FIT, "fit", value, place)
    }

    /// As [`fit`](Self::fit), for what a function of the caller's has returned: everything that does not
    /// fit is a `TypeError`.
    pub(crate) fn fit_returned<'py>(
        &self,
        value: &Bound<'py, PyAny>,
        place: &str,
    ) -> PyResult<(Bound<'py, PyAny>, Memory)> {
        self.fit_by(&FIT_RETURNED, "fit_returned", value, place)
    }

    fn fit_by<'py>(
        &self,
        function: &PyOnceLock<Py<PyAny>>,
        name: &str,
        value: &Bound<'py, PyAny>,
        place: &str,
    ) -> PyResult<(Bound<'py, PyAny>, Memory)> {
        // What a subclass means is not its memory alone: an array may be masked.
        if value.is_exact_instance_of::<PyUntypedArray>()
            && let Some(memory) = self.exact(value)
        {
            return Ok((value.clone(), memory));
        }
        let py = value.py();
        let shape = pyo3::types::PyTuple::new(py, &self.shape)?;
        let function = function.import(py, "shma._values", name)?;
        let fitted = function.call1((&self.descr, shape, value, place))?;
        let memory = self.exact(&fitted).ok_or_else(|| {
            PyTypeError::new_err(format!("{place}: the value cannot be laid out as the field is"))
        })?;
        Ok((fitted, memory))
    }
}

/// A new array, whose memory holds anything.
pub(crate) fn new_array<'py>(
    py: Python<'py>,
    descr: &Py<PyArrayDescr>,
    shape: &[npy_intp],
) -> PyResult<Bound<'py, PyUntypedArray>> {
    // SAFETY: the type object is numpy's, and lives as long as the interpreter.
    let class = unsafe { npyffi::get_type_object(py, NpyTypes::PyArray_Type) };
    let descr = descr.bind(py).clone().into_dtype_ptr();
    let dimensions = c_int::try_from(shape.len())?;
    // SAFETY: a class of arrays, a reference to a type, which is stolen, and as many lengths as
    // dimensions, which are only read; without strides and data numpy chooses them.
    let array = unsafe {
        PY_ARRAY_API.PyArray_NewFromDescr(
            py,
            class,
            descr,
            dimensions,
            shape.as_ptr().cast_mut(),
            ptr::null_mut(),
            ptr::null_mut(),
            0,
            ptr::null_mut(),
        )
    };
    // SAFETY: a new reference, or null with an exception set.
    let array = unsafe { Bound::from_owned_ptr_or_err(py, array) }?;
    Ok(array.cast_into::<PyUntypedArray>()?)
}

/// An array without dimensions as numpy returns it from calculations: as a scalar.
pub(crate) fn scalar<'py>(array: Bound<'py, PyUntypedArray>) -> PyResult<Bound<'py, PyAny>> {
    let py = array.py();
    let array = array.into_any().into_ptr().cast::<PyArrayObject>();
    // SAFETY: an array, whose reference is stolen.
    let scalar = unsafe { PY_ARRAY_API.PyArray_Return(py, array) };
    // SAFETY: a new reference, or null with an exception set.
    unsafe { Bound::from_owned_ptr_or_err(py, scalar) }
}

/// The memory of an array.
pub(crate) fn memory(array: &Bound<'_, PyUntypedArray>, len: usize) -> Memory {
    let object = array.as_array_ptr();
    // SAFETY: a live array.
    let at = unsafe { (*object).fields.data };
    Memory { at: at.cast(), len }
}

/// The memory of this value, if it is an array of exactly this type and shape, and in C order.
pub(crate) fn exact(
    value: &Bound<'_, PyAny>,
    descr: &Py<PyArrayDescr>,
    shape: &[npy_intp],
    bytes: usize,
) -> Option<Memory> {
    let array = value.cast::<PyUntypedArray>().ok()?;
    let lengths = array.shape();
    let fits = array.is_c_contiguous()
        && lengths.len() == shape.len()
        && lengths.iter().zip(shape).all(|(found, expected)| found.cast_signed() == *expected);
    if !fits {
        return None;
    }
    let (found, expected) = (array.dtype(), descr.bind(value.py()));
    (found.is(expected) || found.is_equiv_to(expected)).then(|| memory(array, bytes))
}

/// Whether the array hides elements behind a mask, which its memory does not have.
pub(crate) fn is_masked(array: &Bound<'_, PyUntypedArray>) -> PyResult<bool> {
    if array.is_exact_instance_of::<PyUntypedArray>() {
        return Ok(false);
    }
    let is_masked = IS_MASKED.import(array.py(), "shma._values", "is_masked")?;
    is_masked.call1((array,))?.extract()
}

pub(crate) fn is_writeable(array: &Bound<'_, PyUntypedArray>) -> bool {
    let object = array.as_array_ptr();
    // SAFETY: a live array.
    let found = unsafe { (*object).fields.flags };
    found & flags::NPY_ARRAY_WRITEABLE != 0
}

/// Lets Python write to an array of ours or not.
pub(crate) fn set_writeable(array: &Bound<'_, PyUntypedArray>, writeable: bool) {
    let object = array.as_array_ptr();
    // SAFETY: a live array, whose flags are changed with the interpreter's lock held only.
    let found = unsafe { &mut (*object).fields.flags };
    match writeable {
        true => *found |= flags::NPY_ARRAY_WRITEABLE,
        false => *found &= !flags::NPY_ARRAY_WRITEABLE,
    }
}

/// Whether the caller has the only reference to an array of ours, and no weak one leads to it.
pub(crate) fn is_unshared(array: &Bound<'_, PyUntypedArray>) -> bool {
    let object = array.as_array_ptr();
    // SAFETY: a live array.
    let weak = unsafe { (*object).fields.weakreflist };
    // SAFETY: a live array.
    let base = unsafe { (*object).fields.base };
    // SAFETY: a live object.
    let references = unsafe { pyo3::ffi::Py_REFCNT(array.as_ptr()) };
    references == 1 && weak.is_null() && base.is_null()
}

/// Runs a copy of so many bytes, without the interpreter's lock if that is worth it.
pub(crate) fn copying<T: Send>(py: Python<'_>, bytes: usize, copy: impl FnOnce() -> T + Send) -> T {
    if bytes <= SMALL { copy() } else { py.detach(copy) }
}

/// Checks once that numpy's interface is there, so that no later call fails on it.
pub(crate) fn require_numpy_2(py: Python<'_>) -> PyResult<()> {
    py.import("numpy")?;
    match npyffi::is_numpy_2(py) {
        true => Ok(()),
        false => Err(pyo3::exceptions::PyImportError::new_err("shma needs numpy 2 or newer")),
    }
}
