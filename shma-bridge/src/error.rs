//! What can go wrong, and how it is said.

use std::io::{self, Write};

/// Why a bridge ends. Every message that is about a field names it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A field cannot be mirrored like this.
    #[error("field `{field}` cannot be mirrored: {reason}")]
    #[non_exhaustive]
    Rule {
        /// The field.
        field: String,
        /// What is wrong, and what to write instead.
        reason: String,
    },
    /// There is nothing to do.
    #[error(
        "no field is to be mirrored: name one with --publish FIELD@NODE, --gather FIELD or --mean FIELD"
    )]
    NoRule,
    /// A node has found a reason to end. All nodes end with this.
    #[error("node {node}: {reason}")]
    #[non_exhaustive]
    Node {
        /// The node.
        node: usize,
        /// What it has found.
        reason: String,
    },
    /// The nodes differ in what has to be the same. All nodes end with this.
    #[error("node {node} and node {other} differ in {what}")]
    #[non_exhaustive]
    Differ {
        /// The first node that differs.
        node: usize,
        /// The node that it was compared with.
        other: usize,
        /// In what, and how.
        what: String,
    },
    /// A node's region was made anew with another layout.
    #[error("region `{name}` was made anew with another layout:\n{difference}")]
    #[non_exhaustive]
    Anew {
        /// The region.
        name: String,
        /// One line for each field that differs.
        difference: String,
    },
    /// The region, or a field of it.
    #[error(transparent)]
    Region(#[from] shma_core::Error),
    /// Another bridge has the number of this node. The one that was started later ends with this.
    #[error("node {node} has a bridge already: each node has one, with a number of its own")]
    #[non_exhaustive]
    Twin {
        /// The node.
        node: usize,
    },
    /// What carries messages between peers does not start, or ends.
    #[error("no peers can be reached: {0}")]
    Peers(#[source] io::Error),
    /// The engine between the nodes: another node's bridge has died.
    #[error("the bridge of another node is gone: {0}; start all bridges again, nothing is lost")]
    Engine(#[from] io::Error),
}

/// Says something on standard error. Several bridges may have the same one, so a text goes there in one
/// call, and does not mix with another.
pub fn say(text: &str) {
    // Where it cannot be said, there is nothing else to be done.
    let _ = io::stderr().write_all(format!("shma-bridge: {text}\n").as_bytes());
}
