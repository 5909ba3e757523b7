//! The upper half of the plate, in Rust, as `examples/coupled/solver.cpp` is the lower one.

use anyhow::{Result, ensure};
use shma_core::{Shm, ShmState};
use shma_examples::scheme;

/// Rows of a half, between its outermost ones of the step before.
pub const ROWS: usize = 34;
/// The number of a row's step, and 64 temperatures.
pub const WIDTH: usize = 65;

pub type Row = [f64; WIDTH];
pub type Half = [Row; ROWS];

/// What the two processes share.
#[derive(Debug, ShmState)]
pub struct Plate {
    pub lower: Half,
    pub upper: Half,
}

/// The plate of `heat` at step 0: two modes that decay.
pub fn initial() -> Box<Plate> {
    use std::f64::consts::PI;
    let sine = |waves: f64, index: usize| (waves * PI * index as f64 * (1.0 / WIDTH as f64)).sin();
    let mut plate = Plate::zeroed();
    for (index, half) in [&mut plate.lower, &mut plate.upper].into_iter().enumerate() {
        for (at, row) in half[1..ROWS - 1].iter_mut().enumerate() {
            let y = index * (ROWS - 2) + at + 1;
            let heights = [1.0 * sine(1.0, y), 0.3 * sine(3.0, y)];
            for (x, cell) in row.iter_mut().enumerate().skip(1) {
                *cell = heights[0] * sine(1.0, x) + heights[1] * sine(2.0, x);
            }
        }
        half[0][0] = -1.0;
        half[ROWS - 1][0] = -1.0;
    }
    plate
}

/// Solves the upper half from the step that it is at.
pub fn solve(plate: &Shm<Plate>, steps: u64) -> Result<()> {
    let mut now = plate.upper.read();
    let mut next = now;
    while now[1][0] < steps as f64 {
        let beside = row_beside(plate, now[1][0])?;
        advance(&now, &beside, &mut next);
        plate.upper.write(&next);
        now = next;
    }
    Ok(())
}

/// Waits until the lower half has published its last row of this step.
fn row_beside(plate: &Shm<Plate>, step: f64) -> Result<Row> {
    let mut rows = [[0.0; WIDTH]; 2];
    loop {
        // Before the rows, so that a publication in between ends the wait.
        let version = plate.lower.version();
        plate.lower.read_range(ROWS - 2.., &mut rows);
        if let Some(row) = rows.iter().find(|row| row[0] == step) {
            return Ok(*row);
        }
        ensure!(rows[1][0] < step, "the other half is more than one step ahead");
        plate.lower.wait_newer(version, std::time::Duration::MAX)?;
    }
}

fn advance(now: &Half, below: &Row, next: &mut Half) {
    next[0] = now[1];
    next[ROWS - 1] = now[ROWS - 2];
    for y in 1..ROWS - 1 {
        let south = if y == 1 { below } else { &now[y - 1] };
        let north = if y == ROWS - 2 { &[0.0; WIDTH] } else { &now[y + 1] };
        scheme::advance_row(&now[y], south, north, &mut next[y]);
        next[y][0] = now[y][0] + 1.0;
    }
}

/// As `heat` sums up its plate.
pub fn checksum(plate: &Plate) -> u64 {
    let rows = plate.lower[1..ROWS - 1].iter().chain(&plate.upper[1..ROWS - 1]);
    scheme::checksum(rows.flat_map(|row| &row[1..]))
}
