//! Two sensors publish at their own pace, and one process takes each value as it comes: `cargo run
//! --example several`.
//!
//! It does so twice. First a thread waits for any of the fields; then two futures wait, one for each
//! sensor, on one thread of an executor. Any executor will do.

use std::process::{Child, Command};
use std::thread;
use std::time::Duration;

use futures_lite::future::{block_on, or, zip};
use shma_core::{Atomic, Error, Field, Shm, ShmState, wait_any};

const READINGS: u64 = 100;

#[derive(ShmState)]
struct Station {
    wheel: [f64; 2],
    camera: [f64; 64],
    /// Sensors that are done.
    #[shm(atomic)]
    done: u32,
}

fn sense(name: &str, sensor: &str) -> Result<(), Error> {
    let station = Station::open(name)?;
    for reading in 1..=READINGS {
        thread::sleep(Duration::from_millis(1));
        match sensor {
            "wheel" => drop(station.wheel.write(&[reading as f64; 2])),
            _ => drop(station.camera.write(&[reading as f64; 64])),
        }
    }
    station.done.fetch_add(1);
    Ok(())
}

/// One thread for all fields. The newest reading counts: some are overtaken by the next.
fn follow_all(station: &Shm<Station>) -> Result<(), Error> {
    let (mut wheel, mut camera) = ([0.0; 2], [0.0; 64]);
    let mut seen = (station.wheel.version(), station.camera.version(), station.done.version());
    while station.done.get() < 2 {
        let any = [
            (&station.wheel as _, seen.0),
            (&station.camera as _, seen.1),
            (&station.done as _, seen.2),
        ];
        match wait_any(&any, Duration::from_secs(10))? {
            0 => seen.0 = station.wheel.read_into(&mut wheel),
            1 => seen.1 = station.camera.read_into(&mut camera),
            _ => seen.2 = station.done.version(),
        }
    }
    println!("a thread has followed both sensors");
    Ok(())
}

/// A future for one field, until both sensors are done. Returns how many readings it got.
async fn follow<const N: usize>(field: &Field<[f64; N]>, done: &Atomic<u32>) -> Result<u64, Error> {
    let (mut value, mut readings) = ([0.0; N], 0);
    loop {
        let counted = done.version();
        let seen = field.read_into(&mut value);
        if value[0] == READINGS as f64 && done.get() == 4 {
            return Ok(readings);
        }
        or(field.newer(seen), done.newer(counted)).await?;
        readings += 1;
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    if let (Some(name), Some(sensor)) = (arguments.next(), arguments.next()) {
        return Ok(sense(&name, &sensor)?);
    }
    let name = format!("several-{}", std::process::id());
    let station = Station::create(&name, &Station::zeroed())?;
    let start = |sensor: &str| Command::new(std::env::current_exe()?).args([&name, sensor]).spawn();
    let sensors = || ["wheel", "camera"].into_iter().map(start).collect::<Result<Vec<Child>, _>>();

    let mut started = sensors()?;
    follow_all(&station)?;
    started.extend(sensors()?);
    let (wheel, camera) = block_on(zip(
        follow(&station.wheel, &station.done),
        follow(&station.camera, &station.done),
    ));
    println!("futures were woken {} and {} times", wheel?, camera?);
    for mut sensor in started {
        assert!(sensor.wait()?.success());
    }
    Ok(())
}
