#![forbid(unsafe_code)]

use shma_core::ShmState;
use shma_tests_macros::becomes;

struct Step(&'static u64);

impl std::ops::Deref for Step {
    type Target = &'static u64;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

#[derive(ShmState)]
#[becomes(struct Model { step: Step })]
struct Model {
    step: u64,
}

fn main() {}
