use shma_core::ShmState;

#[derive(ShmState)]
#[repr(C, packed)]
struct Tight {
    flag: u8,
    value: f64,
}

fn main() {}
