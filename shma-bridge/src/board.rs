//! What all nodes say at the head of a round.

use std::io;
use std::ops::Range;

use crate::engine::Engine;
use crate::protocol::Status;

/// A row of each node: its head, a status for each unit, and what goes along with them.
#[derive(Debug)]
pub(crate) struct Board {
    row: usize,
    bytes: Vec<u8>,
}

impl Board {
    /// Tells all nodes a row, and gets those of all, which are as long.
    pub(crate) fn exchange(
        engine: &mut impl Engine,
        row: &[u8],
        pause: &mut dyn FnMut(),
    ) -> io::Result<Self> {
        let mut bytes = vec![0; engine.nodes() * row.len()];
        engine.exchange(row, &mut bytes, pause)?;
        Ok(Self { row: row.len(), bytes })
    }

    fn rows(&self) -> impl Iterator<Item = &[u8]> {
        self.bytes.chunks_exact(self.row)
    }

    /// What is at the head of any node.
    pub(crate) fn heads(&self) -> u8 {
        self.rows().fold(0, |heads, row| heads | row[0])
    }

    /// The first node that has this at its head.
    pub(crate) fn first(&self, head: u8) -> Option<usize> {
        self.rows().position(|row| row[0] & head != 0)
    }

    /// How all nodes stand with a unit.
    pub(crate) fn statuses(&self, unit: usize) -> Vec<Status> {
        self.rows().map(|row| Status(row[1 + unit])).collect()
    }

    /// What has come along from a node, at its place behind the head.
    pub(crate) fn along(&self, node: usize, place: Range<usize>) -> &[u8] {
        &self.bytes[node * self.row + 1..][place]
    }
}
