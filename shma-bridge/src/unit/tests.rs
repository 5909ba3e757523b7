//! What is read while a bridge waits.

use shma_core::untyped::{self, Attributes, Declaration, Wait};

use super::*;
use crate::rules::Mode;

/// A region. Dropped, it is removed.
struct Region(State, String);

impl Drop for Region {
    fn drop(&mut self) {
        let _ = untyped::options().unlink(&self.1);
    }
}

fn region(letter: &str) -> Region {
    let name = format!("test-unit-{}-{letter}-{:016x}", std::process::id(), fastrand::u64(..));
    let mut declaration = Declaration::new("S").unwrap();
    declaration.field("v", "[u64; 512]".parse().unwrap(), Attributes::new()).unwrap();
    Region(untyped::options().create(&name, &declaration).unwrap(), name)
}

fn write(state: &State, byte: u8) {
    state.fields()[0].write(&[byte; 4096], Wait::Forever).unwrap();
}

fn unit(state: &State) -> Unit {
    let rule = Rule { field: "v".into(), mode: Mode::Publish(0) };
    Unit::new(&[rule], &state.owned_manifest()).unwrap()
}

/// What this node would send now.
fn taken(unit: &mut Unit, state: &State) -> u8 {
    unit.take(state).unwrap();
    unit.parts[0].sent[0]
}

#[test]
fn what_was_read_ahead_is_sent_unless_there_is_something_newer() {
    let Region(state, _) = &region("a");
    let mut unit = unit(state);
    write(state, 1);
    assert!(unit.read_ahead(Some(state), 0, 2).unwrap());
    assert!(!unit.read_ahead(Some(state), 0, 2).unwrap(), "it is read once");
    assert!(unit.look(Some(state), 0, 2).unwrap().has(Status::CHANGED));
    write(state, 2);
    assert_eq!(taken(&mut unit, state), 1);
    assert!(unit.look(Some(state), 0, 2).unwrap().has(Status::CHANGED));
    assert!(unit.read_ahead(Some(state), 0, 2).unwrap());
    write(state, 3);
    unit.look(Some(state), 0, 2).unwrap();
    assert_eq!(taken(&mut unit, state), 3, "the newest at the look counts");
    assert!(!unit.look(Some(state), 0, 2).unwrap().has(Status::CHANGED));
}

/// The publications of the new region may have the same numbers.
#[test]
fn what_was_read_ahead_goes_with_its_region() {
    let (Region(old, _), Region(new, _)) = (&region("o"), &region("n"));
    let mut unit = unit(old);
    write(old, 1);
    assert!(unit.read_ahead(Some(old), 0, 2).unwrap());
    unit.forget();
    write(new, 2);
    unit.look(Some(new), 0, 2).unwrap();
    assert_eq!(taken(&mut unit, new), 2);
}
