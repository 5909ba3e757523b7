//! Nodes as the ranks of an MPI job.
//!
//! Collectives and nothing else, and none that blocks: a rank that waits inside the library would burn a
//! core and not see a signal. Each field has a communicator of its own.

use std::io;
use std::process::Command;

use mpi::collective::SystemOperation;
use mpi::environment::{self, Universe};
use mpi::request::{Request, Scope};
use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator, CommunicatorCollectives, Root};

use super::Engine;

/// A rank of an MPI job. The library ends the other ranks if one of them dies.
pub struct Mpi {
    channels: Vec<SimpleCommunicator>,
    control: SimpleCommunicator,
    /// What this rank adds to a sum.
    own: Vec<f64>,
    /// After the communicators, which are freed before the library ends.
    _universe: Universe,
}

impl std::fmt::Debug for Mpi {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mpi").field("node", &self.node()).field("nodes", &self.nodes()).finish()
    }
}

/// How many processes the launcher has started, as launchers say it: Open MPI's, MPICH's, Slurm's.
const STARTED: [&str; 3] = ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"];

impl Mpi {
    /// Starts the MPI library.
    ///
    /// # Errors
    ///
    /// The process has started it before. The launcher has started several processes, and belongs to
    /// another MPI library: each process would be a job of one rank.
    pub fn start() -> io::Result<Self> {
        let universe = mpi::initialize()
            .ok_or_else(|| io::Error::other("the MPI library was started before"))?;
        let control = universe.world().duplicate();
        let more = |name: &str| {
            std::env::var(name).is_ok_and(|size| size.parse().is_ok_and(|size: u32| size > 1))
        };
        let started = STARTED.into_iter().find(|name| more(name));
        if let Some(name) = started.filter(|_| control.size() == 1) {
            return Err(io::Error::other(format!(
                "the launcher has started several processes ({name}), and each is alone: it belongs to \
                 another MPI library than this program, which was built with {}",
                library()
            )));
        }
        Ok(Self { channels: Vec::new(), control, own: Vec::new(), _universe: universe })
    }

    /// The launcher of the MPI library that this program was built with, for any number of ranks on this
    /// machine, started by any user. `None` where there is none.
    pub fn launcher() -> Option<Command> {
        let (names, says, options): (_, _, &[_]) = match is_mpich() {
            true => (["mpirun.mpich", "mpirun"], "HYDRA", &[]),
            false => (
                ["mpirun.openmpi", "mpirun"],
                "Open MPI",
                &["--oversubscribe", "--allow-run-as-root"],
            ),
        };
        let fits = |name: &str| {
            let version = Command::new(name).arg("--version").output();
            version.is_ok_and(|said| String::from_utf8_lossy(&said.stdout).contains(says))
        };
        let mut command = Command::new(names.into_iter().find(|name| fits(name))?);
        command.args(options);
        Some(command)
    }
}

/// The first line of what the library says of itself.
fn library() -> String {
    let version = environment::library_version().unwrap_or_default();
    version.lines().next().unwrap_or_default().replace('\t', " ")
}

/// Whether the MPI library is MPICH.
pub fn is_mpich() -> bool {
    library().contains("MPICH")
}

fn finish<'a, D: ?Sized, S: Scope<'a>>(mut request: Request<'a, D, S>, pause: &mut dyn FnMut()) {
    loop {
        // Twice: what the first look takes in completes the request in the second one.
        for _ in 0..2 {
            match request.test() {
                Ok(_) => return,
                Err(unfinished) => request = unfinished,
            }
        }
        pause();
    }
}

/// Nodes at most that send each other their statuses, one message each: it takes as long as one. Beyond
/// it a sum over a tree has fewer messages.
const FEW: usize = 16;

impl Engine for Mpi {
    fn node(&self) -> usize {
        self.control.rank() as usize
    }

    fn nodes(&self) -> usize {
        self.control.size() as usize
    }

    fn open_channels(&mut self, count: usize) -> io::Result<()> {
        self.channels = (0..count).map(|_| self.control.duplicate()).collect();
        Ok(())
    }

    fn broadcast(
        &mut self,
        channel: usize,
        pieces: Vec<(usize, &mut [u8])>,
        pause: &mut dyn FnMut(),
    ) -> io::Result<()> {
        broadcast(&self.channels[channel], pieces, pause);
        Ok(())
    }

    fn sum(
        &mut self,
        channel: usize,
        numbers: &mut [f64],
        pause: &mut dyn FnMut(),
    ) -> io::Result<()> {
        self.own.clear();
        self.own.extend_from_slice(numbers);
        let (on, own, add) = (&self.channels[channel], &self.own[..], SystemOperation::sum());
        mpi::request::scope(|scope| {
            finish(on.immediate_all_reduce_into(scope, own, numbers, add), pause);
        });
        Ok(())
    }

    fn exchange(&mut self, own: &[u8], all: &mut [u8], pause: &mut dyn FnMut()) -> io::Result<()> {
        let on = &self.control;
        if self.nodes() <= FEW {
            mpi::request::scope(|scope| {
                finish(on.immediate_all_gather_into(scope, own, all), pause);
            });
            return Ok(());
        }
        let mut board = vec![0; all.len()];
        board[self.node() * own.len()..][..own.len()].copy_from_slice(own);
        let or = SystemOperation::bitwise_or();
        mpi::request::scope(|scope| {
            finish(on.immediate_all_reduce_into(scope, &board[..], all, or), pause);
        });
        Ok(())
    }

    fn tell(&mut self, from: usize, bytes: &mut [u8], pause: &mut dyn FnMut()) -> io::Result<()> {
        broadcast(&self.control, vec![(from, bytes)], pause);
        Ok(())
    }
}

fn broadcast(on: &SimpleCommunicator, pieces: Vec<(usize, &mut [u8])>, pause: &mut dyn FnMut()) {
    mpi::request::scope(|scope| {
        let start =
            |(from, bytes)| on.process_at_rank(from as i32).immediate_broadcast_into(scope, bytes);
        let requests: Vec<_> = pieces.into_iter().map(start).collect();
        requests.into_iter().for_each(|request| finish(request, pause));
    });
}
