//! Nodes as the ranks of an MPI job.
//!
//! Collectives and nothing else, and none that blocks: a rank that waits inside the library would burn a
//! core and not see a signal. Each field has a communicator of its own.

use std::io;

use mpi::collective::SystemOperation;
use mpi::environment::Universe;
use mpi::request::{Request, Scope};
use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator, CommunicatorCollectives, Root};

use super::Engine;

/// A rank of an MPI job. The library ends the other ranks if one of them dies.
pub struct Mpi {
    channels: Vec<SimpleCommunicator>,
    control: SimpleCommunicator,
    /// After the communicators, which are freed before the library ends.
    _universe: Universe,
}

impl std::fmt::Debug for Mpi {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mpi").field("node", &self.node()).field("nodes", &self.nodes()).finish()
    }
}

impl Mpi {
    /// Starts the MPI library; `None` if the process has started it before.
    pub fn start() -> Option<Self> {
        let universe = mpi::initialize()?;
        let control = universe.world().duplicate();
        Some(Self { channels: Vec::new(), control, _universe: universe })
    }
}

fn finish<'a, D: ?Sized, S: Scope<'a>>(mut request: Request<'a, D, S>, pause: &mut dyn FnMut()) {
    while let Err(unfinished) = request.test() {
        request = unfinished;
        pause();
    }
}

fn broadcast(on: &SimpleCommunicator, from: usize, bytes: &mut [u8], pause: &mut dyn FnMut()) {
    let root = on.process_at_rank(from as i32);
    mpi::request::scope(|scope| finish(root.immediate_broadcast_into(scope, bytes), pause));
}

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
        from: usize,
        bytes: &mut [u8],
        pause: &mut dyn FnMut(),
    ) -> io::Result<()> {
        broadcast(&self.channels[channel], from, bytes, pause);
        Ok(())
    }

    fn sum(
        &mut self,
        channel: usize,
        numbers: &mut [f64],
        pause: &mut dyn FnMut(),
    ) -> io::Result<()> {
        let (on, own) = (&self.channels[channel], numbers.to_vec());
        let add = SystemOperation::sum();
        mpi::request::scope(|scope| {
            finish(on.immediate_all_reduce_into(scope, &own[..], numbers, add), pause);
        });
        Ok(())
    }

    fn union(&mut self, bytes: &mut [u8], pause: &mut dyn FnMut()) -> io::Result<()> {
        let (on, own) = (&self.control, bytes.to_vec());
        let or = SystemOperation::bitwise_or();
        mpi::request::scope(|scope| {
            finish(on.immediate_all_reduce_into(scope, &own[..], bytes, or), pause);
        });
        Ok(())
    }

    fn tell(&mut self, from: usize, bytes: &mut [u8], pause: &mut dyn FnMut()) -> io::Result<()> {
        broadcast(&self.control, from, bytes, pause);
        Ok(())
    }
}
