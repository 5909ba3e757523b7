//! Types of fields, as the package describes them: `("f32", (128, 784))`, and for a struct
//! `(("Point", [("x", ("f32", ())), ..]), (3,))`.

use pyo3::IntoPyObjectExt;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyString, PyTuple};
use shma_core::Error;
use shma_core::untyped::{Attributes, Declaration, Number, Scalar, Type};

use crate::array::exact;
use crate::errors::raise;
use numpy::{PyArrayDescr, PyArrayDescrMethods, PyUntypedArray, PyUntypedArrayMethods};

/// Deeper nesting is refused here, before the library refuses what is left.
const DEEPEST: usize = 64;

/// The type that is described.
pub(crate) fn to_type(described: &Bound<'_, PyAny>) -> PyResult<Type> {
    build(described, 0)
}

fn build(described: &Bound<'_, PyAny>, depth: usize) -> PyResult<Type> {
    let py = described.py();
    let refuse = |error: Error| raise(py, &error);
    let (scalar, shape): (Bound<'_, PyAny>, Vec<usize>) = described.extract()?;
    let ty = if let Ok(name) = scalar.extract::<String>() {
        match Number::named(&name) {
            Some(number) => Type::number(number),
            None => name.parse().map_err(refuse)?,
        }
    } else if depth == DEEPEST {
        return Err(pyo3::exceptions::PyRecursionError::new_err(format!(
            "a struct has members within more than {DEEPEST} others"
        )));
    } else {
        let (name, members): (String, Vec<(String, Bound<'_, PyAny>)>) = scalar.extract()?;
        let members: PyResult<Vec<(String, Type)>> =
            members.into_iter().map(|(name, ty)| Ok((name, build(&ty, depth + 1)?))).collect();
        Type::structure(name, members?).map_err(refuse)?
    };
    shape.into_iter().rev().try_fold(ty, Type::array).map_err(refuse)
}

/// The description of a type.
pub(crate) fn describe<'py>(py: Python<'py>, ty: &Type) -> PyResult<Bound<'py, PyTuple>> {
    let scalar = match ty.scalar() {
        Scalar::Struct(it) => {
            let members: PyResult<Vec<_>> =
                it.members().map(|(name, ty)| Ok((name, describe(py, ty)?))).collect();
            (it.name(), PyList::new(py, members?)?).into_bound_py_any(py)?
        }
        number => number.name().into_bound_py_any(py)?,
    };
    (scalar, PyTuple::new(py, ty.shape())?).into_pyobject(py)
}

/// The name of a region or a field. Surrogates, which no Rust text has, are replaced by what no name has either, so
/// that the library refuses them.
#[derive(Debug)]
pub struct Name(pub(crate) String);

impl<'py> FromPyObject<'_, 'py> for Name {
    type Error = PyErr;

    fn extract(name: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let text = name.cast::<PyString>().map_err(|_| {
            pyo3::exceptions::PyTypeError::new_err(format!(
                "a name is a text, and this is {:?}",
                &*name
            ))
        })?;
        Ok(Self(text.to_string_lossy().into_owned()))
    }
}

/// A field as the package declares it: name, type, slots, timed, atomic, initial value or `None`.
pub(crate) type Declared<'py> =
    (Name, Bound<'py, PyAny>, usize, bool, bool, Option<Bound<'py, PyUntypedArray>>);

/// A state as the package declares it.
pub(crate) fn declaration(
    py: Python<'_>,
    state: &str,
    fields: Vec<Declared<'_>>,
) -> PyResult<Declaration> {
    let refuse = |error: Error| raise(py, &error);
    let mut declaration = Declaration::new(state).map_err(refuse)?;
    for (Name(name), ty, slots, timed, atomic, init) in fields {
        let ty = to_type(&ty)?;
        let size = ty.size();
        let mut attributes = Attributes::new().slots(slots);
        if timed {
            attributes = attributes.timed();
        }
        if atomic {
            attributes = attributes.atomic();
        }
        declaration.field(&*name, ty, attributes).map_err(refuse)?;
        if let Some(init) = init {
            declaration.init(&name, copy(&init, size)?).map_err(refuse)?;
        }
    }
    Ok(declaration)
}

/// The bytes of an initial value, which is in C order.
fn copy(init: &Bound<'_, PyUntypedArray>, size: usize) -> PyResult<Vec<u8>> {
    let descr: Py<PyArrayDescr> = init.dtype().unbind();
    let shape: Vec<_> = init.shape().iter().map(|len| len.cast_signed()).collect();
    let found = init.len().saturating_mul(init.dtype().itemsize());
    let memory = exact(init.as_any(), &descr, &shape, found).filter(|_| found == size);
    let memory = memory.ok_or_else(|| {
        pyo3::exceptions::PyValueError::new_err(format!(
            "an initial value of {found} bytes in place of {size}"
        ))
    })?;
    // SAFETY: the array is kept meanwhile.
    unsafe { memory.to_vec() }
}
