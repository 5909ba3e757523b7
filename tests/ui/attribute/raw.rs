use shma_core::ShmState;

#[derive(ShmState)]
#[r#shm(r#nam = "model")]
struct Model {
    #[r#shm(r#slots = 3)]
    step: r#usize,
    #[r#shm(slot = 4)]
    bias: f32,
}

#[derive(ShmState)]
#[r#repr(r#packed)]
struct Packed {
    step: u64,
}

fn main() {}
