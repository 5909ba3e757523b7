//! Children that stop somewhere, and the state that the others are in.

use std::path::PathBuf;
use std::process::Command;

use shma_core::{Shm, ShmState};
use shma_tests::child::Child;
use shma_tests::region::Name;
use shma_tests::states::{Board, the_one};
use shma_tests::{switched, watchdog};

/// The helper program with stop points.
fn program() -> PathBuf {
    switched::program("child")
}

/// Runs a story as [`watchdog::watched`] does, when the helper program is built, which may take
/// longer than any story.
pub fn watched(story: impl FnOnce() + Send + 'static) {
    program();
    watchdog::watched(story);
}

/// A child that kills itself at a point: `NAME`, or `NAME:COUNT` for the time that counts. With
/// `pause:` in front it stops there until it is continued.
pub fn stopping(at: &str) -> Child {
    Child::start_command(Command::new(program()).arg("talk").env("SHMA_STOP", at))
}

/// One that stops in a region that is there.
pub fn stopping_in(name: &Name, at: &str) -> Child {
    let mut child = stopping(at);
    child.order(&format!("open {name}"));
    child
}

/// One that does not stop.
pub fn opened(name: &Name) -> Child {
    shma_tests::opened!(name)
}

/// Tells a child to make the call at which it dies, and waits for its death.
#[track_caller]
pub fn dies_of(mut child: Child, call: &str) {
    use std::os::unix::process::ExitStatusExt;
    child.tell(call);
    let status = child.end();
    assert_eq!(status.signal(), Some(libc::SIGKILL), "`{call}` did not come to the point");
}

/// Tells a child to make the call at which it stops, and waits until it does.
#[track_caller]
pub fn stops_in(child: &mut Child, call: &str) {
    child.tell(call);
    child.await_stopped();
}

/// A region that was there before, with a process that only looks.
pub struct Scene {
    pub name: Name,
    pub board: Shm<Board>,
    pub witness: Shm<Board>,
}

impl Scene {
    /// The first publication of each field holds 1.
    pub fn new(hint: &str) -> Self {
        let name = Name::new(hint);
        let mut init = Board::with(1);
        (init.later, init.row) = (1, [1; 1024]);
        let board = Board::create(&name, &init).unwrap();
        let witness = Board::open(&name).unwrap();
        Self { name, board, witness }
    }

    /// What every process reads now, and of which publication.
    #[track_caller]
    pub fn all_read(&self, count: (u64, u64), later: (u64, u64), row: (u64, u64)) {
        let seen = Board::open_read_only(&self.name).unwrap();
        for (value, version) in [
            (self.witness.count.read(), self.witness.count.version()),
            (seen.count.read(), seen.count.version()),
        ] {
            assert_eq!((value, version.into()), count, "count");
        }
        for (value, version) in [
            (self.witness.later.read(), self.witness.later.version()),
            (seen.later.read(), seen.later.version()),
        ] {
            assert_eq!((value, version.into()), later, "later");
        }
        let mut value = [0; 1024];
        assert_eq!((the_one(&self.witness.row.read()), self.witness.row.version().into()), row);
        assert_eq!(u64::from(seen.row.read_into(&mut value)), row.1, "row");
        assert_eq!(the_one(&value), row.0, "row");
        let all = seen.snapshot();
        assert_eq!((all.count, all.later, the_one(&all.row)), (count.0, later.0, row.0));
    }

    /// The next writers get in, and what they publish is what is read, through all slots and in
    /// whole and in part.
    #[track_caller]
    pub fn goes_on(&self) {
        let board = &self.board;
        let (mut count, mut row) = (self.witness.count.read(), self.witness.row.read());
        let versions = [&board.count].map(|field| u64::from(field.version()));
        let row_version = u64::from(board.row.version());
        for n in 1..=10 {
            board.count.update(|new, old| {
                assert_eq!(*old, count);
                *new = old + 1;
            });
            count += 1;
            assert_eq!(self.witness.count.read(), count);
            assert_eq!(u64::from(self.witness.count.version()), versions[0] + n);
            board.later.update_with(&1, |new, old| new + old);
            // Parts first: they are the ones that count on what lies in the other slots.
            if n < 8 {
                let at = 100 * n as usize;
                row[at] += n;
                board.row.set(at, row[at]);
            } else {
                row.iter_mut().for_each(|word| *word += 1);
                board.row.update_with(&[1; 1024], |new, old| new + old);
            }
            assert!(self.witness.row.read() == row, "after {n} publications");
            assert_eq!(u64::from(self.witness.row.version()), row_version + n);
        }
        let before = self.witness.later.read();
        board.transaction(|new, old| *new.later = old.later + 1);
        assert_eq!(self.witness.snapshot().later, before + 1);
    }
}
