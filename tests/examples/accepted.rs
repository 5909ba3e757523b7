//! What the compiler accepts, with the crates by which it refuses the programs in `ui`.

use shma_core::ShmState;
use shma_tests_macros::becomes;

#[derive(ShmState)]
#[becomes(struct Model { step: u64 })]
struct Model {
    step: u64,
}

fn main() {
    assert_eq!(Model::zeroed().step, 0);
}
