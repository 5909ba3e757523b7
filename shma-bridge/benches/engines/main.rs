//! What bridges cost against the MPI library by itself, in one run of one command:
//!
//!     cargo bench --manifest-path shma-bridge/Cargo.toml --features mpi --bench engines
//!
//! With `--features mpi,zenoh` Zenoh is measured as well. Two regions on this machine play two nodes; ranks
//! reach each other by TCP, and give up the processor while they wait. It prints tables as they stand in
//! the README.

mod idle;
#[expect(dead_code, reason = "what killing needs is not used here")]
mod jobs;
mod raw;
mod trips;

use std::error::Error;

/// Sizes of what goes there and back, in bytes, and how often it does in a run.
pub const SIZES: [(usize, u64); 2] = [(64, 400), (1 << 20, 80)];

/// Runs of all, one after the other, so that what else the machine does is the same for all. Another number
/// may stand on the command line.
const RUNS: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    if std::env::args().any(|argument| argument == raw::RANK) {
        return raw::rank();
    }
    let runs = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(RUNS).max(1);
    let mut rows = rows();
    for _ in 0..runs {
        let raw = raw::measure()?;
        for row in &mut rows {
            row.runs.push((row.measure)(&raw)?);
        }
    }
    println!("| medians of {runs} runs on {} | 64 B | 1 MiB |", machine());
    println!("|---|---|---|");
    for (at, row) in rows.iter().enumerate() {
        let base = rows[..=at].iter().rfind(|base| base.is_base);
        let cells: Vec<String> = (0..SIZES.len()).map(|size| row.cell(base, size)).collect();
        println!("| {} | {} |", row.what, cells.join(" | "));
    }
    println!();
    println!(
        "| silence | a value that comes then arrives after | share of a processor, each bridge |"
    );
    println!("|---|---|---|");
    idle::measure()?;
    Ok(())
}

/// Seconds for each size.
type Seconds = [f64; SIZES.len()];

type Measure = fn(&raw::Raw) -> Result<Seconds, Box<dyn Error>>;

/// What is measured in each run.
struct Row {
    what: &'static str,
    /// What the rows after it are compared with.
    is_base: bool,
    measure: Measure,
    runs: Vec<Seconds>,
}

impl Row {
    /// A median, and the median of what it is of the base's in the same run.
    fn cell(&self, base: Option<&Self>, size: usize) -> String {
        let time = micros(median(self.runs.iter().map(|run| run[size]).collect()));
        let Some(base) = base.filter(|_| !self.is_base) else { return time };
        let pairs = self.runs.iter().zip(&base.runs);
        let ratio = median(pairs.map(|(run, base)| run[size] / base[size]).collect());
        format!("{time}, {ratio:.1} of it")
    }
}

fn rows() -> Vec<Row> {
    let row = |what, is_base, measure| Row { what, is_base, measure, runs: Vec::new() };
    let mut rows = vec![
        row("`MPI_Bcast` there and back", true, |raw| Ok(raw.broadcasts)),
        row("`publish` over MPI, there and back", false, |_| trips::publish(jobs::Engine::Mpi)),
        row("`publish` over sockets (tests)", false, |_| trips::publish(jobs::Engine::Local)),
    ];
    if cfg!(feature = "zenoh") {
        rows.push(row("`publish` over Zenoh", false, |_| trips::publish(jobs::Engine::Zenoh)));
    }
    rows.push(row("`MPI_Allreduce` of `f64`", true, |raw| Ok(raw.sums)));
    let mean = "`mean` over MPI, from a write to the mean at both nodes";
    rows.push(row(mean, false, |_| trips::mean()));
    rows
}

fn machine() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
    format!("{cores} cores ({})", model.map_or("unknown", |(_, name)| name.trim()))
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
