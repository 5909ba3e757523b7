//! Two solvers that exchange boundary rows step by step: `cargo run --example lockstep`.
//!
//! Each process computes half of a rod, and needs the neighbour's boundary at every step. A process
//! may be one step ahead of its neighbour, never two. With one field per boundary, the step that the
//! neighbour has not read yet would be overwritten by the next one. A pair of fields, for even and
//! odd steps, keeps both: step `n + 2` overwrites `n`, and is only published after the neighbour has
//! published `n + 1`, which it does after it has read `n`.

use std::process::Command;
use std::time::Duration;

use shma_core::{Error, Field, Shm, ShmElement, ShmState, Version};

const STEPS: u64 = 10_000;
const POINTS: usize = 64;
const PATIENCE: Duration = Duration::from_secs(10);

#[repr(C)]
#[derive(Debug, Clone, Copy, ShmElement)]
struct Edge {
    step: u64,
    value: f64,
}

#[derive(ShmState)]
struct Rod {
    /// The edge that the left half publishes, at even and at odd steps.
    left_even: Edge,
    left_odd: Edge,
    /// The same of the right half.
    right_even: Edge,
    right_odd: Edge,
    /// What each half came to in the end.
    #[shm(no_merge)]
    heat: [f64; 2],
}

fn solve(rod: &Shm<Rod>, half: usize) -> Result<(), Error> {
    let (left, right) = ([&rod.left_even, &rod.left_odd], [&rod.right_even, &rod.right_odd]);
    let (own, other) = if half == 0 { (left, right) } else { (right, left) };
    // The left half starts hot. The edge is its last point, or the first one of the right half.
    let (mut points, edge) = ([100.0 * (1 - half) as f64; POINTS], (POINTS - 1) * (1 - half));
    let mut seen = [Version::default(); 2];
    for step in 1..=STEPS {
        let parity = (step % 2) as usize;
        own[parity].write(&Edge { step, value: points[edge] });
        let beyond = at_step(other[parity], step, &mut seen[parity])?.value;
        let before = points;
        for at in 0..POINTS {
            let outside = |inside: usize| if at == edge { beyond } else { before[inside] };
            let below = if at == 0 { outside(0) } else { before[at - 1] };
            let above = if at == POINTS - 1 { outside(at) } else { before[at + 1] };
            points[at] = before[at] + 0.25 * (below - 2.0 * before[at] + above);
        }
    }
    rod.heat.set(half, points.iter().sum());
    Ok(())
}

/// Waits until the neighbour has published this step.
fn at_step(field: &Field<Edge>, step: u64, seen: &mut Version) -> Result<Edge, Error> {
    loop {
        let mut edge = field.read();
        if edge.step == step {
            return Ok(edge);
        }
        *seen = field.wait_newer(*seen, PATIENCE).map(|_| field.read_into(&mut edge))?;
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    if let Some(name) = std::env::args().nth(1) {
        return Ok(solve(&Rod::open(&name)?, 1)?);
    }
    let name = format!("lockstep-{}", std::process::id());
    let rod = Rod::create(&name, &Rod::zeroed())?;
    let mut right = Command::new(std::env::current_exe()?).arg(&name).spawn()?;
    solve(&rod, 0)?;
    assert!(right.wait()?.success());
    let [left, right] = rod.heat.read();
    println!("after {STEPS} steps: {left:.6} on the left, {right:.6} on the right");
    assert!((left + right - 100.0 * POINTS as f64).abs() < 1e-6, "no heat is lost");
    Ok(())
}
