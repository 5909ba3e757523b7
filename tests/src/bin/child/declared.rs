//! The process that creates the region, with its own declaration of the state.
//!
//! `redeclared` declares it again, as another repository would, and differently in all the ways in
//! which that goes wrong.

use shma_core::{ShmElement, ShmState};

use crate::{next_line, say};

#[derive(Clone, Copy, ShmElement)]
#[repr(C)]
struct Pose {
    at: [f64; 2],
    heading: f64,
}

#[derive(ShmState)]
struct Model {
    weights: [[f32; 16]; 4],
    bias: [f32; 16],
    step: u64,
    origin: Pose,
    #[shm(slots = 2)]
    samples: [u16; 3],
}

/// Creates the region, and says what it holds as often as it is asked to `read`.
pub fn create(name: &str) {
    let mut init = Model::zeroed();
    init.weights[3][15] = 0.25;
    init.bias[1] = -1.5;
    init.step = 7;
    init.origin = Pose { at: [1.0, 2.0], heading: 3.0 };
    init.samples = [10, 20, 30];
    let model = Model::create(name, &init).unwrap();
    say("created");
    while let Some(line) = next_line() {
        assert_eq!(line, "read");
        let now = model.read_boxed();
        say(&format!(
            "{} {} {} {:?} {} {:?}",
            now.weights[3][15],
            now.bias[1],
            now.step,
            now.origin.at,
            now.origin.heading,
            now.samples
        ));
    }
}
