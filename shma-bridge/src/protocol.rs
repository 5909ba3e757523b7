//! What is decided in a round: which values move, from which node, and what of them a node takes. It
//! is pure, so that `tests/protocol` explores it whole.
//!
//! A *unit* is one field, or the fields of a group. In each round every node says how it stands with
//! each unit; all nodes learn what all have said, and so all decide the same.
//!
//! Only the regions are kept when a bridge dies, so they have to say who may send:
//!
//! - A unit is *fresh* if all its fields are at version 1, as they were created. A fresh node is not a
//!   source as long as another node is not fresh: the first of those sends the fresh node's part, which
//!   the region may have lost.
//! - A fresh node takes all of a unit or nothing, in one publication. If it took a part, it would not be
//!   fresh after it, and then send what it never got.
//! - What a fresh node takes it takes under the semaphore, and only if it is still fresh there.
//! - A node that is not fresh never takes its own part.
//! - A publication that a bridge made is no news to it. So a value goes round once.
//! - A small part that has changed goes along with the status that says so: it was read before that, and
//!   is not read again.
//! - Another part that has changed may be read while the node waits for the statuses of the others. That
//!   says nothing yet: it moves once a status says that it has changed, and counts as the publication that
//!   was read.

/// How a node stands with a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Status(pub u8);

impl Status {
    /// The node has no region at present.
    pub const ABSENT: Self = Self(0);
    /// The node has a region.
    pub const PRESENT: Self = Self(1);
    /// All fields of the unit are at version 1.
    pub const FRESH: Self = Self(2);
    /// The node needs the values of all, and so all send.
    pub const WANTS: Self = Self(4);
    /// There is a publication in the node's own part that it has not sent.
    pub const CHANGED: Self = Self(8);
    /// Values have arrived, and a local program holds the semaphore.
    pub const PENDING: Self = Self(16);

    /// Whether all of this is said.
    pub fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both together, or `self` if the condition does not hold.
    #[must_use]
    pub fn and(self, other: Self, condition: bool) -> Self {
        if condition { Self(self.0 | other.0) } else { self }
    }
}

/// What of a unit decides when it moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// A field of it is in `mean`: it moves when the time has come.
    pub mean: bool,
    /// It has several fields, which always move together.
    pub group: bool,
}

/// What moves in a round.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The nodes that send, in order.
    pool: Vec<usize>,
    /// Whether all parts of all fields move.
    full: bool,
    changed: Vec<bool>,
}

impl Plan {
    /// Decides what moves of a unit; `None` if nothing does.
    pub fn of(statuses: &[Status], pace: Pace, due: bool) -> Option<Self> {
        let having = |what: Status| {
            let nodes = statuses.iter().enumerate();
            nodes.filter(move |(_, status)| status.has(what)).map(|(node, _)| node)
        };
        let present: Vec<usize> = having(Status::PRESENT).collect();
        let settled = present.iter().copied().filter(|&node| !statuses[node].has(Status::FRESH));
        let mut pool: Vec<usize> = settled.collect();
        if pool.is_empty() {
            pool = present;
        }
        if pool.is_empty() {
            return None;
        }
        let wanted = having(Status::WANTS).next().is_some();
        let mut changed = vec![false; statuses.len()];
        for &node in &pool {
            changed[node] = statuses[node].has(Status::CHANGED);
        }
        let news = changed.contains(&true) && (due || !pace.mean);
        // A mean that one node still has to apply refers to what that node has sent for it.
        let stuck = pace.mean && having(Status::PENDING).next().is_some();
        if stuck || !(wanted || news) {
            return None;
        }
        Some(Self { pool, full: wanted || pace.mean || pace.group, changed })
    }

    /// The node that sends the part of this owner.
    pub fn source(&self, owner: usize) -> usize {
        if self.pool.contains(&owner) { owner } else { self.pool[0] }
    }

    /// Whether the part of this owner moves.
    pub fn moves(&self, owner: usize) -> bool {
        self.full || self.is_news(owner)
    }

    /// Whether the owner has published anew.
    pub fn is_news(&self, owner: usize) -> bool {
        self.changed[owner]
    }

    /// Whether the node sends, or gives its numbers to a mean.
    pub fn is_source(&self, node: usize) -> bool {
        self.pool.contains(&node)
    }

    /// The number of nodes that give their numbers to a mean.
    pub fn sources(&self) -> usize {
        self.pool.len()
    }

    /// Whether all parts move.
    pub fn is_full(&self) -> bool {
        self.full
    }
}

/// Whether a node takes a part that has arrived. `own`: it owns the part. `fresh`: all fields of the
/// unit are at version 1, and the semaphore is held. `full`: all parts have arrived.
pub fn takes(own: bool, fresh: bool, full: bool) -> bool {
    if fresh { full } else { !own }
}

/// Whether the node's own part goes along with its status. `small`: there is room for it. It always moves
/// then, from this node: a node that has changed is a source.
pub fn goes_along(status: Status, small: bool) -> bool {
    small && status.has(Status::CHANGED)
}

/// The publication that counts as sent after the bridge itself has published `after` over `before`.
/// `adopted`: the node was fresh, and took all.
pub fn sent(sent: u64, before: u64, after: u64, adopted: bool) -> u64 {
    if adopted || sent == before { after } else { sent }
}
