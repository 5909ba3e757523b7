#![deny(deprecated)]

use shma_core::{Shm, ShmState};

#[derive(ShmState)]
struct Model {
    weights: [f32; 3],
    #[deprecated = "use `weights`"]
    w: [f32; 3],
}

fn old(model: &Shm<Model>) -> [f32; 3] {
    model.w.read()
}

fn main() {}
