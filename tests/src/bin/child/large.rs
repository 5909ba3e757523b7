//! Every call on a state that is much larger than the stack.

use shma_core::{Shm, ShmState};

use crate::say;

/// 16 MiB.
#[derive(Debug, ShmState)]
struct Large {
    #[shm(slots = 2)]
    rows: [[f32; 1024]; 4096],
    #[shm(slots = 2, no_merge)]
    flat: [u8; 1 << 20],
}

/// Makes the calls one after the other, and says before each which one it is.
pub fn walk(name: &str) {
    let name = name.to_owned();
    let thread = std::thread::Builder::new().stack_size(128 << 10);
    thread.spawn(move || calls(&name)).unwrap().join().unwrap();
    say("done");
}

fn calls(name: &str) {
    say("zeroed");
    let mut state = Large::zeroed();
    say("create");
    let large: Shm<Large> = Large::create(name, &state).unwrap();
    say("open_read_only");
    let seen = Large::open_read_only(name).unwrap();
    say("write");
    large.rows.write(&state.rows);
    say("update");
    large.rows.update(|new, _| new.as_flattened_mut().fill(1.0));
    large.flat.update(|new, old| new[0] = old[1] + 1);
    say("try_update");
    large.rows.try_update(|new, old| new[1][1] = old[0][0]).unwrap();
    say("update_with");
    large.rows.update_with(&state.rows, |new, old| new + old);
    large.update_with(&state, |new: f32, old| new + old);
    say("merge");
    large.rows.merge(&mut state.rows, |new, old| new + old);
    large.merge(&mut state, |new: f32, old| new.max(old));
    say("read_into");
    seen.rows.read_into(&mut state.rows);
    seen.read_into(&mut state);
    say("read_boxed");
    let boxed = seen.rows.read_boxed();
    assert!(boxed.as_flattened().iter().all(|x| *x == 1.0));
    drop(boxed);
    drop(seen.read_boxed());
    say("try_read");
    seen.rows.try_read(&mut state.rows).unwrap();
    say("update_range");
    large.rows.update_range(7..2000, |new, old| new[0][0] = old[1][1] + 1.0);
    large.rows.set(3, [2.0; 1024]);
    say("read_range");
    seen.rows.read_range(.., &mut state.rows);
    assert_eq!((seen.rows.get(3)[5], state.rows[7][0]), (2.0, 2.0));
    say("snapshot");
    drop(seen.snapshot());
    say("transaction");
    large.transaction(|new, old| new.rows[0] = old.rows[3]);
}
