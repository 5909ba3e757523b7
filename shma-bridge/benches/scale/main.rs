//! What many nodes do to each mode: the schedule of a bridge, simulated, and beside it what a formula says.
//!
//!     cargo bench --manifest-path shma-bridge/Cargo.toml --bench scale
//!
//! It needs neither MPI nor nodes. What the network and the nodes are like is assumed, see [`Machine`].

mod schedule;

use schedule::{Load, Machine, Mode, simulate};

fn main() {
    let machine = Machine::default();
    println!("{machine}\n");
    for (rate, size) in [(100.0, 64.0), (100.0, 1_048_576.0), (10.0, 1_048_576.0)] {
        println!("{rate} publications a second of each owner, fields of {size} bytes:\n");
        println!(
            "| mode | nodes | round, formula | round, simulated | a value arrives after | 99 % | left out |"
        );
        println!("|---|---|---|---|---|---|---|");
        for mode in [Mode::Publish, Mode::Gather, Mode::Mean] {
            for nodes in [2, 10, 100, 1000] {
                let load = Load { nodes, rate, size };
                let formula = schedule::quiet_round(&machine, mode, &load, load.owners(mode));
                let seen = simulate(&machine, mode, &load, 1);
                println!(
                    "| {mode:?} | {nodes} | {} | {} | {} | {} | {:.0} % |",
                    time(formula),
                    time(seen.round),
                    time(seen.middle),
                    time(seen.late),
                    100.0 * seen.left_out
                );
            }
        }
        println!();
    }
    agree(&machine);
    println!("peers (Zenoh), each with each:\n");
    println!(
        "| nodes | connections, all | messages a second at each node, silent | with 10 publications a second of 64 B |"
    );
    println!("|---|---|---|---|");
    for nodes in [2_u64, 10, 100, 1000] {
        let others = nodes - 1;
        println!("| {nodes} | {} | {others} | {} |", nodes * others / 2, 10 * others);
    }
}

/// Without disturbance the simulation is the formula, or one of them is wrong.
fn agree(machine: &Machine) {
    let quiet = Machine { delayed: 0.0, ..*machine };
    for mode in [Mode::Publish, Mode::Gather, Mode::Mean] {
        for nodes in [2, 30, 1000] {
            // So many publications that each round moves all.
            let load = Load { nodes, rate: 1e7, size: 4096.0 };
            let formula = schedule::quiet_round(&quiet, mode, &load, load.owners(mode));
            let seen = simulate(&quiet, mode, &load, 2).round;
            let ratio = seen / formula;
            assert!((0.99..1.01).contains(&ratio), "{mode:?}, {nodes} nodes: {seen} and {formula}");
        }
    }
}

fn time(seconds: f64) -> String {
    match seconds {
        s if s < 1e-3 => format!("{:.0} µs", s * 1e6),
        s if s < 1.0 => format!("{:.1} ms", s * 1e3),
        s => format!("{s:.1} s"),
    }
}
