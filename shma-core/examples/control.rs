//! A control loop at 1 kHz, an operator who changes its set-points, and a read-only follower: `cargo
//! run --example control`.
//!
//! The loop is the one process that writes its outputs, so it holds their semaphores as long as it
//! runs. A publication then has no locked instruction and waits for none. No other process writes
//! in between by mistake (its call names the loop). Semaphores are acquired in declaration order.
//! The loop reads its set-points at each tick. A read never blocks, so an operator that is stopped
//! in the middle of a change costs the loop nothing. The follower has no write permission. It
//! cannot announce that it sleeps, so `wait_newer` would look once a millisecond anyway. It polls
//! at its own rate, and `age` tells it whether the loop is alive.

use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use shma_core::{Error, ShmElement, ShmState};

const TICK: Duration = Duration::from_millis(1);
const TICKS: u64 = 1_000;

#[repr(C)]
#[derive(Debug, Clone, Copy, ShmElement)]
struct Setpoint {
    target: f64,
    gain: f64,
}

#[derive(ShmState)]
struct Plant {
    /// Both numbers change together.
    setpoint: Setpoint,
    /// `age` is exact for this field, not to the kernel's tick only.
    #[shm(timed)]
    output: f64,
    #[shm(no_merge)]
    ticks: u64,
}

/// Watches without write permission until the loop has ended.
fn follow(name: &str) -> Result<(), Error> {
    let plant = Plant::options().wait(Duration::from_secs(10)).open_read_only(name)?;
    let (mut looks, mut oldest) = (0, Duration::ZERO);
    while plant.ticks.read() < TICKS && plant.is_current() {
        oldest = oldest.max(plant.output.age());
        looks += 1;
        thread::sleep(10 * TICK);
    }
    println!("follower: {looks} looks, output {:.3}, at most {oldest:?} old", plant.output.read());
    Ok(())
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    if let Some(name) = std::env::args().nth(1) {
        return Ok(follow(&name)?);
    }
    let name = format!("control-{}", std::process::id());
    let plant = Plant::create(&name, &Plant::zeroed())?;
    let mut follower = Command::new(std::env::current_exe()?).arg(&name).spawn()?;
    thread::scope(|scope| {
        // The operator, who would be `shma set` or another program.
        scope.spawn(|| {
            for target in [1.0, -1.0, 3.0] {
                plant.setpoint.write(&Setpoint { target, gain: 0.05 });
                thread::sleep(200 * TICK);
            }
        });
        let mut outputs = plant.output.writer()?;
        let mut ticks = plant.ticks.writer()?;
        let start = Instant::now();
        let mut output = 0.0;
        for tick in 1..=TICKS {
            let Setpoint { target, gain } = plant.setpoint.read();
            output += gain * (target - output);
            outputs.write(&output);
            ticks.write(&tick);
            thread::sleep((start + TICK * tick as u32).saturating_duration_since(Instant::now()));
        }
        Ok::<_, Error>(())
    })?;
    assert!(follower.wait()?.success());
    let (output, target) = (plant.output.read(), plant.setpoint.read().target);
    println!("loop: output {output:.3}, set-point {target}");
    Ok(())
}
