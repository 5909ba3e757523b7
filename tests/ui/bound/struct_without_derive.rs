use shma_core::ShmState;

struct Point {
    x: f32,
    y: f32,
}

#[derive(ShmState)]
struct Track {
    points: [Point; 100],
}

fn main() {}
