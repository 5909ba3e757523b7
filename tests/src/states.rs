//! States that more than one program of the tests declares an interest in.

use shma_core::{Shm, ShmState};

use crate::region::Name;

/// What most stories need: two counters in a certain order, and something that is too large for
/// the stack.
#[derive(Debug, ShmState)]
pub struct Board {
    pub count: u64,
    pub later: u64,
    pub row: Row,
}

/// Two pages.
pub type Row = [u64; 1024];

impl Board {
    /// A new region with a board of this count. `hint` shows in its name.
    pub fn created(hint: &str, count: u64) -> (Name, Shm<Self>) {
        let name = Name::new(hint);
        let board = Self::create(&name, &Self::with(count)).unwrap();
        (name, board)
    }

    /// A board with this count, and zeroes.
    pub fn with(count: u64) -> Box<Self> {
        let mut board = Self::zeroed();
        board.count = count;
        board
    }

    /// Where the partitions of its fields start.
    pub fn partitions() -> [usize; 3] {
        std::array::from_fn(|i| Self::MANIFEST.fields[i].offset)
    }
}

/// A queue of three, as a program builds one in a field.
#[derive(Debug, ShmState)]
pub struct Queue {
    pub jobs: Jobs,
}

/// How many jobs wait, and their numbers.
pub type Jobs = [u64; 4];

/// Appends a job, if there is room.
pub fn put(jobs: &mut Jobs, job: u64) -> Option<()> {
    let [waiting, places @ ..] = jobs;
    *places.get_mut(*waiting as usize)? = job;
    *waiting += 1;
    Some(())
}

/// Takes the first job, if there is one.
pub fn take(jobs: &mut Jobs) -> Option<u64> {
    jobs[0] = jobs[0].checked_sub(1)?;
    let job = jobs[1];
    jobs[1..].rotate_left(1);
    Some(job)
}

/// Few words, for calls that are followed instruction by instruction.
#[derive(Debug, ShmState)]
pub struct Inside {
    pub count: u64,
    pub row: [u64; 40],
    #[shm(atomic)]
    pub hits: [u64; 4],
}

/// An array that writers fill with one number, so that a mixture shows.
#[derive(Debug, ShmState)]
pub struct Uniform<const WORDS: usize> {
    pub words: [u64; WORDS],
    #[shm(slots = 2)]
    pub narrow: [u64; WORDS],
    #[shm(slots = 8)]
    pub wide: [u64; WORDS],
}

/// The number that all words are.
///
/// # Panics
///
/// If they are not one number.
#[track_caller]
pub fn the_one(words: &[u64]) -> u64 {
    let first = words[0];
    // A comparison of memory, which is fast without optimisation too.
    if words[1..] != words[..words.len() - 1] {
        let at = words.iter().position(|word| *word != first).unwrap();
        panic!("mixed: word 0 of {} is {first}, word {at} is {}", words.len(), words[at]);
    }
    first
}

/// What several processes count together.
#[derive(Debug, ShmState)]
pub struct Tally {
    /// First all, then each one's own. Too large for the stack.
    pub counts: Row,
    /// One number.
    pub twice: Row,
}
