//! The command `shma-bridge`: one for each node.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use clap::Parser;
use shma_bridge::engine::{Engine, Local};
use shma_bridge::rules::Words;
use shma_bridge::{Bridge, PART, Settings};
use signal_hook::consts::{SIGINT, SIGTERM};

/// Mirrors fields of a state between nodes. Start one on each node, as the ranks of an MPI job:
///
/// mpirun -n 2 --host a,b shma-bridge trainer --mean w1 --mean b1 --publish step@0 --gather halo
///
/// SIGTERM to any of them ends all, with 0. Without MPI, for --publish and --gather, as peers that come
/// and go one by one:
///
/// shma-bridge trainer --gather halo --node 0 --nodes 2 --listen tcp/0.0.0.0:7447 --peer tcp/b:7447
#[derive(Debug, Parser)]
#[command(version, verbatim_doc_comment)]
#[command(group = clap::ArgGroup::new("way").args(["local", "listen"]))]
struct Arguments {
    /// The region of this node; {rank} in it is replaced by the number of the node.
    name: String,
    /// Moves the field to the mean of all nodes, time after time; what is written meanwhile is kept.
    #[arg(long, value_name = "FIELD")]
    mean: Vec<String>,
    /// Gives all nodes the newest value of one node.
    #[arg(long, value_name = "FIELD@NODE")]
    publish: Vec<String>,
    /// Gives all nodes all rows of an array: of N rows node i owns those from i*N/nodes on.
    #[arg(long, value_name = "FIELD")]
    gather: Vec<String>,
    /// Moves these fields as one: taken at one instant, published as one transaction.
    #[arg(long, value_name = "FIELD,FIELD")]
    together: Vec<String>,
    /// Milliseconds between two means.
    #[arg(long, value_name = "MS", default_value_t = 10)]
    every: u64,
    /// Seconds to wait for a region that is not there yet.
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    wait: u64,
    /// The directory that the regions lie in.
    #[arg(long, value_name = "PATH", env = "SHMA_DIR")]
    dir: Option<PathBuf>,
    /// Bytes that go in one call of the engine.
    #[arg(long, value_name = "BYTES", default_value_t = PART as u64, hide = true, value_parser = clap::value_parser!(u64).range(1..=PART as u64))]
    part: u64,
    /// A socket where bridges on one machine meet, without MPI.
    #[arg(long, value_name = "PATH", requires_all = ["node", "nodes"], hide = true)]
    local: Option<PathBuf>,
    /// Where this node listens to its peers, such as tcp/0.0.0.0:7447.
    #[arg(long, value_name = "ADDRESS", requires_all = ["node", "nodes"], conflicts_with = "local")]
    listen: Vec<String>,
    /// A peer to connect to, such as tcp/b:7447; it may come later, and others are learned from it.
    #[arg(long, value_name = "ADDRESS", requires = "listen")]
    peer: Vec<String>,
    /// The number of this node, if it has peers.
    #[arg(long, value_name = "N", requires = "way")]
    node: Option<usize>,
    /// The number of nodes, be they there or not, if this one has peers.
    #[arg(long, value_name = "N", requires = "way", value_parser = clap::value_parser!(u64).range(1..=65_536))]
    nodes: Option<u64>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let settings = Settings {
        dir: arguments.dir,
        rules: Words {
            publish: arguments.publish,
            gather: arguments.gather,
            mean: arguments.mean,
            together: arguments.together,
        },
        every: Duration::from_millis(arguments.every),
        wait: Duration::from_secs(arguments.wait),
        part: arguments.part as usize,
        ..Settings::new(arguments.name)
    };
    let (Some(node), Some(nodes)) = (arguments.node, arguments.nodes) else {
        return over_mpi(settings);
    };
    let nodes = nodes as usize;
    if node >= nodes {
        return fail(format!(
            "there is no node {node}: the last of {nodes} nodes is {}",
            nodes - 1
        ));
    }
    match arguments.local {
        Some(path) => match Local::meet(&path, node, nodes, settings.wait) {
            Ok(engine) => run(engine, settings),
            Err(error) => fail(format!("no meeting at {}: {error}", path.display())),
        },
        None => among_peers((node, nodes), &arguments.listen, &arguments.peer, settings),
    }
}

#[cfg(feature = "mpi")]
fn over_mpi(settings: Settings) -> ExitCode {
    match shma_bridge::engine::Mpi::start() {
        Ok(engine) => run(engine, settings),
        Err(error) => fail(error),
    }
}

#[cfg(not(feature = "mpi"))]
fn over_mpi(_: Settings) -> ExitCode {
    fail("it was built without MPI: build it with --features mpi (see its README)")
}

#[cfg(feature = "zenoh")]
fn among_peers(
    node: (usize, usize),
    listen: &[String],
    peers: &[String],
    settings: Settings,
) -> ExitCode {
    use shma_bridge::peers::{Peers, Zenoh};
    let stop = match stop() {
        Ok(stop) => stop,
        Err(error) => return fail(error),
    };
    let wire = match Zenoh::open(&settings.name, node, listen, peers) {
        Ok(wire) => wire,
        Err(error) => return fail(format!("cannot listen at {}: {error}", listen.join(", "))),
    };
    let attached = Peers::attach(wire, settings, &stop);
    match attached.and_then(|peers| peers.map_or(Ok(()), |mut peers| peers.run(&stop))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(error),
    }
}

#[cfg(not(feature = "zenoh"))]
fn among_peers(_: (usize, usize), _: &[String], _: &[String], _: Settings) -> ExitCode {
    fail("it was built without Zenoh: build it with --features zenoh (see its README)")
}

/// Rises with SIGTERM and SIGINT.
fn stop() -> std::io::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT] {
        signal_hook::flag::register(signal, Arc::clone(&stop))?;
    }
    Ok(stop)
}

fn run(engine: impl Engine, settings: Settings) -> ExitCode {
    let stop = match stop() {
        Ok(stop) => stop,
        Err(error) => return fail(error),
    };
    let mut bridge = Bridge::new(engine, settings);
    match bridge.run(&stop) {
        Ok(()) => ExitCode::SUCCESS,
        // Before the engine ends, so that every rank has said it.
        Err(error) => fail(error),
    }
}

fn fail(error: impl std::fmt::Display) -> ExitCode {
    shma_bridge::say(&error.to_string());
    ExitCode::FAILURE
}
