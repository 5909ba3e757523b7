//! A small state with a field of every kind, and what can be done to a region of it that may hold
//! anything.

use std::time::Duration;

use shma_core::{Access, Shm, ShmState};

/// How long a call waits that has to be told.
const LIMIT: Duration = Duration::from_millis(2);

/// One field of each kind.
#[derive(Debug, ShmState)]
pub struct Shelf {
    pub number: u64,
    #[shm(slots = 2)]
    pub halves: [u32; 5],
    #[shm(slots = 8, timed)]
    pub rows: [[f64; 3]; 6],
    #[shm(atomic)]
    pub cells: [u64; 4],
    #[shm(atomic)]
    pub cell: i32,
    pub page: [u64; 300],
}

/// All that a handle without write permission can do and that comes back whatever the region holds.
pub fn look<A: Access>(shelf: &Shm<Shelf, A>, copy: &mut Shelf) {
    let _ = shelf.number.try_read(&mut copy.number);
    let _ = shelf.halves.try_read(&mut copy.halves);
    let _ = shelf.rows.try_read(&mut copy.rows);
    let _ = shelf.page.try_read(&mut copy.page);
    let _ = shelf.try_snapshot_into(copy);
    let _ = (shelf.cells.get(3), shelf.cell.get(), shelf.cells.version());
    let _ = shelf.number.wait_newer(shelf.number.version(), Duration::ZERO);
    let _ = shelf.cells.wait_newer(shelf.cells.version(), Duration::ZERO);
    let _ = (shelf.rows.age(), shelf.page.age(), shelf.is_current());
    let _ = format!("{shelf:?} {:?} {:?}", shelf.page, shelf.cells);
}

/// All that a handle with write permission can do and that comes back if no other process is
/// attached: the semaphores in the file are then free, or a dead owner's.
pub fn use_alone(shelf: &Shm<Shelf>, copy: &mut Shelf) {
    let _ = shelf.number.try_update(|new, old| *new = old.wrapping_add(1));
    let _ = shelf.halves.update_timeout(LIMIT, |new, old| new[0] = old[4]);
    shelf.page.update_range(7..200, |new, old| new[5] = old[0]);
    shelf.rows.update_range(1..=4, |new, _| new[2][1] = 0.5);
    shelf.rows.update_with(&[[1.0; 3]; 6], |new, old| new + old);
    shelf.cells.fetch_add(1, 1);
    shelf.cells.update_with(&[3; 4], |new, old| new ^ old);
    shelf.cell.set(-1);
    shelf.transaction(|new, old| {
        *new.number = old.number.wrapping_mul(3);
        new.page[299] ^= 1;
        new.halves[1] = !old.halves[1];
        new.rows[5][2] = 1.0;
    });
    // Every field has been published: what is in it now is whole.
    shelf.snapshot_into(copy);
    shelf.read_into(copy);
    let mut part = [0; 9];
    shelf.page.read_range(291.., &mut part);
    assert_eq!(part, copy.page[291..], "no other process is here");
    let mut number = 0;
    let newer = shelf.number.read_newer(shelf.number.version(), &mut number);
    assert_eq!(newer, None, "no other process is here");
}
