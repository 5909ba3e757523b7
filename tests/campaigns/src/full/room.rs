//! A `/dev/shm` that grows page by page.

use std::fs;
use std::sync::atomic::Ordering;

use rustix::process::{Signal, getpid, kill_process};
use shma_core::{Error, Shm};

use crate::forked::{End, Forked};
use crate::outcome::{Failure, Outcome};
use crate::shared_words::shared_words;
use shma_tests::namespace;
use shma_tests::region::{InDirectory, Name, directory, files};
use shma_tests::states::Board;

const PAGE: u64 = 4096;

/// Files for which there is always room: the directory, a region, one without a name.
const FILES: u64 = 10;

/// Gives creation room for one page more at each attempt: without a region, and beside a dead one
/// that it replaces.
pub fn fill(outcome: &mut Outcome) -> Result<(), Failure> {
    for beside_dead in [false, true] {
        let mut pages = 1;
        while !attempt_apart(pages, beside_dead)
            .map_err(|what| Failure::new(format!("room for {pages} pages"), what))?
        {
            pages += 1;
            outcome.count("sizes without room", 1);
        }
        stay(pages).map_err(|what| Failure::new("use without room", what))?;
    }
    namespace::resize(16 << 20, 1000).map_err(|error| Failure::new("remount", error.to_string()))
}

/// One attempt, in a process that may end by a signal if there is less room than it believes.
fn attempt_apart(pages: u64, beside_dead: bool) -> Result<bool, String> {
    let fits = &shared_words(1)[0];
    let mut one = Forked::start(|| {
        let made = attempt(pages, beside_dead).unwrap_or_else(|what| panic!("{what}"));
        fits.store(made.into(), Ordering::SeqCst);
    });
    match one.reap() {
        End::Returned => Ok(fits.load(Ordering::SeqCst) != 0),
        end => Err(format!("{end:?}")),
    }
}

/// One attempt. Whether it has succeeded.
fn attempt(pages: u64, beside_dead: bool) -> Result<bool, String> {
    let name = Name::new("full");
    let text = |error: std::io::Error| error.to_string();
    namespace::resize(16 << 20, FILES).map_err(text)?;
    let mut used = 0;
    if beside_dead {
        let mut creator = Forked::start(|| {
            let _attached = Board::in_directory().create(&name, &Board::with(7)).unwrap();
            kill_process(getpid(), Signal::KILL).unwrap();
        });
        creator.reap();
        used = fs::metadata(name.path()).map_err(text)?.len().div_ceil(PAGE);
    }
    namespace::resize((used + pages) * PAGE, FILES).map_err(text)?;
    let before = files();
    let made = if pages.is_multiple_of(2) {
        Board::in_directory().create(&name, &Board::with(8))
    } else if beside_dead {
        // It opens what is there, which takes no room.
        check(&Board::in_directory().open_or_create(&name, &Board::with(8)), 7)?;
        return Ok(false);
    } else {
        Board::in_directory().open_or_create(&name, &Board::with(8))
    };
    match &made {
        Err(Error::NoSpace { needed, free, .. }) if needed > free => {}
        Err(error) => return Err(format!("not an error for want of room: {error}")),
        Ok(_) => return check(&made, 8).map(|()| true),
    }
    if files() != before {
        return Err(format!("{:?} became {:?}", before, files()));
    }
    if beside_dead {
        check(&Board::in_directory().open(&name), 7)?;
    }
    Ok(false)
}

fn check(board: &Result<Shm<Board>, Error>, count: u64) -> Result<(), String> {
    let board = board.as_ref().map_err(ToString::to_string)?;
    match board.count.read() {
        found if found == count => Ok(()),
        found => Err(format!("the count is {found}, and not {count}")),
    }
}

/// Once a region is there it needs no more room: everything works when there is none.
fn stay(pages: u64) -> Result<(), String> {
    let text = |error: std::io::Error| error.to_string();
    let name = Name::new("stay");
    namespace::resize((pages + 8) * PAGE, FILES).map_err(text)?;
    let board =
        Board::in_directory().create(&name, &Board::with(1)).map_err(|error| error.to_string())?;
    let filler = directory().join("filler");
    let filled = fs::write(&filler, vec![1; 16 << 20]).expect_err("there is little room");
    let result = use_all(&name, &board, filled.raw_os_error() == Some(libc::ENOSPC));
    fs::remove_file(filler).map_err(text)?;
    result
}

fn use_all(name: &str, board: &Shm<Board>, is_full: bool) -> Result<(), String> {
    if !is_full {
        return Err("the directory was not filled".into());
    }
    for number in 0..9 {
        board.row.write(&[number; 1024]);
        board.count.update(|new, _| *new = number);
        board.transaction(|new, _| *new.later = number);
        check(&Board::in_directory().open(name), number)?;
        Board::in_directory().open_read_only(name).map_err(|error| error.to_string())?;
    }
    Ok(())
}
