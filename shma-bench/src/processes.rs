//! Processes that measure together: where they meet, and until when they work.
//!
//! `unsafe` here: atomics in shared memory.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Result;
use rustix::time::{ClockId, clock_gettime};

use crate::shared::Shared;

/// Looks at the meeting before a process lets others run.
const SPINS: u32 = 200;

/// The most processes of a case.
const MOST: usize = 16;

/// What the processes share among themselves.
#[repr(C)]
struct Meeting {
    /// How many have come to the next meeting.
    here: AtomicU32,
    /// Meetings so far.
    held: AtomicU32,
    /// When the work ends.
    end: AtomicU64,
    /// A number that one process leaves to the others.
    note: AtomicU64,
    /// What each has to tell the others.
    numbers: [AtomicU64; MOST],
    /// How many processes object to the next step. If one does, all leave it out.
    objections: AtomicU32,
}

/// The processes of one case.
#[derive(Debug)]
pub struct Processes {
    shared: Shared,
    /// Which of them this is.
    pub rank: usize,
    /// How many they are.
    pub size: usize,
}

impl Processes {
    /// Makes the place to meet; before the processes start.
    pub fn found(run: &str) -> Result<Shared> {
        Shared::create(&name(run), size_of::<Meeting>())
    }

    /// Joins the others.
    pub fn join(run: &str, rank: usize, size: usize) -> Result<Self> {
        Ok(Self { shared: Shared::open(&name(run))?, rank, size })
    }

    fn meeting(&self) -> &Meeting {
        // SAFETY: mapped as long as `self`, aligned to a page, large enough since `found`; atomics
        // alone, of which any bytes are values.
        unsafe { &*self.shared.start().cast::<Meeting>() }
    }

    /// Waits until all are here.
    pub fn meet(&self) {
        let meeting = self.meeting();
        let held = meeting.held.load(Ordering::Acquire);
        if meeting.here.fetch_add(1, Ordering::AcqRel) + 1 == self.size as u32 {
            meeting.here.store(0, Ordering::Relaxed);
            // Pairs with the acquire below, in each process that leaves the meeting.
            meeting.held.store(held + 1, Ordering::Release);
            return;
        }
        let mut spins = 0;
        while meeting.held.load(Ordering::Acquire) == held {
            spins += 1;
            if spins > SPINS {
                std::thread::yield_now();
            }
            std::hint::spin_loop();
        }
    }

    /// Meets, and learns whether all agree.
    pub fn agree(&self, yes: bool) -> bool {
        let meeting = self.meeting();
        if !yes {
            meeting.objections.fetch_add(1, Ordering::Relaxed);
        }
        self.meet();
        let agreed = meeting.objections.load(Ordering::Relaxed) == 0;
        self.meet();
        if self.rank == 0 {
            meeting.objections.store(0, Ordering::Relaxed);
        }
        self.meet();
        agreed
    }

    /// Meets, and then works until the same instant as all others. `work` says how many operations
    /// it has done. Returns their number and the nanoseconds.
    pub fn work(&self, window: Duration, mut work: impl FnMut() -> u64) -> (u64, u64) {
        if self.rank == 0 {
            let end = nanos() + window.as_nanos() as u64;
            self.meeting().end.store(end, Ordering::Relaxed);
        }
        self.meet();
        let end = self.meeting().end.load(Ordering::Relaxed);
        let start = nanos();
        let mut done = 0;
        loop {
            done += work();
            let now = nanos();
            if now >= end {
                return (done, now - start);
            }
        }
    }

    /// Tells each process's number to all processes, by rank.
    pub fn collect(&self, number: f64) -> Vec<f64> {
        let numbers = &self.meeting().numbers;
        numbers[self.rank].store(number.to_bits(), Ordering::Relaxed);
        self.meet();
        let numbers = numbers[..self.size].iter();
        let all = numbers.map(|it| f64::from_bits(it.load(Ordering::Relaxed))).collect();
        self.meet();
        all
    }

    /// Leaves a number to the others, which look for it.
    pub fn leave(&self, number: u64) {
        self.meeting().note.store(number, Ordering::Release);
    }

    /// The number that was left.
    pub fn left(&self) -> u64 {
        self.meeting().note.load(Ordering::Acquire)
    }
}

fn name(run: &str) -> String {
    format!("{run}-meeting")
}

/// The monotonic clock, which is the same for all processes.
pub fn nanos() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}
