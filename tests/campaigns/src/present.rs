//! What has a region's name when a victim comes.

use rustix::process::{Signal, getpid, kill_process};
use shma_core::{Error, Shm};

use crate::forked::{End, Forked};
use shma_tests::region::InDirectory;
use shma_tests::states::Board;

/// What there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Present {
    None,
    /// A process is attached to it.
    Living,
    /// The attached processes were killed.
    Dead,
}

/// What the region holds that is there before, and the one that the victim makes.
pub const BEFORE: u64 = 7;
pub const MADE: u64 = 8;

impl Present {
    /// Sees to it, and returns the attachment of one who lives on.
    pub fn arrange(self, name: &str) -> Result<Option<Shm<Board>>, String> {
        match self {
            Self::None => Ok(None),
            Self::Living => create(name, BEFORE).map(Some).map_err(|error| error.to_string()),
            Self::Dead => {
                let mut creator = Forked::start(|| {
                    let _attached = create(name, BEFORE).unwrap();
                    kill_process(getpid(), Signal::KILL).unwrap();
                });
                match creator.reap() {
                    End::Killed => Ok(None),
                    end => Err(format!("a creator ended otherwise: {end:?}")),
                }
            }
        }
    }
}

/// A state that is this number everywhere.
pub fn filled(count: u64) -> Box<Board> {
    let mut board = Board::with(count);
    board.row.fill(count);
    board
}

/// A region that holds this number everywhere.
pub fn create(name: &str, count: u64) -> Result<Shm<Board>, Error> {
    Board::in_directory().create(name, &filled(count))
}
