//! What `writer` publishes and `reader` follows.

use shma_core::{ShmElement, ShmState};

/// Where a thing is at a step of its way. One element, so that no reader sees the position of one
/// step with the number of another.
#[repr(C)]
#[derive(Debug, Clone, Copy, ShmElement)]
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
