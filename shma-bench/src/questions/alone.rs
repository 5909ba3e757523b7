//! How one process alone compares its peers: all are made and checked, and then they take turns.

use crate::ability::{Done, Peer, Place, Unable};
use crate::measure::Batch;
use crate::worker::Worker;

/// A peer that can do it.
struct Contestant<S> {
    peer: &'static dyn Peer,
    subject: S,
    batch: Batch,
}

/// Compares. `make` makes what is measured, `check` does everything once and panics if it gives
/// wrong values, `call` is timed.
pub fn compare<S>(
    worker: &Worker,
    bytes: u64,
    make: impl Fn(&dyn Peer, &Place) -> Result<S, Unable>,
    mut check: impl FnMut(&dyn Peer, &mut S) -> Done,
    mut call: impl FnMut(&mut S, u64) -> Done,
) {
    let mut contestants = Vec::new();
    for (peer, place) in worker.peers(bytes) {
        let prepared = make(peer, &place).and_then(|mut subject| {
            check(peer, &mut subject)?;
            let batch = Batch::calibrate(worker.effort.turn(), |times| call(&mut subject, times))?;
            Ok(Contestant { peer, subject, batch })
        });
        match prepared {
            Ok(contestant) => contestants.push(contestant),
            Err(reason) => worker.refuse(peer, reason),
        }
    }
    let rounds = worker.effort.rounds(bytes);
    for _ in 0..rounds {
        worker.shuffle(&mut contestants);
        for Contestant { peer, subject, batch } in &mut contestants {
            match batch.time(|times| call(subject, times)) {
                Ok(nanos) => worker.tell(*peer, "time", nanos),
                Err(reason) => panic!("{} failed on the way: {}", peer.name(), reason.0),
            }
        }
        worker.step(rounds);
    }
}

/// Compares calls on whole values.
pub mod values {
    use anyhow::Result;

    use super::compare;
    use crate::ability::{Done, Store, mix};
    use crate::buffer::Buffer;
    use crate::peers;
    use crate::worker::{Worker, check_memory};

    /// A call that takes a buffer of the value's size.
    pub type Call = fn(&mut dyn Store, &mut [f64], u64) -> Done;

    /// What the value is after the call, from what it was and what the buffer held.
    pub type After = fn(old: f64, buffer: f64) -> f64;

    /// Compares `call`, on values of the case's size. The buffer is full of ones.
    pub fn compare_values(worker: &Worker, call: Call, after: After) -> Result<()> {
        let bytes = worker.job.case;
        let mut buffer = Buffer::filled(bytes, |_| 1.0);
        let mut other = Buffer::filled(bytes, |_| 1.0);
        let mut seen = Buffer::zeroed(bytes);
        let check = |peer: &dyn crate::ability::Peer, store: &mut Box<dyn Store>| {
            if peer.name() == peers::MUTEX_PAIR {
                return Ok(());
            }
            seen.iter_mut().enumerate().for_each(|(index, number)| *number = pattern(index));
            store.poke(&seen)?;
            store.hand(&buffer)?;
            call(store.as_mut(), &mut buffer, 1)?;
            store.fetch(&mut buffer)?;
            store.peek(&mut seen)?;
            for (index, seen) in seen.iter().enumerate() {
                let expected = after(pattern(index), 1.0);
                assert!(*seen == expected, "{}: wrong number {index}: {seen}", peer.name());
            }
            let kept = after(0.0, 1.0) != 0.0;
            for (index, number) in buffer.iter().enumerate() {
                let expected = if kept { 1.0 } else { pattern(index) };
                assert!(*number == expected, "{}: wrong read {index}: {number}", peer.name());
            }
            buffer.fill(1.0);
            Ok(())
        };
        compare(
            worker,
            bytes,
            |peer, place| {
                check_memory(peer.copies() + 1, bytes)?;
                peer.create(place)
            },
            check,
            |store, times| call(store.as_mut(), &mut other, times),
        );
        Ok(())
    }

    /// Another number in each place.
    fn pattern(index: usize) -> f64 {
        index as f64 + 2.0
    }

    /// After a read the value is what it was.
    pub const UNCHANGED: After = |old, _| old;
    /// After a replacement it is the buffer's.
    pub const REPLACED: After = |_, buffer| buffer;
    /// After an addition it is the sum.
    pub const ADDED: After = |old, buffer| old + buffer;
    /// After an update it is both.
    pub const MIXED: After = |old, buffer| mix(buffer, old);
}
