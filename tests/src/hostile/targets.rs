//! What is given a file that may hold anything.

use std::fs;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};
use shma_core::inspect::{View, Whose};
use shma_core::{Error, ShmState};

use super::shelf::{Shelf, look, use_alone};
use crate::region::{Bytes, InDirectory, Name, control, directory};

/// A call that meets a file under a region's name, and what follows if it takes it for a region.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    pub name: &'static str,
    meet: fn(&str) -> Result<(), Error>,
}

/// All of them.
pub const ALL: &[Target] = &[
    Target { name: "open", meet: open },
    Target { name: "open_read_only", meet: open_read_only },
    Target { name: "open_or_create", meet: open_or_create },
    Target { name: "create", meet: create },
    Target { name: "unlink", meet: unlink },
    Target { name: "inspect", meet: inspect },
];

impl Target {
    /// Lets it meet a file of these bytes under this name. Returns whether it took it for a region,
    /// and what that cost of the processor's time: how long it takes depends on who else wants to run.
    ///
    /// # Panics
    ///
    /// If the error says nothing of the name, or says it in a way that drives a terminal.
    pub fn meets(&self, name: &Name, bytes: &[u8]) -> (bool, Duration) {
        fs::write(name.path(), bytes).unwrap();
        let began = running();
        let met = (self.meet)(name);
        let took = running() - began;
        if let Err(error) = &met {
            let text = error.to_string();
            assert!(text.contains(&**name), "{text}");
            let drives = |found: char| found.is_control() && found != '\n';
            assert!(!text.contains(drives), "{text:?}");
        }
        // A region whose only user has left is gone already.
        let _ = fs::remove_file(name.path());
        (met.is_ok(), took)
    }
}

/// For how long this thread has run.
fn running() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn open(name: &str) -> Result<(), Error> {
    let shelf = Shelf::in_directory().open(name)?;
    let mut copy = Shelf::zeroed();
    look(&shelf, &mut copy);
    use_alone(&shelf, &mut copy);
    Ok(())
}

fn open_read_only(name: &str) -> Result<(), Error> {
    look(&Shelf::in_directory().open_read_only(name)?, &mut Shelf::zeroed());
    Ok(())
}

fn open_or_create(name: &str) -> Result<(), Error> {
    look(&Shelf::in_directory().open_or_create(name, &Shelf::zeroed())?, &mut Shelf::zeroed());
    Ok(())
}

fn create(name: &str) -> Result<(), Error> {
    let shelf = Shelf::in_directory().create(name, &Shelf::zeroed())?;
    assert_eq!(*shelf.page.read_boxed(), [0; 300], "it was created anew");
    Ok(())
}

fn unlink(name: &str) -> Result<(), Error> {
    Shelf::in_directory().unlink(name)
}

/// Looks without the struct. What seems to be under way in the file never ends, and would be waited
/// for; the rest is read.
fn inspect(name: &str) -> Result<(), Error> {
    let view = View::open_in(directory(), name, Whose::Own)?;
    let _ = (view.manifest().to_string(), view.is_attached()?, view.is_persistent());
    let bytes = Bytes::open(&directory().join(format!("shma.{name}")));
    for field in view.fields() {
        let _ = format!("{:?}", field.status());
        let at = field.manifest().offset;
        if bytes.u64(at + control::VERSION) == bytes.u64(at + control::BEGIN) {
            let value = field.read()?;
            let elements = value.elements();
            elements.iter().for_each(|scalar| assert_ne!(scalar.to_string(), ""));
        }
    }
    Ok(())
}
