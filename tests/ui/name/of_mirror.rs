use shma_core::ShmState;

#[derive(ShmState)]
#[shm(fields = "two words")]
struct Model {
    step: u64,
}

#[derive(ShmState)]
#[shm(fields = "Other")]
struct Other {
    step: u64,
}

#[derive(ShmState)]
#[shm(fields = Handles)]
struct Third {
    step: u64,
}

fn main() {}
