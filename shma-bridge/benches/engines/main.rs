//! What bridges cost against the MPI library by itself, in one run of one command:
//!
//!     cargo bench --manifest-path shma-bridge/Cargo.toml --features mpi --bench engines
//!
//! With `--features mpi,zenoh` Zenoh is measured as well. Two regions on this machine play two nodes. It
//! prints tables as they stand in the README.

mod idle;
#[expect(dead_code, reason = "what killing needs is not used here")]
mod jobs;
mod raw;
mod trips;

use std::error::Error;

/// Sizes of what goes there and back, in bytes.
pub const SIZES: [(usize, &str); 2] = [(64, "64 B"), (1 << 20, "1 MiB")];

fn main() -> Result<(), Box<dyn Error>> {
    if std::env::args().any(|argument| argument == raw::RANK) {
        return raw::rank();
    }
    let raw = raw::measure()?;
    println!("| one run on {} | 64 B | 1 MiB |", machine());
    println!("|---|---|---|");
    row("`MPI_Bcast` there and back", raw.broadcasts);
    row("`publish` over MPI, there and back", trips::publish(jobs::Engine::Mpi)?);
    row("`publish` over sockets (tests)", trips::publish(jobs::Engine::Local)?);
    if cfg!(feature = "zenoh") {
        row("`publish` over Zenoh", trips::publish(jobs::Engine::Zenoh)?);
    }
    row("`MPI_Allreduce` of `f64`", raw.sums);
    row("`mean` over MPI, from a write to the mean at both nodes", trips::mean()?);
    println!();
    println!(
        "| silence | a value that comes then arrives after | share of a processor, each bridge |"
    );
    println!("|---|---|---|");
    idle::measure()?;
    Ok(())
}

fn machine() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
    format!("{cores} cores ({})", model.map_or("unknown", |(_, name)| name.trim()))
}

fn row(what: &str, seconds: [f64; SIZES.len()]) {
    let cells: Vec<String> = seconds.iter().map(|seconds| micros(*seconds)).collect();
    println!("| {what} | {} |", cells.join(" | "));
}

/// A time in microseconds.
pub fn micros(seconds: f64) -> String {
    format!("{:.0} µs", seconds * 1e6)
}

/// The middle one.
pub fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
