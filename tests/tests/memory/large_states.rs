//! Large states: never on the stack, and not copied more often than said.

use std::thread;

use crate::asked_for;
use shma_core::{Shm, ShmState};
use shma_tests::child::Child;
use shma_tests::region::{DIRECTORY, Name};
use shma_tests::skip::skip;
use shma_tests::switched;
use shma_tests::watchdog::watched;

/// Larger than any stack; the region is twice as large.
#[derive(ShmState)]
struct Large {
    #[shm(slots = 2)]
    rows: Rows,
}

type Rows = [[f32; 1024]; 16_384];

/// What the largest of the stories below needs.
const ROOM: u64 = 150 << 20;
const MEMORY: u64 = 1 << 30;

/// Whether there is room for a story; says so if not.
fn has_room() -> bool {
    let shm = rustix::fs::statvfs(DIRECTORY).unwrap();
    let memory = std::fs::read_to_string("/proc/meminfo").unwrap();
    let available = memory.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    let available = available.and_then(|text| text.trim().strip_suffix(" kB")?.parse().ok());
    let enough = shm.f_bavail * shm.f_frsize >= ROOM
        && available.is_some_and(|kilobytes: u64| kilobytes << 10 >= MEMORY);
    if !enough {
        skip("a state of 64 MiB needs 150 MiB in /dev/shm and 1 GiB of memory");
    }
    enough
}

/// Runs a story with a stack of 128 KiB. What does not fit ends the whole test program.
fn with_small_stack(story: impl FnOnce() + Send + 'static) {
    watched(|| {
        let thread = thread::Builder::new().stack_size(128 << 10).spawn(story).unwrap();
        if let Err(panic) = thread.join() {
            std::panic::resume_unwind(panic);
        }
    });
}

fn all_are(state: &Large, value: f32) -> bool {
    state.rows.as_flattened().iter().all(|element| *element == value)
}

/// One story, because the memory of two would be too much for small machines.
#[test]
fn large_states_need_no_stack_and_few_copies() {
    if !has_room() {
        return;
    }
    with_small_stack(|| {
        let name = Name::new("large");
        let mut state = Large::zeroed();
        let large: Shm<Large> = Large::create(&name, &state).unwrap();
        state.rows.as_flattened_mut().fill(1.0);

        // Nothing of the field's size: a block, and whatever messages and records take.
        let little = 64 << 10;
        let asked = asked_for(|| large.update_with(&state, |new, old: f32| new + old));
        assert!(asked < little, "update_with of the state asks for {asked}");
        let asked = asked_for(|| large.rows.update_with(&state.rows, |new, old| new + old));
        assert!(asked < little, "update_with asks for {asked}");
        let asked = asked_for(|| large.rows.merge(&mut state.rows, |new, old| new + old));
        assert!(asked < little, "merge asks for {asked}");
        assert!(all_are(&state, 3.0), "merge leaves what was published");
        let asked = asked_for(|| large.merge(&mut state, |new: f32, old| new - old));
        assert!(asked < little, "merge of the state asks for {asked}");
        assert!(all_are(&state, 0.0));
        state.rows.as_flattened_mut().fill(5.0);
        let asked = asked_for(|| large.rows.write(&state.rows));
        assert!(asked < little, "write asks for {asked}");
        let flat = state.rows.as_flattened();
        let asked = asked_for(|| large.rows.write_flat(flat));
        assert!(asked < little, "write_flat asks for {asked}");
        let asked = asked_for(|| large.rows.update_with_flat(flat, |new, _| new));
        assert!(asked < little, "update_with_flat asks for {asked}");
        state.rows.as_flattened_mut().fill(0.0);
        let asked = asked_for(|| large.read_into(&mut state));
        assert!(asked < little, "read_into asks for {asked}");
        assert!(all_are(&state, 5.0));

        let seen = Large::open_read_only(&name).unwrap();
        let asked = asked_for(|| state = seen.read_boxed());
        let size = size_of::<Rows>();
        assert!((size..size + little).contains(&asked), "read_boxed asks for {asked}");
        assert!(all_are(&state, 5.0));
        drop(state);

        // Two copies for the closure, once; the handle keeps them.
        let asked = asked_for(|| large.rows.update(|new, old| new[16_383][1023] = old[0][0] + 1.0));
        assert!((2 * size..2 * size + little).contains(&asked), "update asks for {asked}");
        let asked = asked_for(|| large.rows.update(|new, old| new[0][0] = old[16_383][1023]));
        assert!(asked < little, "the next update asks for {asked}");
        let asked = asked_for(|| {
            let state = large.rows.read_boxed();
            assert_eq!((state[0][0], state[1][0], state[16_383][1023]), (6.0, 5.0, 6.0));
        });
        assert!((size..size + little).contains(&asked), "read_boxed asks for {asked}");
    });
}

/// Without optimisation every local variable of a function has its place on the stack, also those
/// of a branch that is for small values only.
#[test]
fn an_unoptimised_program_needs_no_stack_for_large_states() {
    let program = switched::program("child");
    watched(move || {
        let name = Name::new("unoptimised");
        let mut child = Child::start(program.to_str().unwrap(), &["large", &name]);
        let mut lines = Vec::new();
        while lines.last().is_none_or(|line| line != "done") {
            lines.push(child.next_line().unwrap_or_else(|| panic!("it ended after {lines:?}")));
        }
        assert!(child.end().success());
    });
}
