//! Publishes the pose of a thing on a spiral, ten times a second, until Ctrl-C.

use std::sync::atomic::Ordering;
use std::time::Duration;

use clap::Parser;
use shma_core::ShmState;
use shma_examples::stop;
use shma_examples::track::{TRACK, Track};

/// Publish a pose for `reader` to follow; Ctrl-C ends it.
#[derive(Parser)]
struct Args {
    /// Name of the region.
    #[arg(default_value = TRACK)]
    region: String,
}

fn main() -> anyhow::Result<()> {
    let Args { region } = Args::parse();
    let stop = stop::flag()?;
    let track = Track::open_or_create(&region, &Track::zeroed())?;
    println!("publishing in region `{region}`; Ctrl-C ends");
    while !stop.load(Ordering::Relaxed) {
        track.pose.update(|new, old| {
            let turn = old.step as f64 / 10.0;
            new.step = old.step + 1;
            new.position = [turn.cos(), turn.sin(), turn / 100.0];
        });
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(Track::unlink(&region)?)
}
