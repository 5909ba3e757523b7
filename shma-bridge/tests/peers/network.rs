//! A network of queues.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::rc::Rc;

use shma_bridge::peers::{To, Wire};

/// All that is under way, and what the network does to it.
#[derive(Debug)]
pub struct Network {
    nodes: usize,
    /// From each node to each node.
    queues: Vec<VecDeque<Vec<u8>>>,
    /// Whether a bridge is there.
    pub there: Vec<bool>,
    /// On which side of the gap each node is.
    pub side: Vec<bool>,
    /// Of how many messages one is lost; 0: of none.
    pub loses: u32,
    /// Whether a message to all comes back, as it does to two bridges of one node.
    pub echoes: bool,
    pub random: fastrand::Rng,
    /// What all clocks say.
    pub clock: u64,
    /// Messages that were sent since the start.
    pub sent: usize,
}

impl Network {
    pub fn new(nodes: usize, seed: u64) -> Rc<RefCell<Self>> {
        Rc::new(RefCell::new(Self {
            nodes,
            queues: vec![VecDeque::new(); nodes * nodes],
            there: vec![false; nodes],
            side: vec![false; nodes],
            loses: 0,
            echoes: false,
            random: fastrand::Rng::with_seed(seed),
            clock: 1 << 40,
            sent: 0,
        }))
    }

    /// What was under way to and from a bridge that is gone is lost.
    pub fn clear(&mut self, node: usize) {
        for other in 0..self.nodes {
            self.queues[node * self.nodes + other].clear();
            self.queues[other * self.nodes + node].clear();
        }
    }
}

/// A node's end of it.
#[derive(Debug)]
pub struct End {
    pub node: usize,
    pub network: Rc<RefCell<Network>>,
}

impl Wire for End {
    fn node(&self) -> usize {
        self.node
    }

    fn nodes(&self) -> usize {
        self.network.borrow().nodes
    }

    fn send(&mut self, to: To, message: Vec<u8>) -> io::Result<()> {
        let network = &mut *self.network.borrow_mut();
        for node in 0..network.nodes {
            let meant = match to {
                To::All => node != self.node || network.echoes,
                To::Node(one) => node == one,
            };
            let reached = network.there[node] && network.side[node] == network.side[self.node];
            let lost = network.loses > 0 && network.random.u32(0..network.loses) == 0;
            if meant && reached && !lost {
                network.queues[self.node * network.nodes + node].push_back(message.clone());
            }
            network.sent += usize::from(meant);
        }
        Ok(())
    }

    fn receive(&mut self) -> Option<Vec<u8>> {
        let network = &mut *self.network.borrow_mut();
        let waiting: Vec<usize> = (0..network.nodes)
            .map(|from| from * network.nodes + self.node)
            .filter(|queue| !network.queues[*queue].is_empty())
            .collect();
        let queue = *waiting.get(network.random.usize(..waiting.len().max(1)))?;
        network.queues[queue].pop_front()
    }

    fn clock(&self) -> u64 {
        let mut network = self.network.borrow_mut();
        network.clock += 1;
        network.clock
    }
}
