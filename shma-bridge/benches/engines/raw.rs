//! The MPI library by itself: blocking calls of two ranks.

use std::error::Error;
use std::process::Stdio;
use std::time::Instant;

use mpi::collective::SystemOperation;
use mpi::topology::Communicator;
use mpi::traits::{CommunicatorCollectives, Root};

use crate::jobs::launcher;
use crate::{SIZES, median};

/// What a rank is started with.
pub const RANK: &str = "--raw-rank";

/// Medians in seconds, for each size.
pub struct Raw {
    /// A broadcast from each of two ranks, one after the other.
    pub broadcasts: [f64; SIZES.len()],
    /// A sum of `f64`.
    pub sums: [f64; SIZES.len()],
}

/// Starts two ranks, and reads what the first one prints.
pub fn measure() -> Result<Raw, Box<dyn Error>> {
    let mut command = launcher()?;
    // As bridges do. MPICH's library knows no such thing.
    command.env("OMPI_MCA_mpi_yield_when_idle", "1");
    command.args(["-n", "2"]).arg(std::env::current_exe()?).arg(RANK).stdin(Stdio::null());
    let output = command.stderr(Stdio::inherit()).output()?;
    let text = String::from_utf8(output.stdout)?;
    let numbers: Vec<f64> = text.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    let [b0, b1, s0, s1] = numbers[..] else { return Err(format!("ranks said {text:?}").into()) };
    Ok(Raw { broadcasts: [b0, b1], sums: [s0, s1] })
}

/// Is one of the ranks.
pub fn rank() -> Result<(), Box<dyn Error>> {
    let universe = mpi::initialize().ok_or("the MPI library does not start")?;
    let world = universe.world();
    let mut medians = Vec::new();
    for (size, rounds) in SIZES {
        let mut bytes = vec![1_u8; size];
        medians.push(timed(rounds, || {
            world.process_at_rank(0).broadcast_into(&mut bytes[..]);
            world.process_at_rank(1).broadcast_into(&mut bytes[..]);
        }));
    }
    for (size, rounds) in SIZES {
        let own = vec![1.0_f64; size / size_of::<f64>()];
        let mut sum = own.clone();
        medians.push(timed(rounds, || {
            world.all_reduce_into(&own[..], &mut sum[..], SystemOperation::sum());
        }));
    }
    if world.rank() == 0 {
        let medians: Vec<String> = medians.iter().map(f64::to_string).collect();
        println!("{}", medians.join(" "));
    }
    Ok(())
}

fn timed(rounds: u64, mut call: impl FnMut()) -> f64 {
    (0..rounds / 4).for_each(|_| call());
    let time = |_| {
        let start = Instant::now();
        call();
        start.elapsed().as_secs_f64()
    };
    median((0..rounds).map(time).collect())
}
