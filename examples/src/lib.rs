//! What the example programs share: a state for two of them, and how they stop.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use bytemuck::{Pod, Zeroable};
use shma_core::{ShmElement, ShmState};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

/// Where a thing is at a step of its way. One element, so that no reader sees the position of one
/// step with the number of another.
#[repr(C)]
#[derive(Debug, Clone, Copy, Pod, Zeroable, ShmElement)]
pub struct Pose {
    /// How many steps it has made.
    pub step: u64,
    /// Where it is, in metres.
    pub position: [f64; 3],
}

/// The state that `writer` publishes and `reader` follows.
#[derive(Debug, ShmState)]
pub struct Track {
    /// The latest pose.
    pub pose: Pose,
}

/// The region that `writer` and `reader` use unless told otherwise.
pub const TRACK: &str = "track";

/// A flag that turns true at Ctrl-C, or when the process is asked to end in another way. The
/// program then leaves by its ordinary way out, and its regions go with it.
pub fn stop_flag() -> io::Result<Arc<AtomicBool>> {
    let flag = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register(signal, Arc::clone(&flag))?;
    }
    Ok(flag)
}
