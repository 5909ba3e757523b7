//! The rounds of a bridge, as time that passes.

use std::fmt;

/// What the nodes and the network between them are like.
#[derive(Debug, Clone, Copy)]
pub struct Machine {
    /// Seconds that a message of no length takes.
    pub latency: f64,
    /// Seconds of a processor for a message.
    pub handling: f64,
    /// Bytes a second of a link.
    pub bandwidth: f64,
    /// Bytes a second of a copy in memory.
    pub copy: f64,
    /// How long the system now and then leaves a bridge waiting for a processor, in seconds.
    pub delay: f64,
    /// In which share of its rounds.
    pub delayed: f64,
    /// Seconds between two looks of a bridge in silence.
    pub sleep: f64,
}

impl Default for Machine {
    fn default() -> Self {
        Self {
            latency: 5e-6,
            handling: 1e-6,
            bandwidth: 10e9 / 8.0,
            copy: 5e9,
            delay: 1e-3,
            delayed: 1e-3,
            sleep: 500e-6,
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "assumed: {:.0} µs for a message, {:.0} µs of them at its node, {:.1} Gbit/s, {:.0} GB/s to copy; one of {:.0} rounds of \
             a node begins {:.0} ms late",
            self.latency * 1e6,
            self.handling * 1e6,
            self.bandwidth * 8e-9,
            self.copy / 1e9,
            1.0 / self.delayed,
            self.delay * 1e3
        )
    }
}

/// A mode, for one field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Publish,
    Gather,
    Mean,
}

/// What is asked of the bridges.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    pub nodes: usize,
    /// Publications a second of each owner.
    pub rate: f64,
    /// Bytes of the field, of all rows together.
    pub size: f64,
}

impl Load {
    /// How many nodes publish.
    pub fn owners(&self, mode: Mode) -> usize {
        if mode == Mode::Publish { 1 } else { self.nodes }
    }
}

/// What was seen.
#[derive(Debug, Clone, Copy)]
pub struct Seen {
    /// Seconds of a round that moved something: the middle one.
    pub round: f64,
    /// Seconds from a publication to its arrival, of those that were sent: the middle one.
    pub middle: f64,
    /// And the one that only a hundredth is later than.
    pub late: f64,
    /// The share of publications that a newer one replaced before they were sent.
    pub left_out: f64,
}

/// Levels of a tree of all nodes.
fn levels(nodes: usize) -> f64 {
    (nodes as f64).log2().ceil()
}

fn broadcast(machine: &Machine, nodes: usize, bytes: f64) -> f64 {
    levels(nodes) * (machine.latency + bytes / machine.bandwidth)
}

/// Up the tree and down; long ones in a ring, where each byte goes twice.
fn reduce(machine: &Machine, nodes: usize, bytes: f64) -> f64 {
    let tree = 2.0 * broadcast(machine, nodes, bytes);
    let ring =
        2.0 * (nodes - 1) as f64 * (machine.latency + bytes / nodes as f64 / machine.bandwidth);
    tree.min(ring)
}

/// The statuses, a byte for each node and unit and one more: few nodes send each other a message each.
fn statuses(machine: &Machine, nodes: usize) -> f64 {
    match nodes {
        0..=16 => machine.latency + (nodes - 1) as f64 * machine.handling,
        _ => reduce(machine, nodes, 2.0 * nodes as f64),
    }
}

/// Broadcasts of so many owners at the same time. Each byte comes to each node once, and on the average
/// each passes it on once.
fn broadcasts(machine: &Machine, nodes: usize, owners: usize, bytes: f64) -> f64 {
    let next = machine.handling + bytes / machine.bandwidth;
    broadcast(machine, nodes, bytes) + (owners - 1) as f64 * next
}

/// A round in which the parts of so many owners move, if no node is late: the statuses, then the parts,
/// then a publication at each node.
pub fn quiet_round(machine: &Machine, mode: Mode, load: &Load, moved: usize) -> f64 {
    let Load { nodes, size, .. } = *load;
    let statuses = statuses(machine, nodes);
    if moved == 0 {
        return statuses;
    }
    let carried = match mode {
        Mode::Publish => broadcast(machine, nodes, size),
        Mode::Gather => broadcasts(machine, nodes, moved, size / nodes as f64),
        // Numbers of four bytes are added as eight.
        Mode::Mean => reduce(machine, nodes, 2.0 * size),
    };
    // Taken, laid over what is there, and published.
    statuses + carried + 3.0 * size / machine.copy
}

/// Lets bridges make rounds, with publications at random times.
pub fn simulate(machine: &Machine, mode: Mode, load: &Load, seed: u64) -> Seen {
    let mut random = fastrand::Rng::with_seed(seed);
    let owners = load.owners(mode);
    let wait = |random: &mut fastrand::Rng| -(1.0 - random.f64()).ln() / load.rate;
    let mut next: Vec<f64> = (0..owners).map(|_| wait(&mut random)).collect();
    // When the publication was made that is not sent yet.
    let mut newest: Vec<Option<f64>> = vec![None; owners];
    let (mut now, mut moved_at) = (0.0_f64, 0.0_f64);
    let (mut rounds, mut ages, mut made, mut replaced) = (Vec::new(), Vec::new(), 0_u64, 0_u64);
    while ages.len() < 20_000 && rounds.len() < 2_000 {
        // All nodes begin when the last one does.
        let sleep = if now - moved_at < 2e-3 { 0.0 } else { machine.sleep };
        let late = |random: &mut fastrand::Rng| {
            let delay = if random.f64() < machine.delayed { machine.delay } else { 0.0 };
            sleep * random.f64() + delay
        };
        let begun = now + (0..load.nodes).map(|_| late(&mut random)).fold(0.0, f64::max);
        for (next, newest) in next.iter_mut().zip(&mut newest) {
            while *next <= begun {
                replaced += u64::from(newest.replace(*next).is_some());
                made += 1;
                // Beyond some thousand in one round their number says nothing.
                *next += wait(&mut random).max((begun - *next) / 1000.0);
            }
        }
        let moved = newest.iter().flatten().count();
        let end = begun + quiet_round(machine, mode, load, moved);
        if moved > 0 {
            ages.extend(newest.iter_mut().filter_map(Option::take).map(|at| end - at));
            rounds.push(end - now);
            moved_at = end;
        } else if sleep == 0.0 && moved_at < now {
            // Nothing new in a moment of wakefulness: until the next publication, or until it is over.
            let wakes = next.iter().copied().fold(f64::INFINITY, f64::min);
            now = wakes.min(moved_at + 2e-3).max(end);
            continue;
        }
        now = end;
    }
    ages.sort_by(f64::total_cmp);
    rounds.sort_by(f64::total_cmp);
    Seen {
        round: rounds[rounds.len() / 2],
        middle: ages[ages.len() / 2],
        late: ages[ages.len() * 99 / 100],
        left_out: replaced as f64 / made as f64,
    }
}
