//! Nodes with regions, bridges and programs that count.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use shma_bridge::peers::Peers;
use shma_bridge::rules::Words;
use shma_bridge::{Error, Settings};
use shma_core::untyped::{self, State, Wait};

use crate::network::{End, Network};
use crate::support::{Names, change, create, declare, read, version};

const FIELDS: [(&str, &str); 4] =
    [("step", "u64"), ("halo", "[[u64; 8]; 7]"), ("a", "u64"), ("b", "[u64; 3]")];

/// The rules that all are told.
pub fn rules() -> Words {
    let own = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
    Words {
        publish: own(&["step@0", "a@1", "b@1"]),
        gather: own(&["halo"]),
        mean: Vec::new(),
        together: own(&["a,b"]),
    }
}

/// A number of nodes. Each counts in its rows of `halo`; node 0 also in `step`, node 1 in `a` and `b`.
pub struct World {
    pub names: Names,
    pub network: Rc<RefCell<Network>>,
    pub states: Vec<State>,
    pub bridges: Vec<Option<Peers<End>>>,
    pub now: Instant,
    counts: Vec<u64>,
    /// What each region held at the last look: the first number of each node's rows, and `step`.
    seen: Vec<Vec<u64>>,
}

impl World {
    pub fn new(nodes: usize, seed: u64) -> Self {
        let names = Names::new(nodes);
        let states = (0..nodes).map(|node| create(&names.of(node), &declare(&FIELDS))).collect();
        Self {
            network: Network::new(nodes, seed),
            states,
            bridges: (0..nodes).map(|_| None).collect(),
            now: Instant::now(),
            counts: vec![0; nodes],
            seen: vec![vec![0; nodes + 1]; nodes],
            names,
        }
    }

    pub fn nodes(&self) -> usize {
        self.states.len()
    }

    fn rows(&self, node: usize) -> std::ops::Range<usize> {
        8 * (node * 7 / self.nodes())..8 * ((node + 1) * 7 / self.nodes())
    }

    pub fn settings(&self) -> Settings {
        let wait = Duration::from_secs(5);
        Settings { rules: rules(), wait, part: 24, ..Settings::new(&self.names.pattern) }
    }

    /// Starts a bridge. A message is a few bytes, so that most values come in several.
    pub fn start(&mut self, node: usize) {
        let end = End { node, network: Rc::clone(&self.network) };
        let bridge = Peers::attach(end, self.settings(), &AtomicBool::new(false)).unwrap();
        self.bridges[node] = bridge;
        self.network.borrow_mut().there[node] = true;
    }

    /// Kills a bridge.
    pub fn kill(&mut self, node: usize) {
        self.bridges[node] = None;
        let mut network = self.network.borrow_mut();
        network.there[node] = false;
        network.clear(node);
    }

    pub fn step(&mut self, node: usize) -> Result<bool, Error> {
        let stepped = match &mut self.bridges[node] {
            Some(bridge) => bridge.step(self.now)?,
            None => false,
        };
        self.check(node);
        Ok(stepped)
    }

    /// A tenth of a second passes, and all bridges look.
    pub fn step_all(&mut self) {
        self.now += Duration::from_millis(100);
        for node in 0..self.nodes() {
            self.step(node).unwrap();
        }
    }

    /// Whether one of its units is as it was created.
    pub fn is_fresh(&self, node: usize) -> bool {
        FIELDS.iter().any(|(field, _)| version(&self.states[node], field) == 1)
    }

    /// A program counts on. It finds what it wrote last.
    pub fn count(&mut self, node: usize) {
        let (rows, count) = (self.rows(node), &mut self.counts[node]);
        change::<u64>(&self.states[node], "halo", |all| {
            let own = &mut all[rows.clone()];
            assert!(own.iter().all(|n| n == count), "node {node}: {own:?} and not {count}");
            *count += 1;
            own.fill(*count);
        });
        let state = &self.states[node];
        let bytes = count.to_ne_bytes();
        match node {
            0 => {
                state.field("step").unwrap().write(&bytes, Wait::Forever).unwrap();
            }
            1 => {
                let (a, b) = (state.field("a").unwrap(), state.field("b").unwrap());
                let three = bytes.repeat(3);
                state.write_all(&[(a, &bytes[..]), (b, &three)], Wait::Forever).unwrap();
            }
            _ => {}
        }
    }

    /// No value goes back, none is torn, and no group is mixed.
    fn check(&mut self, node: usize) {
        let halo = read::<u64>(&self.states[node], "halo");
        let mut now = Vec::new();
        for owner in 0..self.nodes() {
            let rows = &halo[self.rows(owner)];
            assert!(rows.iter().all(|n| *n == rows[0]), "node {node} has torn rows: {rows:?}");
            now.push(rows[0]);
        }
        now.extend(read::<u64>(&self.states[node], "step"));
        let before = std::mem::replace(&mut self.seen[node], now.clone());
        let later = now.iter().zip(&before).all(|(now, before)| now >= before);
        assert!(later, "node {node} goes back from {before:?} to {now:?}");
        let state = &self.states[node];
        let (mut a, mut b) = ([0; 8], [0; 24]);
        let fields = (state.field("a").unwrap(), state.field("b").unwrap());
        state.snapshot(&mut [(fields.0, &mut a), (fields.1, &mut b)]).unwrap();
        assert_eq!(a.repeat(3), b, "node {node} has a mixed group");
    }

    /// Whether all other regions hold all that a node has counted.
    pub fn is_kept(&self, node: usize) -> bool {
        let count = self.counts[node];
        (0..self.nodes()).filter(|other| *other != node).all(|other| {
            let state = &self.states[other];
            read::<u64>(state, "halo")[self.rows(node)].iter().all(|n| *n == count)
                && (node != 0 || read::<u64>(state, "step") == [count])
                && (node != 1 || read::<u64>(state, "a") == [count])
        })
    }

    pub fn has_all(&self) -> bool {
        (0..self.nodes()).all(|node| self.is_kept(node))
    }

    /// Removes a region, and makes it anew.
    pub fn remake(&mut self, node: usize) {
        let name = self.names.of(node);
        untyped::options().unlink(&name).unwrap();
        self.states[node] = create(&name, &declare(&FIELDS));
        self.seen[node].fill(0);
    }

    pub fn versions(&self) -> Vec<u64> {
        let of = |state| FIELDS.map(|(field, _)| version(state, field));
        self.states.iter().flat_map(of).collect()
    }
}
