//! One who comes for the region.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Signal, getpid, kill_process};
use shma_core::{Error, Shm};

use crate::shared_words::shared_words;
use shma_tests::region::InDirectory;
use shma_tests::rng::Rng;
use shma_tests::states::{Board, the_one};
use shma_tests::watchdog::PATIENCE;

/// What the racers and their parent say to each other, past the library.
#[derive(Debug, Clone, Copy)]
pub struct Track(&'static [AtomicU64]);

/// What one has found in the region that it is attached to.
#[derive(Debug, Clone, Copy)]
pub struct Seen {
    /// Whether the name leads to it.
    pub is_current: bool,
    /// Which of all regions it is.
    pub instance: u64,
    /// How many have counted themselves.
    pub count: u64,
}

const STAGE: usize = 0;
const RACER: usize = 1;

// The words of a racer.
const STATE: usize = 0;
const INSTANCE: usize = 1;
const COUNT: usize = 2;
const CURRENT: usize = 3;
const WORDS: usize = 4;

const STARTED: u64 = 1;
const LOOKING: u64 = 2;
const ENDED: u64 = 3;

const ARRIVED: u64 = 1;
const LOOKED: u64 = 2;

// SeqCst: as in `kill::shared`.
const ORDER: Ordering = Ordering::SeqCst;

impl Track {
    pub fn new(racers: usize) -> Self {
        Self(shared_words(RACER + racers * WORDS))
    }

    pub fn clear(&self) {
        self.0.iter().for_each(|word| word.store(0, ORDER));
    }

    pub fn start(&self) {
        self.0[STAGE].store(STARTED, ORDER);
    }

    pub fn look(&self) {
        self.0[STAGE].store(LOOKING, ORDER);
    }

    pub fn end(&self) {
        self.0[STAGE].store(ENDED, ORDER);
    }

    fn word(&self, racer: usize, word: usize) -> &'static AtomicU64 {
        &self.0[RACER + racer * WORDS + word]
    }

    /// Whether one is attached.
    pub fn has_arrived(&self, racer: usize) -> bool {
        self.word(racer, STATE).load(ORDER) >= ARRIVED
    }

    /// Whether one has looked at the region since all are there.
    pub fn has_looked(&self, racer: usize) -> bool {
        self.word(racer, STATE).load(ORDER) >= LOOKED
    }

    /// What it has seen.
    pub fn seen(&self, racer: usize) -> Seen {
        let [instance, count, current] =
            [INSTANCE, COUNT, CURRENT].map(|word| self.word(racer, word).load(ORDER));
        Seen { is_current: current != 0, instance, count }
    }

    fn await_stage(&self, stage: u64) {
        while self.0[STAGE].load(ORDER) < stage {
            std::thread::sleep(Duration::from_micros(50));
        }
    }
}

/// Comes for the region in its own way, and stays until all are told to leave.
pub fn race(name: &str, track: Track, racer: usize, seed: u64, may_remove: bool) {
    let mut rng = Rng::new(seed);
    let mut own = Board::with(0);
    own.row.fill(rng.next_u64());
    track.await_stage(STARTED);
    let way = if may_remove { rng.below(6) } else { 1 + rng.below(5) };
    if rng.one_in(2) {
        // Detaches at once, while others attach.
        drop(come(name, &own, way));
    }
    let board = come(name, &own, way);
    // Whole, whichever process created it, and whichever has died meanwhile.
    let instance = the_one(&*board.row.read_boxed());
    board.count.update(|new, old| *new = old + 1);
    track.word(racer, INSTANCE).store(instance, ORDER);
    track.word(racer, STATE).store(ARRIVED, ORDER);
    track.await_stage(LOOKING);
    track.word(racer, COUNT).store(board.count.read(), ORDER);
    track.word(racer, CURRENT).store(u64::from(board.is_current()), ORDER);
    track.word(racer, STATE).store(LOOKED, ORDER);
    track.await_stage(ENDED);
}

/// Makes a region and dies with it.
pub fn found_and_die(name: &str) {
    let _attached = come(name, &Board::with(0), 2);
    kill_process(getpid(), Signal::KILL).unwrap();
}

/// Removes it first, or tries to make it or to find it, and then takes what there is. Deadlines
/// pass on a machine without progress; that is no reason to give up here.
fn come(name: &str, own: &Board, way: usize) -> Shm<Board> {
    let end = Instant::now() + PATIENCE;
    loop {
        let came = match way {
            0 => match Board::in_directory().unlink(name) {
                Ok(()) | Err(Error::NotFound { .. }) => {
                    Board::in_directory().open_or_create(name, own)
                }
                Err(error) => Err(error),
            },
            1 => match Board::in_directory().create(name, own) {
                Err(Error::AlreadyExists { .. }) => Board::in_directory().open_or_create(name, own),
                came => came,
            },
            2 => match Board::in_directory().open(name) {
                Err(Error::NotFound { .. }) => Board::in_directory().open_or_create(name, own),
                came => came,
            },
            _ => Board::in_directory().open_or_create(name, own),
        };
        match came {
            Ok(board) => return board,
            Err(Error::Timeout { .. }) if Instant::now() < end => {}
            Err(error) => panic!("{error}"),
        }
    }
}
