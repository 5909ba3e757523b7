//! Victims that create, open, leave and remove a region.

use std::path::PathBuf;

use shma_core::{Error, Shm, ShmState};

use crate::dump;
use crate::present::{BEFORE, MADE, Present, create, filled};
use crate::ptrace::{Tracee, mark};
use crate::step_kill::site::Site;
use crate::step_kill::{self, Case};
use shma_tests::region::{InDirectory, Name};
use shma_tests::states::Board;
use shma_tests::unfinished;
use shma_tests::watchdog::PATIENCE;

/// What the victim does with a region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    Create,
    OpenOrCreate,
    Open,
    Drop,
    Unlink,
}

/// A call in a certain state of the region.
#[derive(Debug)]
struct Cycle {
    call: Call,
    region: Present,
    /// The name of the region; the same for all victims, so that they take the same path.
    name: Name,
    /// The attachment of one who lives on.
    other: Option<Shm<Board>>,
    /// What the victim was making without a name.
    unfinished: Vec<PathBuf>,
}

/// All calls of the life cycle.
pub fn all() -> Vec<Box<dyn Case>> {
    let cases = [
        (Call::Create, Present::None),
        (Call::Create, Present::Dead),
        (Call::OpenOrCreate, Present::None),
        (Call::OpenOrCreate, Present::Dead),
        (Call::Open, Present::Living),
        (Call::Open, Present::Dead),
        (Call::Drop, Present::Living),
        // The victim is attached to what is dead for all others.
        (Call::Drop, Present::Dead),
        (Call::Unlink, Present::Living),
        (Call::Unlink, Present::Dead),
    ];
    let case = |(call, region)| Cycle {
        call,
        region,
        name: Name::new("cycle"),
        other: None,
        unfinished: Vec::new(),
    };
    cases.map(|pair| Box::new(case(pair)) as Box<dyn Case>).into()
}

impl Cycle {
    /// The counts that a region of the name may hold after a death, or after the return; `None` for
    /// no region.
    fn choices(&self, returned: bool) -> &'static [Option<u64>] {
        match (self.call, self.region, returned) {
            (Call::Create, _, true) => &[Some(MADE)],
            (Call::Create, Present::Dead, false) => &[Some(BEFORE), Some(MADE)],
            (Call::OpenOrCreate, Present::None, true) => &[Some(MADE)],
            (Call::Create | Call::OpenOrCreate, Present::None, false) => &[None, Some(MADE)],
            (Call::Open | Call::OpenOrCreate, _, _) | (Call::Drop, Present::Living, _) => {
                &[Some(BEFORE)]
            }
            (Call::Drop | Call::Unlink, _, true) => &[None],
            (Call::Drop | Call::Unlink, _, false) => &[None, Some(BEFORE)],
            (Call::Create, Present::Living, _) => unreachable!("it is not among the cases"),
        }
    }

    /// The region, if there is one, is whole and can be written. The last one to leave takes it
    /// along.
    fn check_region(&mut self, returned: bool) -> Result<(), String> {
        let found = match Board::in_directory().open(&self.name) {
            Ok(board) => {
                let row = the_same(&*board.row.read_boxed())?;
                let count = board.count.read();
                if row != count {
                    return Err(format!("the count is {count}, and the row is of {row}"));
                }
                let written = board.count.update_timeout(PATIENCE, |new, old| *new = old + 1);
                written.map_err(|error| format!("the next writer: {error}"))?;
                Some(count)
            }
            Err(Error::NotFound { .. }) => None,
            Err(error) => return Err(error.to_string()),
        };
        let choices = self.choices(returned);
        if !choices.contains(&found) {
            return Err(format!("the region's count is {found:?}, and not one of {choices:?}"));
        }
        if let Some(other) = self.other.take() {
            let expected = BEFORE + u64::from(found.is_some());
            if other.is_current() != found.is_some() || other.count.read() != expected {
                return Err(format!("the one who lives on has {:?}", other.count.read()));
            }
        }
        match self.name.exists() {
            true => Err("no process is attached, and the region still exists".into()),
            false => Ok(()),
        }
    }

    /// What has no name is swept away once it is old enough, and not before.
    fn check_unfinished(&mut self) -> Result<(), String> {
        for path in self.unfinished.drain(..).filter(|path| path.exists()) {
            drop(create(&self.name, MADE).map_err(|error| error.to_string())?);
            if !path.exists() {
                return Err(format!("{} was swept away too early", path.display()));
            }
            unfinished::backdate(&path).map_err(|error| error.to_string())?;
            drop(create(&self.name, MADE).map_err(|error| error.to_string())?);
            if path.exists() {
                return Err(format!("{} was not swept away", path.display()));
            }
        }
        Ok(())
    }
}

fn the_same(row: &[u64]) -> Result<u64, String> {
    let odd = row.iter().find(|number| **number != row[0]);
    odd.map_or(Ok(row[0]), |odd| Err(format!("the row is of {} and {odd}", row[0])))
}

impl Case for Cycle {
    fn name(&self) -> String {
        format!("{:?}, region {:?}", self.call, self.region)
    }

    fn victim(&mut self, _site: &mut Site) -> Result<Tracee, String> {
        self.other = self.region.arrange(&self.name)?;
        let name = &*self.name;
        let made = filled(MADE);
        Ok(match self.call {
            Call::Create => {
                step_kill::start(|| attach(|| Board::in_directory().create(name, &made)))
            }
            Call::OpenOrCreate => {
                step_kill::start(|| attach(|| Board::in_directory().open_or_create(name, &made)))
            }
            Call::Open => step_kill::start(|| attach(|| Board::in_directory().open(name))),
            Call::Drop => step_kill::start(|| {
                let board = Board::in_directory().open(name).unwrap();
                mark();
                drop(board);
                mark();
            }),
            Call::Unlink => step_kill::start(|| {
                mark();
                Board::in_directory().unlink(name).unwrap();
                mark();
            }),
        })
    }

    fn is_long(&self) -> bool {
        matches!(self.call, Call::Create | Call::OpenOrCreate | Call::Open)
    }

    fn visible(&self, victim: &Tracee, _site: &Site) -> Vec<PathBuf> {
        let mut files = unfinished::of(victim.pid());
        files.push(self.name.path());
        files
    }

    fn inspect(&mut self, victim: &Tracee) {
        self.unfinished = unfinished::of(victim.pid());
    }

    fn aftermath(&mut self, _site: &mut Site, returned: bool) -> Result<(), String> {
        self.check_region(returned)?;
        self.check_unfinished()
    }

    fn words(&self, _site: &Site) -> String {
        dump::words(&self.name.path(), &Board::MANIFEST)
    }
}

/// Makes the call, and stays attached.
fn attach(call: impl FnOnce() -> Result<Shm<Board>, Error>) {
    mark();
    let board = call();
    mark();
    drop(board.unwrap());
}
