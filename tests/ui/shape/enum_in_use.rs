use shma_core::{Error, Shm, ShmState};

#[derive(ShmState)]
enum Mode {
    Fast,
    Slow { speed: f32 },
}

fn main() -> Result<(), Error> {
    let mode: Shm<Mode> = Mode::open_or_create("mode", &Mode::Fast)?;
    mode.speed.write(&1.0);
    mode.update_with(&Mode::Slow { speed: 1.0 }, |new, old| new + old);
    println!("{:?}", Mode::MANIFEST);
    Ok(())
}
