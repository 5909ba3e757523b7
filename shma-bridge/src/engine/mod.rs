//! What carries bytes between the nodes.

mod local;
#[cfg(feature = "mpi")]
mod mpi;

use std::io;

#[cfg(feature = "mpi")]
pub use self::mpi::{Mpi, is_mpich};
pub use local::Local;

/// The nodes of a job, and what they can do together.
///
/// All calls except the first two are collective: every node makes the same calls in the same order,
/// with buffers of the same length. A call returns when this node is through with it. Meanwhile it calls
/// `pause` between two looks, which sleeps or yields.
///
/// A bridge that dies ends the calls of the others with an error, or ends the others as well.
pub trait Engine {
    /// This node.
    fn node(&self) -> usize;

    /// How many nodes there are.
    fn nodes(&self) -> usize;

    /// Makes channels with the numbers from 0 on, one for each field.
    ///
    /// # Errors
    ///
    /// Another node is gone.
    fn open_channels(&mut self, count: usize) -> io::Result<()>;

    /// Replaces the bytes of each piece by those of the node that stands with it. All pieces move at the
    /// same time.
    ///
    /// # Errors
    ///
    /// Another node is gone.
    fn broadcast(
        &mut self,
        channel: usize,
        pieces: Vec<(usize, &mut [u8])>,
        pause: &mut dyn FnMut(),
    ) -> io::Result<()>;

    /// Replaces each number by the sum of all nodes' numbers at its place, the same bits on all nodes.
    ///
    /// # Errors
    ///
    /// Another node is gone.
    fn sum(
        &mut self,
        channel: usize,
        numbers: &mut [f64],
        pause: &mut dyn FnMut(),
    ) -> io::Result<()>;

    /// Puts the bytes of all nodes one after the other: as many of each, the own ones included. It has a
    /// channel of its own, from the beginning.
    ///
    /// # Errors
    ///
    /// Another node is gone.
    fn exchange(&mut self, own: &[u8], all: &mut [u8], pause: &mut dyn FnMut()) -> io::Result<()>;

    /// Replaces the bytes by those of node `from`, on the channel of [`exchange`](Self::exchange).
    ///
    /// # Errors
    ///
    /// Another node is gone.
    fn tell(&mut self, from: usize, bytes: &mut [u8], pause: &mut dyn FnMut()) -> io::Result<()>;
}
