//! Half of the plate, as the host that solves it has it.
//!
//! A half is at a step, and needs the row beside it of that step. The other host is never more than one
//! step ahead, since it needs a row of this one in its turn. So it offers two rows: that of its step and
//! that of the one before. Publications that come faster than a bridge sends them are left out, and the
//! newest one always has the row that is wanted.

use anyhow::{Result, ensure};
use shma_core::{Error, Shm, ShmState};
use shma_examples::lifeline::{Lifeline, PATIENCE};
use shma_examples::scheme;
use shma_hosts::bridges::HOSTS;

/// Rows of a half.
const ROWS: usize = 128;
/// The number of a row's step, and 256 temperatures.
const WIDTH: usize = 257;

type Row = [f64; WIDTH];
type Half = [Row; ROWS];

/// The state of a host. Its solver alone uses `half`; of `edges` each host owns a row.
#[derive(Debug, ShmState)]
pub struct Host {
    /// What this host solves. The place of the point on the edge holds the step.
    pub half: [[f64; WIDTH]; ROWS],
    /// Of each host the row at the cut, and what it was a step before.
    pub edges: [[[f64; WIDTH]; 2]; HOSTS],
}

/// The region of a host.
pub fn name_of(name: &str, host: usize) -> String {
    name.replace("{rank}", &host.to_string())
}

/// Removes all regions of a solution.
pub fn remove(name: &str) {
    for host in 0..HOSTS {
        // It is no error if another process has done it.
        let _ = Host::unlink(&name_of(name, host));
    }
}

/// The plate of `heat` at step 0: two modes that decay. No host has told a row yet.
pub fn initial(host: usize) -> Box<Host> {
    use std::f64::consts::PI;
    let sine = |waves: f64, index: usize| (waves * PI * index as f64 * (1.0 / WIDTH as f64)).sin();
    let mut state = Host::zeroed();
    for (at, row) in state.half.iter_mut().enumerate() {
        let y = host * ROWS + at + 1;
        let heights = [1.0 * sine(1.0, y), 0.3 * sine(3.0, y)];
        for (x, cell) in row.iter_mut().enumerate().skip(1) {
            *cell = heights[0] * sine(1.0, x) + heights[1] * sine(2.0, x);
        }
    }
    state.edges.iter_mut().flatten().for_each(|row| row[0] = -1.0);
    state
}

/// The step that a half is at.
pub fn step(host: &Shm<Host>) -> u64 {
    host.half.get(0)[0] as u64
}

/// Where the row at the cut lies in a half.
fn at_cut(host: usize) -> usize {
    if host == 0 { ROWS - 1 } else { 0 }
}

/// Solves a half up to a step, or until it is not wanted any more.
pub fn solve(name: &str, host: usize, steps: u64, lifeline: &Lifeline) -> Result<()> {
    let shared = Host::open(&name_of(name, host))?;
    let mut now = shared.half.read_boxed();
    let mut next = now.clone();
    let mut before = now[at_cut(host)];
    before[0] = -1.0;
    shared.edges.set(host, [now[at_cut(host)], before]);
    while now[0][0] < steps as f64 {
        let Some(beside) = row_beside(&shared, 1 - host, now[0][0], lifeline)? else {
            return Ok(());
        };
        advance(&now, host, &beside, &mut next);
        shared.half.write(&next);
        shared.edges.set(host, [next[at_cut(host)], now[at_cut(host)]]);
        std::mem::swap(&mut now, &mut next);
    }
    Ok(())
}

/// Waits until the other host's row of this step has come; `None` if it is not wanted any more.
fn row_beside(
    shared: &Shm<Host>,
    other: usize,
    step: f64,
    lifeline: &Lifeline,
) -> Result<Option<Row>> {
    let mut rows = [[[0.0; WIDTH]; 2]; HOSTS];
    while !lifeline.is_cut() {
        let seen = shared.edges.read_into(&mut rows);
        if let Some(row) = rows[other].iter().find(|row| row[0] == step) {
            return Ok(Some(*row));
        }
        ensure!(rows[other][0][0] < step, "the other host is more than one step ahead");
        match shared.edges.wait_newer(seen, PATIENCE) {
            Ok(_) | Err(Error::Timeout { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}

fn advance(now: &Half, host: usize, beside: &Row, next: &mut Half) {
    let edge = [0.0; WIDTH];
    let (below, above) = if host == 0 { (&edge, beside) } else { (beside, &edge) };
    for y in 0..ROWS {
        let south = if y == 0 { below } else { &now[y - 1] };
        let north = if y == ROWS - 1 { above } else { &now[y + 1] };
        scheme::advance_row(&now[y], south, north, &mut next[y]);
        next[y][0] = now[y][0] + 1.0;
    }
}

/// As `heat` sums up its plate.
pub fn checksum<'a>(halves: impl Iterator<Item = &'a Half>) -> u64 {
    scheme::checksum(halves.flatten().flat_map(|row| &row[1..]))
}
