use shma_core::{Error, ShmElement, ShmState};

#[derive(ShmElement)]
#[repr(C)]
struct Point {
    x: f32,
    y: f32,
}

#[derive(ShmState)]
struct Track {
    points: [Point; 100],
}

fn main() -> Result<(), Error> {
    let track = Track::open("track")?;
    println!("{}", track.points.read()[0].x);
    Ok(())
}
