//! Prints every pose that `writer` publishes, until it ends.

use std::io::Write;
use std::time::Duration;

use clap::Parser;
use shma_core::{Error, ShmState, Version};
use shma_examples::track::{TRACK, Track};

/// Follow what `writer` publishes; start it before or after. Ctrl-C ends it.
#[derive(Parser)]
struct Args {
    /// Name of the region.
    #[arg(default_value = TRACK)]
    region: String,
}

fn main() -> anyhow::Result<()> {
    let Args { region } = Args::parse();
    let track = Track::options().wait(Duration::from_secs(60)).open_read_only(&region)?;
    let (mut pose, mut seen) = (track.pose.read(), Version::default());
    loop {
        match track.pose.wait_newer(seen, Duration::from_secs(1)) {
            Ok(_) => seen = track.pose.read_into(&mut pose),
            Err(Error::Timeout { .. }) => continue,
            Err(Error::Retired { .. }) => break,
            Err(error) => return Err(error.into()),
        }
        let [x, y, z] = pose.position;
        writeln!(std::io::stdout(), "step {:6}: {x:6.3} {y:6.3} {z:6.3}", pose.step)?;
    }
    println!("the writer has ended");
    Ok(())
}
