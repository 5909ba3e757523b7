//! What carries messages between peers.

use std::io;
use std::time::{SystemTime, UNIX_EPOCH};

/// Who gets a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum To {
    /// All peers that are there.
    All,
    /// This node.
    Node(usize),
}

/// Carries messages between peers. It may lose them, and may hold them back; it never changes one, and
/// never overtakes an earlier one of the same sender to the same receivers.
pub trait Wire {
    /// This node.
    fn node(&self) -> usize;

    /// How many nodes there are, be their bridges there or not.
    fn nodes(&self) -> usize;

    /// Sends a message.
    ///
    /// # Errors
    ///
    /// This node can send no more.
    fn send(&mut self, to: To, message: Vec<u8>) -> io::Result<()>;

    /// The next message that has arrived.
    fn receive(&mut self) -> Option<Vec<u8>>;

    /// Nanoseconds of a clock that goes on while no bridge runs. Clocks of two nodes are never compared,
    /// and one that is set back costs a message.
    fn clock(&self) -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    }
}
