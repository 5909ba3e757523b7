//! An attachment to a region.

use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};
use shma_core::untyped::{self, Declaration, State, Type, Untyped};
use shma_core::{Error, Options, inspect};

use crate::array::require_numpy_2;
use crate::errors::raise;
use crate::seconds::{SLICE, seconds};
use crate::types::{Declared, Name, declaration, describe};

/// An attachment, which the handle and its fields share.
pub(crate) struct Shared {
    pub(crate) name: String,
    /// The directory, absolute; `None` is `/dev/shm`.
    dir: Option<PathBuf>,
    instance: u128,
    writable: bool,
    /// The attachment; `None` once it is closed. Locked only with the interpreter's lock held and for a
    /// few instructions, so no fork happens meanwhile.
    state: Mutex<Option<State>>,
    /// Calls that use it.
    uses: AtomicUsize,
    /// Why a fork child could not attach for itself: `None` if the region has lost its name.
    lost: OnceLock<Option<Error>>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A call that uses an attachment.
#[derive(Debug)]
pub(crate) struct Using(Arc<Shared>);

impl Drop for Using {
    fn drop(&mut self) {
        // Relaxed: only `close` reads it, and it asks again.
        self.0.uses.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A field, for one call.
#[derive(Debug)]
pub(crate) struct Used {
    /// Dropped before `_using`, so that a closing process waits for it.
    pub(crate) field: untyped::Field,
    _using: Using,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Option<State>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn closed(&self) -> PyErr {
        PyValueError::new_err(format!(
            "this handle to region `{}` is closed: open the region again",
            self.name
        ))
    }

    /// # Errors
    ///
    /// `ValueError` if the attachment is closed.
    pub(crate) fn check_open(&self) -> PyResult<()> {
        if self.lock().is_some() { Ok(()) } else { Err(self.closed()) }
    }

    pub(crate) fn using(self: &Arc<Self>) -> Using {
        // Relaxed: see `Using`.
        self.uses.fetch_add(1, Ordering::Relaxed);
        Using(Arc::clone(self))
    }

    /// The attachment, for one call.
    pub(crate) fn state(self: &Arc<Self>) -> PyResult<(State, Using)> {
        let state = self.lock().as_ref().cloned().ok_or_else(|| self.closed())?;
        Ok((state, self.using()))
    }

    /// A field, for one call.
    pub(crate) fn field(self: &Arc<Self>, index: usize) -> PyResult<Used> {
        let state = self.lock();
        let field = state.as_ref().ok_or_else(|| self.closed())?.fields().get(index).cloned();
        drop(state);
        let field = field.ok_or_else(|| PyValueError::new_err("there is no such field"))?;
        Ok(Used { field, _using: self.using() })
    }

    /// The exception that the error of a call is. In a fork child that could not attach it says why: if the
    /// region has no name any more, the inherited handle is that of a retired region.
    pub(crate) fn raise(&self, py: Python<'_>, error: &Error) -> PyErr {
        match (error, self.lost.get()) {
            (Error::Forked { place, .. }, Some(None)) => {
                retired(py, &self.name, place.field.as_deref())
            }
            (Error::Forked { .. }, Some(Some(reason))) => raise(py, reason),
            (error, _) => raise(py, error),
        }
    }

    fn options(&self) -> Options<Untyped> {
        at(self.dir.as_ref())
    }

    /// Attaches to the same instance again.
    fn reopen(&self) -> Result<Option<State>, Error> {
        let opened = match self.writable {
            true => self.options().open(&self.name, None),
            false => self.options().open_read_only(&self.name, None),
        };
        match opened {
            Ok(state) if state.instance() == self.instance => Ok(Some(state)),
            Ok(_) | Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// `Retired`, of a region that this process is not attached to.
fn retired(py: Python<'_>, region: &str, field: Option<&str>) -> PyErr {
    let message = format!(
        "region `{region}` is retired: its name was removed or given to a new region before this process \
         could attach; open it again"
    );
    let none: Option<i32> = None;
    let made = py.import("shma._errors").and_then(|errors| {
        errors.call_method1("make", ("Retired", message, region, field, none, none, none))
    });
    made.map_or_else(|error| error, PyErr::from_value)
}

/// An attachment to a region.
#[pyclass(frozen, weakref, module = "shma._shma")]
#[derive(Debug)]
pub struct Core {
    pub(crate) shared: Arc<Shared>,
}

impl Core {
    fn new(state: State, dir: Option<PathBuf>) -> Self {
        let shared = Shared {
            name: state.name().to_owned(),
            dir,
            instance: state.instance(),
            writable: state.is_writable(),
            state: Mutex::new(Some(state)),
            uses: AtomicUsize::new(0),
            lost: OnceLock::new(),
        };
        Self { shared: Arc::new(shared) }
    }
}

#[pymethods]
impl Core {
    #[getter]
    fn name(&self) -> &str {
        &self.shared.name
    }

    #[getter]
    fn dir(&self) -> Option<&PathBuf> {
        self.shared.dir.as_ref()
    }

    #[getter]
    fn instance(&self) -> u128 {
        self.shared.instance
    }

    #[getter]
    fn read_only(&self) -> bool {
        !self.shared.writable
    }

    #[getter]
    fn closed(&self) -> bool {
        self.shared.lock().is_none()
    }

    fn check_open(&self) -> PyResult<()> {
        self.shared.check_open()
    }

    fn is_current(&self, py: Python<'_>) -> PyResult<bool> {
        let (state, _using) = self.shared.state()?;
        Ok(py.detach(|| state.is_current()))
    }

    fn fingerprint(&self) -> PyResult<u128> {
        Ok(self.shared.state()?.0.manifest().fingerprint())
    }

    fn text(&self) -> PyResult<String> {
        Ok(self.shared.state()?.0.text())
    }

    /// The declared name.
    fn state_name(&self) -> PyResult<String> {
        Ok(self.shared.state()?.0.manifest().name.to_owned())
    }

    /// The fields: name, type, slots, timed, atomic.
    fn fields<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let (state, _using) = self.shared.state()?;
        let fields: PyResult<Vec<Bound<'py, PyTuple>>> = state
            .manifest()
            .fields
            .iter()
            .map(|field| {
                let ty = Type::of(field.ty).map_err(|error| raise(py, &error))?;
                let ty = describe(py, &ty)?;
                (field.name, ty, field.slots, field.timed, field.atomic).into_pyobject(py)
            })
            .collect();
        PyList::new(py, fields?)
    }

    /// Saves one instant of all fields.
    fn checkpoint(&self, py: Python<'_>, path: PathBuf) -> PyResult<()> {
        let (state, _using) = self.shared.state()?;
        let saved = py.detach(|| state.checkpoint(path));
        saved.map_err(|error| self.shared.raise(py, &error))
    }

    /// Ends the attachment. Calls of other threads that use it end within a slice; they are waited for
    /// if `drain` is the time that this may take.
    #[pyo3(signature = (drain=0.0))]
    fn close(&self, py: Python<'_>, drain: f64) {
        let state = self.shared.lock().take();
        let shared = &self.shared;
        py.detach(|| {
            drop(state);
            let drain = Duration::try_from_secs_f64(drain).unwrap_or_default();
            let end = Instant::now() + drain.min(Duration::from_secs(60));
            // Relaxed: see `Using`.
            while shared.uses.load(Ordering::Relaxed) > 0 && Instant::now() < end {
                std::thread::sleep(Duration::from_millis(1));
            }
        });
    }

    /// Makes an attachment of its own in a fork child.
    fn attach_in_child(&self, py: Python<'_>) {
        if self.shared.lock().is_none() {
            return;
        }
        match py.detach(|| self.shared.reopen()) {
            // What was inherited is the parent's attachment, and dropping it leaves that alone.
            Ok(Some(own)) => drop(self.shared.lock().replace(own)),
            // A child of this child has the first reason as well.
            Ok(None) => drop(self.shared.lost.set(None)),
            Err(error) => drop(self.shared.lost.set(Some(error))),
        }
    }
}

fn at(dir: Option<&PathBuf>) -> Options<Untyped> {
    match dir {
        Some(dir) => untyped::options().dir(dir),
        None => untyped::options(),
    }
}

/// The directory, for as long as the process may change its own. One that cannot be had is left for the
/// library to refuse.
fn absolute(dir: Option<PathBuf>) -> Option<PathBuf> {
    dir.map(|dir| std::path::absolute(&dir).unwrap_or(dir))
}

/// What is said at creation.
type Creation = (u32, bool, bool, bool);

fn creating(dir: Option<&PathBuf>, creation: Creation) -> Options<Untyped> {
    let (mode, persistent, prefault, huge_pages) = creation;
    at(dir).mode(mode).persistent(persistent).prefault(prefault).huge_pages(huge_pages)
}

/// Creates a region, or opens it if `or_opens` says so and there is one.
#[pyfunction]
pub fn create(
    py: Python<'_>,
    name: Name,
    declared: (String, Vec<Declared<'_>>),
    creation: Creation,
    dir: Option<PathBuf>,
    or_opens: bool,
) -> PyResult<Core> {
    require_numpy_2(py)?;
    let declaration = declaration(py, &declared.0, declared.1)?;
    let dir = absolute(dir);
    let options = creating(dir.as_ref(), creation);
    let made = py.detach(|| match or_opens {
        true => options.open_or_create(&name.0, &declaration),
        false => options.create(&name.0, &declaration),
    });
    made.map(|state| Core::new(state, dir)).map_err(|error| raise(py, &error))
}

/// Opens a region, of whatever layout or of this one, once it is there.
#[pyfunction]
pub fn open(
    py: Python<'_>,
    name: Name,
    expected: Option<(String, Vec<Declared<'_>>)>,
    read_only: bool,
    wait: &Bound<'_, PyAny>,
    dir: Option<PathBuf>,
) -> PyResult<Core> {
    require_numpy_2(py)?;
    let expected = expected.map(|(state, fields)| declaration(py, &state, fields)).transpose()?;
    let dir = absolute(dir);
    let end = seconds(Some(wait))?.map(|wait| Instant::now().checked_add(wait));
    let end = end.flatten();
    loop {
        let left =
            end.map_or(SLICE, |end| end.saturating_duration_since(Instant::now()).min(SLICE));
        let opened = py.detach(|| open_within(&name.0, expected.as_ref(), read_only, left, &dir));
        match opened {
            Ok(state) => return Ok(Core::new(state, dir)),
            Err(error) => {
                if !may_appear(&error) || end.is_some_and(|end| Instant::now() >= end) {
                    return Err(raise(py, &error));
                }
                py.check_signals()?;
            }
        }
    }
}

/// Whether what is missing is the region, or the directory that it is going to be in.
fn may_appear(error: &Error) -> bool {
    match error {
        Error::NotFound { .. } => true,
        Error::Io { source, .. } => source.kind() == std::io::ErrorKind::NotFound,
        _ => false,
    }
}

fn open_within(
    name: &str,
    expected: Option<&Declaration>,
    read_only: bool,
    wait: Duration,
    dir: &Option<PathBuf>,
) -> Result<State, Error> {
    let options = at(dir.as_ref()).wait(wait);
    match read_only {
        true => options.open_read_only(name, expected),
        false => options.open(name, expected),
    }
}

/// Opens the same instance of a region as another process.
#[pyfunction]
pub fn reopen(
    py: Python<'_>,
    name: String,
    dir: Option<PathBuf>,
    instance: u128,
    read_only: bool,
) -> PyResult<Core> {
    require_numpy_2(py)?;
    let shared = Shared {
        name,
        dir,
        instance,
        writable: !read_only,
        state: Mutex::new(None),
        uses: AtomicUsize::new(0),
        lost: OnceLock::new(),
    };
    match py.detach(|| shared.reopen()) {
        Ok(Some(state)) => Ok(Core::new(state, shared.dir.clone())),
        Ok(None) => Err(retired(py, &shared.name, None)),
        Err(error) => Err(raise(py, &error)),
    }
}

/// Removes the name of a region.
#[pyfunction]
pub fn unlink(py: Python<'_>, name: Name, dir: Option<PathBuf>) -> PyResult<()> {
    let removed = py.detach(|| at(dir.as_ref()).unlink(&name.0));
    removed.map_err(|error| raise(py, &error))
}

/// The regions that there are.
#[pyfunction]
pub fn names(py: Python<'_>, dir: Option<PathBuf>) -> PyResult<Vec<String>> {
    let names = py.detach(|| match dir {
        Some(dir) => inspect::names_in(dir),
        None => inspect::names(),
    });
    names.map_err(|error| raise(py, &error))
}
