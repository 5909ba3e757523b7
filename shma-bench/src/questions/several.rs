//! Several fields as one, beside the same fields one by one: what it costs that they belong together.

use std::hint::black_box;

use anyhow::{Context, Result};
use shma_core::{Shm, ShmState};

use crate::measure::Batch;
use crate::peers::SHMA;
use crate::question::{Axis, Measure, Question};
use crate::worker::Worker;

/// Bytes of a field.
const BYTES: u64 = 64;

type Numbers = [f64; BYTES as usize / 8];

#[derive(ShmState)]
struct Two {
    a: Numbers,
    b: Numbers,
}

#[derive(ShmState)]
struct Eight {
    a: Numbers,
    b: Numbers,
    c: Numbers,
    d: Numbers,
    e: Numbers,
    f: Numbers,
    g: Numbers,
    h: Numbers,
}

pub const UPDATE: &str = "update";
pub const TRANSACTION: &str = "transaction";
const TWO_OF_TWO: &str = "two of two";
const TWO_OF_EIGHT: &str = "two of eight";
pub const READS: &str = "eight reads";
pub const SNAPSHOT: &str = "snapshot";

/// The question.
pub const QUESTION: Question = Question {
    name: "several",
    about: "Several fields of 64 B as one, and one by one.",
    axis: Axis::Bytes,
    measures: &[
        Measure { name: UPDATE, unit: "ns", about: "of one field" },
        Measure { name: TRANSACTION, unit: "ns", about: "that changes both fields of a state" },
        Measure { name: TWO_OF_TWO, unit: "ns", about: "by transaction_of" },
        Measure {
            name: TWO_OF_EIGHT,
            unit: "ns",
            about: "by transaction_of, which holds all eight",
        },
        Measure { name: READS, unit: "ns", about: "of eight fields, one after the other" },
        Measure { name: SNAPSHOT, unit: "ns", about: "of eight fields" },
    ],
    cases: |_| vec![BYTES],
    processes: |_| 1,
    counts: false,
    measure,
};

/// What is timed.
struct Subject {
    two: Shm<Two>,
    eight: Shm<Eight>,
    copy: Box<Eight>,
}

type Call = fn(&mut Subject);

const CALLS: [(&str, Call); 6] = [
    (UPDATE, |it| it.two.a.update(|new, old| new[0] = old[0] + 1.0)),
    (TRANSACTION, |it| {
        it.two.transaction(|new, old| {
            new.a[0] = old.a[0] + 1.0;
            new.b[0] = old.b[0] + 1.0;
        });
    }),
    (TWO_OF_TWO, |it| {
        it.two.transaction_of((&it.two.a, &it.two.b), |(a, b), (old_a, old_b)| {
            a[0] = old_a[0] + 1.0;
            b[0] = old_b[0] + 1.0;
        });
    }),
    (TWO_OF_EIGHT, |it| {
        it.eight.transaction_of((&it.eight.a, &it.eight.h), |(a, h), (old_a, old_h)| {
            a[0] = old_a[0] + 1.0;
            h[0] = old_h[0] + 1.0;
        });
    }),
    (READS, |it| {
        it.eight.a.read_into(black_box(&mut it.copy.a));
        it.eight.b.read_into(black_box(&mut it.copy.b));
        it.eight.c.read_into(black_box(&mut it.copy.c));
        it.eight.d.read_into(black_box(&mut it.copy.d));
        it.eight.e.read_into(black_box(&mut it.copy.e));
        it.eight.f.read_into(black_box(&mut it.copy.f));
        it.eight.g.read_into(black_box(&mut it.copy.g));
        it.eight.h.read_into(black_box(&mut it.copy.h));
    }),
    (SNAPSHOT, |it| it.eight.snapshot_into(black_box(&mut it.copy))),
];

fn measure(worker: &Worker) -> Result<()> {
    let peers = worker.peers(BYTES);
    let (peer, place) =
        peers.iter().find(|(peer, _)| peer.name() == SHMA).context("the library")?;
    let two = Two::create(&place.name, &Two::zeroed())?;
    let eight = Eight::create(&format!("{}-eight", place.name), &Eight::zeroed())?;
    let mut subject = Subject { two, eight, copy: Eight::zeroed() };
    // Each changes what it names by one.
    CALLS.iter().for_each(|(_, call)| call(&mut subject));
    assert_eq!([subject.two.a.get(0), subject.two.b.get(0)], [3.0, 2.0], "wrong numbers");
    assert_eq!([subject.copy.a[0], subject.copy.h[0]], [1.0, 1.0], "wrong numbers");
    let time = |subject: &mut Subject, call: Call, times| {
        (0..times).for_each(|_| call(subject));
        anyhow::Ok(())
    };
    let mut contestants = Vec::new();
    for (name, call) in CALLS {
        let turn = worker.effort.turn();
        let batch = Batch::calibrate(turn, |times| time(&mut subject, call, times))?;
        contestants.push((name, call, batch));
    }
    let rounds = worker.effort.rounds(BYTES);
    for _ in 0..rounds {
        worker.shuffle(&mut contestants);
        for (name, call, batch) in &contestants {
            worker.tell(*peer, name, batch.time(|times| time(&mut subject, *call, times))?);
        }
        worker.step(rounds);
    }
    Ok(())
}
