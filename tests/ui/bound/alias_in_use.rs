use shma_core::{Error, Shm, ShmState};

type Flag = bool;

#[derive(ShmState)]
struct Lamp {
    brightness: f32,
    on: Flag,
}

fn main() -> Result<(), Error> {
    let lamp: Shm<Lamp> = Lamp::create("lamp", &Lamp { brightness: 0.0, on: false })?;
    lamp.brightness.update(|new, old| *new = old + 0.1);
    println!("{:?} {}", Lamp::MANIFEST, lamp.read_boxed().on);
    Ok(())
}
