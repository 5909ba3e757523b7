use shma_core::ShmState;

#[derive(ShmState)]
union Bits {
    number: u32,
    real: f32,
}

fn main() {}
