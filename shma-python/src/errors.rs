//! Errors of the library as exceptions.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use shma_core::Error;

/// `make` of the module `_errors`, which knows the classes.
static MAKE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// What an exception says beside its message.
#[derive(Default)]
struct Told {
    kind: &'static str,
    region: String,
    field: Option<String>,
    errno: Option<i32>,
    difference: Option<String>,
    holder_pid: Option<u32>,
}

/// The exception that an error of the library is in Python.
#[cold]
pub(crate) fn raise(py: Python<'_>, error: &Error) -> PyErr {
    let told = tell(error);
    let made = MAKE.import(py, "shma._errors", "make").and_then(|make| {
        let Told { kind, region, field, errno, difference, holder_pid } = told;
        make.call1((kind, error.to_string(), region, field, errno, difference, holder_pid))
    });
    match made {
        Ok(exception) => PyErr::from_value(exception),
        Err(error) => error,
    }
}

fn tell(error: &Error) -> Told {
    let of = |kind, name: &String| Told { kind, region: name.clone(), ..Told::default() };
    let at = |kind, place: &shma_core::Place| Told {
        kind,
        region: place.region.clone(),
        field: place.field.as_deref().map(str::to_owned),
        ..Told::default()
    };
    match error {
        Error::NotFound { name, .. } => of("NotFound", name),
        Error::AlreadyExists { name, .. } => of("AlreadyExists", name),
        Error::LayoutMismatch { name, difference, .. } => {
            Told { difference: Some(difference.clone()), ..of("LayoutMismatch", name) }
        }
        Error::ForeignOwner { name, .. } => of("ForeignOwner", name),
        Error::NotARegion { name, .. } => of("NotARegion", name),
        Error::Unclean { name, .. } => of("Unclean", name),
        Error::NoteMismatch { name, .. } => of("Error", name),
        Error::Retired { place, .. } => at("Retired", place),
        Error::NoSpace { name, .. } => of("NoSpace", name),
        Error::InvalidName { name, .. } => of("InvalidName", name),
        Error::Timeout { place, holder, .. } => {
            Told { holder_pid: holder.map(|holder| holder.pid), ..at("Timeout", place) }
        }
        Error::WouldBlock { place, holder, .. } => {
            Told { holder_pid: holder.map(|holder| holder.pid), ..at("WouldBlock", place) }
        }
        Error::Reentrant { place, .. } => at("Reentrant", place),
        Error::Contended { place, .. } => at("Contended", place),
        Error::Forked { place, .. } => at("Forked", place),
        Error::Declaration { field, .. } => Told {
            kind: "DeclarationError",
            field: field.as_deref().map(str::to_owned),
            ..Told::default()
        },
        Error::NoField { name, field, .. } => {
            Told { field: Some(field.clone()), ..of("Error", name) }
        }
        Error::ReadOnly { place, .. } => at("ReadOnly", place),
        Error::WrongSize { place, .. }
        | Error::OutOfRange { place, .. }
        | Error::WrongField { place, .. }
        | Error::WrongType { place, .. } => at("Misuse", place),
        Error::NotACheckpoint { .. } | Error::CheckpointMismatch { .. } => {
            Told { kind: "NotACheckpoint", ..Told::default() }
        }
        Error::File { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
            Told { kind: "NotFound", ..Told::default() }
        }
        Error::File { source, .. } => {
            Told { kind: "SystemCallFailed", errno: source.raw_os_error(), ..Told::default() }
        }
        Error::Io { name, source, .. } => {
            Told { errno: source.raw_os_error(), ..of("SystemCallFailed", name) }
        }
        _ => Told { kind: "Error", ..Told::default() },
    }
}
