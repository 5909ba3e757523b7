//! The regions, the bridges, and all that may happen to them.

mod steps;

use std::collections::HashSet;

use shma_bridge::protocol::Status;

/// Nodes at most.
const MOST: usize = 3;
/// Rounds without any event, after which nothing may move any more.
const SETTLED: usize = 12;

/// How much may happen.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub nodes: usize,
    /// At each node.
    pub writes: u8,
    pub remakes: u8,
    pub kills: u8,
    pub busy: u8,
    /// What a node's own row is created with; the others are zero.
    pub own: u8,
    /// Whether rows that have changed go along with the statuses.
    pub small: bool,
}

/// A wrong variant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    None,
    SendsWhenFresh,
    Echo,
    AdoptsParts,
    AdoptsUnseen,
    TakesOwn,
    ReadsUnsent,
    CountsLocal,
    AdoptsSilently,
    ReadsAgain,
    CountsAhead,
    CountsNewest,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Region {
    version: u8,
    rows: [u8; MOST],
    /// Counts regions of the name.
    instance: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Pending {
    full: bool,
    from: [bool; MOST],
    rows: [u8; MOST],
}

/// What a bridge knows, and loses when it dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
struct Bridge {
    instance: u8,
    /// The region that it is still attached to, if the name leads to another one.
    retired: Option<Region>,
    sent: u8,
    filled: bool,
    pending: Option<Pending>,
    status: Status,
    /// The version and the rows that it has read while it waited.
    ahead: Option<(u8, [u8; MOST])>,
    /// What it has read to send.
    read: [u8; MOST],
    /// What went along with its status.
    along: Option<u8>,
}

/// Where the round is; the nodes that are through with the step, as bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Phase {
    Look(u8),
    Read(u8),
    Apply(u8),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct State {
    regions: [Region; MOST],
    bridges: [Bridge; MOST],
    phase: Phase,
    /// What each row has to be in the end.
    expected: [u8; MOST],
    /// Rows whose first value is not promised: another node was written to before theirs was sent, and
    /// a new region adopts what the others have.
    unsaid: [bool; MOST],
    writes: [u8; MOST],
    remakes: u8,
    kills: u8,
    busy: u8,
}

fn created(node: usize, own: u8, instance: u8) -> Region {
    let mut rows = [0; MOST];
    rows[node] = own;
    Region { version: 1, rows, instance }
}

impl State {
    /// Whether this is what the row of the node has to be.
    fn is_right(&self, node: usize, row: u8, own: u8) -> bool {
        let expected = self.expected[node];
        row == expected || self.unsaid[node] && row == expected - own
    }
}

struct Model {
    limits: Limits,
    fault: Fault,
}

/// Visits every state, and lets each come to rest.
pub fn explore(limits: Limits, fault: Fault) -> Result<usize, String> {
    let model = Model { limits, fault };
    let start = State {
        regions: std::array::from_fn(|node| created(node, limits.own, 1)),
        bridges: Default::default(),
        phase: Phase::Look(0),
        expected: [limits.own; MOST],
        unsaid: [false; MOST],
        writes: [0; MOST],
        remakes: 0,
        kills: 0,
        busy: 0,
    };
    let mut seen = HashSet::from([start.clone()]);
    let mut waiting = vec![start];
    while let Some(state) = waiting.pop() {
        model.check(&state)?;
        if state.phase == Phase::Look(0) {
            model.settle(state.clone())?;
        }
        for next in model.successors(&state) {
            if seen.insert(next.clone()) {
                waiting.push(next);
            }
        }
    }
    Ok(seen.len())
}

impl Model {
    fn nodes(&self) -> std::ops::Range<usize> {
        0..self.limits.nodes
    }

    /// Whether all nodes have the same rows, and the right ones.
    fn agree(&self, state: &State) -> bool {
        let first = state.regions[0].rows;
        let same = |node: usize| {
            let rows = state.regions[node].rows;
            self.nodes().all(|row| rows[row] == first[row])
        };
        self.nodes().all(|node| same(node) && state.is_right(node, first[node], self.limits.own))
    }

    /// No local write is ever lost where it was made.
    fn check(&self, state: &State) -> Result<(), String> {
        for node in self.nodes() {
            let region = &state.regions[node];
            if region.instance == 1 && !state.is_right(node, region.rows[node], self.limits.own) {
                return Err(format!("a write of node {node} is lost at home: {state:?}"));
            }
        }
        Ok(())
    }

    /// Without any more events the rounds come to rest, with the same rows everywhere.
    fn settle(&self, mut state: State) -> Result<(), String> {
        let first = state.clone();
        for _ in 0..SETTLED {
            for node in self.nodes() {
                self.look(&mut state, node);
            }
            let Some(plan) = self.plan(&state) else {
                return match self.agree(&state) {
                    true => Ok(()),
                    false => Err(format!("a row is lost: {first:?} comes to rest as {state:?}")),
                };
            };
            for node in self.nodes() {
                self.read(&mut state, &plan, node);
            }
            for node in self.nodes() {
                self.receive(&mut state, &plan, node);
                self.apply(&mut state, node);
            }
        }
        Err(format!("values go round for ever: {first:?}"))
    }

    fn successors(&self, state: &State) -> Vec<State> {
        let mut found = Vec::new();
        let mut add = |change: &dyn Fn(&mut State)| {
            let mut next = state.clone();
            change(&mut next);
            found.push(next);
        };
        for node in self.nodes() {
            if state.writes[node] < self.limits.writes {
                add(&|next| self.write(next, node));
            }
            if state.remakes < self.limits.remakes && self.agree(state) {
                add(&|next| {
                    next.remakes += 1;
                    let old = state.regions[node];
                    next.regions[node] = created(node, self.limits.own, old.instance + 1);
                    if next.bridges[node].instance == old.instance {
                        next.bridges[node].retired = Some(old);
                    }
                });
            }
        }
        if state.kills < self.limits.kills {
            add(&|next| {
                next.kills += 1;
                next.bridges = Default::default();
                next.phase = Phase::Look(0);
            });
        }
        let left = |done: u8| self.nodes().filter(move |node| done & (1 << node) == 0);
        let all = (1_u8 << self.limits.nodes) - 1;
        match state.phase {
            Phase::Look(done) => {
                for node in self.nodes().filter(|node| done & (1 << node) != 0) {
                    if self.reads_ahead(state, node) {
                        add(&|next| self.read_ahead(next, node));
                    }
                }
                for node in left(done) {
                    add(&|next| {
                        self.look(next, node);
                        let done = done | 1 << node;
                        next.phase = Phase::Look(done);
                        if done == all {
                            let plan = self.plan(next);
                            next.phase =
                                if plan.is_some() { Phase::Read(0) } else { Phase::Look(0) };
                        }
                    });
                }
            }
            Phase::Read(done) => {
                let Some(plan) = self.plan(state) else { unreachable!("it was made") };
                for node in left(done) {
                    add(&|next| {
                        self.read(next, &plan, node);
                        let done = done | 1 << node;
                        next.phase = Phase::Read(done);
                        if done == all {
                            self.nodes().for_each(|node| self.receive(next, &plan, node));
                            next.phase = Phase::Apply(0);
                        }
                    });
                }
            }
            Phase::Apply(done) => {
                for node in left(done) {
                    let after = done | 1 << node;
                    let phase = if after == all { Phase::Look(0) } else { Phase::Apply(after) };
                    add(&|next| {
                        self.apply(next, node);
                        next.phase = phase;
                    });
                    if state.busy < self.limits.busy {
                        add(&|next| {
                            next.busy += 1;
                            next.phase = phase;
                        });
                    }
                }
            }
        }
        found
    }
}
