use shma_core::ShmState;

const CHANNELS: usize = 0;

#[derive(ShmState)]
struct Mix {
    gains: [f32; CHANNELS],
}

fn main() {}
