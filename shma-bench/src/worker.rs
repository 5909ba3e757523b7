//! What every process that measures has: its job, the other processes, and the same dice as they.

use std::cell::RefCell;

use anyhow::Result;
use rustix::process::{Signal, set_parent_process_death_signal};

use crate::ability::{Peer, Place, Unable};
use crate::effort::Effort;
use crate::job::Job;
use crate::processes::Processes;
use crate::said::Said;
use crate::{peers, pinning};

/// The part of the memory that is left alone.
const SPARE: f64 = 0.1;

/// A process that measures.
pub struct Worker {
    pub job: Job,
    pub effort: Effort,
    pub processes: Processes,
    /// Same numbers in every process of the case.
    dice: RefCell<fastrand::Rng>,
}

impl Worker {
    /// Joins the other processes of the job.
    pub fn join(job: Job) -> Result<Self> {
        // The order to end ends all, however this process was started.
        set_parent_process_death_signal(Some(Signal::KILL))?;
        pinning::pin(job.rank)?;
        Ok(Self {
            effort: Effort::new(job.hasty),
            processes: Processes::join(&job.run, job.rank, job.processes)?,
            dice: RefCell::new(fastrand::Rng::with_seed(job.order)),
            job,
        })
    }

    /// All peers, with a place for each.
    pub fn peers(&self, bytes: u64) -> Vec<(&'static dyn Peer, Place)> {
        let name =
            |index| format!("{}-{}-{}-{index}", self.job.run, self.job.question, self.job.case);
        let peers = peers::all().into_iter().enumerate();
        let place = |index| Place { run: self.job.run.clone(), name: name(index), bytes };
        peers.map(|(index, peer)| (peer, place(index))).collect()
    }

    /// Puts things into an order that is the same in all processes of the case.
    pub fn shuffle<T>(&self, things: &mut [T]) {
        self.dice.borrow_mut().shuffle(things);
    }

    /// Whether this is the process that speaks for all processes of the case.
    pub fn leads(&self) -> bool {
        self.processes.rank == 0
    }

    /// Tells a value.
    pub fn tell(&self, peer: &dyn Peer, measure: &str, value: f64) {
        Said::Value { peer: peer.name().into(), measure: measure.into(), value }.tell();
    }

    /// Tells that a peer cannot do it.
    pub fn refuse(&self, peer: &dyn Peer, reason: Unable) {
        Said::Unable { peer: peer.name().into(), reason: reason.0 }.tell();
    }

    /// Tells that a part of the work is done.
    pub fn step(&self, of: usize) {
        if self.leads() {
            Said::Step { of }.tell();
        }
    }
}

/// Whether there is memory for so many copies of a value.
pub fn check_memory(copies: u64, bytes: u64) -> Result<(), Unable> {
    let text = std::fs::read_to_string("/proc/meminfo")?;
    let available = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    let available =
        available.and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<u64>().ok());
    let available = available.ok_or("/proc/meminfo has no MemAvailable")? << 10;
    let wanted = copies * bytes;
    if wanted as f64 > available as f64 * (1.0 - SPARE) {
        return Err(Unable(format!("{wanted} bytes are wanted, {available} are available")));
    }
    Ok(())
}
