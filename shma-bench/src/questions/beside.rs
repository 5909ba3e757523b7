//! One process reads while another one writes: how fast each of them is.

use std::time::Duration;

use anyhow::Result;

use super::together::{Mishap, Shared, gather, take_turns};
use crate::ability::Store;
use crate::buffer::Buffer;
use crate::processes::nanos;
use crate::question::{Axis, Measure, Question};
use crate::worker::Worker;
use crate::{peers, sizes};

/// Bytes between two looks at the clock.
const CHUNK: u64 = 16 << 10;

/// A writer that never pauses.
pub const BUSY: Question = Question {
    name: "beside-busy",
    about: "Reading beside a writer that never pauses.",
    axis: Axis::Bytes,
    measures: &[
        Measure { name: "reads", unit: "1/s", about: "of the reader" },
        Measure { name: "writes", unit: "1/s", about: "of the writer beside it" },
        Measure { name: "writes alone", unit: "1/s", about: "without a reader" },
    ],
    cases: |effort| effort.sizes(&sizes::FEW[..4], &sizes::ALL[..10]),
    processes: |_| 2,
    counts: false,
    measure: |worker| measure(worker, 0),
};

/// A writer that pauses three times as long as it writes.
pub const QUARTER: Question = Question {
    name: "beside-quarter",
    about: "Reading beside a writer that is busy a quarter of the time.",
    measure: |worker| measure(worker, 3),
    ..BUSY
};

/// `pause` is how often as long as a write the writer pauses after it.
fn measure(worker: &Worker, pause: u64) -> Result<()> {
    let bytes = worker.job.case;
    let mut pair = [1.0, 2.0].map(|number| Buffer::filled(bytes, |_| number));
    let contestants = gather_values(worker, &pair[0]);
    let left = take_turns(worker, bytes, contestants, |contestant, mishap| {
        turn(worker, contestant, &mut pair, pause, mishap);
    });
    worker.processes.meet();
    drop(left);
    Ok(())
}

fn turn(
    worker: &Worker,
    contestant: &mut Shared<Box<dyn Store>>,
    pair: &mut [Buffer; 2],
    pause: u64,
    mishap: &mut Mishap,
) {
    let Shared { peer, subject, .. } = contestant;
    let window = worker.effort.window();
    if worker.leads() {
        let (writes, took) =
            worker.processes.work(window, || write(subject.as_mut(), pair, pause, mishap));
        worker.tell(*peer, "writes", rate(writes, took));
        let (writes, took) =
            worker.processes.work(window, || write(subject.as_mut(), pair, pause, mishap));
        worker.tell(*peer, "writes alone", rate(writes, took));
    } else {
        let times = calls(worker.job.case);
        let into = &mut pair[0];
        let (reads, took) =
            worker.processes.work(window, || mishap.count(subject.read(into, times), times));
        worker.tell(*peer, "reads", rate(reads, took));
        check_whole(peer.name(), into);
        worker.processes.work(Duration::ZERO, || 0);
    }
}

/// Some writes, of one value and another one, and the pause after them.
fn write(store: &mut dyn Store, pair: &[Buffer; 2], pause: u64, mishap: &mut Mishap) -> u64 {
    let times = calls(size_of_val(&*pair[0]) as u64);
    let start = nanos();
    let done = pair.iter().map(|value| mishap.count(store.write(value, times), times)).sum();
    let end = nanos();
    let until = end + pause * (end - start);
    while nanos() < until {
        std::hint::spin_loop();
    }
    done
}

/// All that can write in one process and read in another one, tried once.
pub fn gather_values(worker: &Worker, value: &Buffer) -> Vec<Shared<Box<dyn Store>>> {
    let bytes = worker.job.case;
    let leads = worker.leads();
    gather(
        worker,
        bytes,
        |peer, place| {
            let mut store = peer.create(place)?;
            store.write(value, 1)?;
            Ok(store)
        },
        |peer, place| peer.open(place),
        |store, _| {
            if leads {
                return Ok(());
            }
            let mut seen = Buffer::zeroed(bytes);
            store.read(&mut seen, 1)?;
            assert!(**value == *seen, "another process reads something else");
            Ok(())
        },
    )
}

/// A read beside a writer must give one of the values, not a mixture.
pub fn check_whole(peer: &str, value: &[f64]) {
    let whole = value.iter().all(|number| *number == value[0]);
    assert!(whole || peer == peers::MEMCPY, "{peer}: a value is mixed of two");
}

/// Calls between two looks at the clock.
pub fn calls(bytes: u64) -> u64 {
    (CHUNK / bytes).clamp(1, 64)
}

fn rate(times: u64, nanos: u64) -> f64 {
    times as f64 * 1e9 / nanos as f64
}
