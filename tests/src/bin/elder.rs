//! The program that made the region, with its own declaration of the state.
//!
//! `younger` declares it again, as somebody would in another repository, and differently in all
//! the ways in which that goes wrong.

use std::io::BufRead;

use shma_core::{ShmElement, ShmState};

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

fn main() {
    let name = std::env::args().nth(1).expect("the name of a region");
    let mut init = Model::zeroed();
    init.weights[3][15] = 0.25;
    init.bias[1] = -1.5;
    init.step = 7;
    init.origin = Pose { at: [1.0, 2.0], heading: 3.0 };
    init.samples = [10, 20, 30];
    let model = Model::create(&name, &init).unwrap();
    println!("created");
    for line in std::io::stdin().lock().lines() {
        assert_eq!(line.unwrap(), "read");
        let now = model.read_boxed();
        println!(
            "{} {} {} {:?} {} {:?}",
            now.weights[3][15],
            now.bias[1],
            now.step,
            now.origin.at,
            now.origin.heading,
            now.samples
        );
    }
}
