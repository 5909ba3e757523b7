use shma_core::ShmState;

#[derive(ShmState)]
#[shm(name = model, fingerprint = "0x12", crate = "shma_core")]
struct Model {
    #[shm(no_merge = true)]
    step: u64,
    #[shm(slots = "4")]
    count: u64,
    #[shm(slots)]
    total: u64,
    #[shm(slots(4))]
    bias: u64,
}

#[derive(ShmState)]
#[shm(name = "", fingerprint = 0x1_0000_0000_0000_0000_0000_0000_0000_0000)]
struct Other {
    step: u64,
}

fn main() {}
