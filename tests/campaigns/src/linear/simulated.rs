//! Histories that are linearizable because they were made so.

use super::event::{Deed, History, Touch};
use shma_tests::rng::Rng;

const FIELDS: usize = 3;

/// A call that is going to happen at one instant.
struct Planned {
    process: u16,
    start: u64,
    instant: u64,
    end: u64,
}

/// So many calls of so many processes: reads, updates, snapshots and transactions, each of which
/// happens at an instant between its beginning and its end.
pub fn simulated(seed: u64, processes: u16, calls: usize) -> History {
    let mut rng = Rng::new(seed);
    let mut planned = plan(&mut rng, processes, calls);
    planned.sort_by_key(|call| call.instant);
    let mut fields = [(1, 0); FIELDS];
    let mut history = History::new(vec![0; FIELDS]);
    for call in planned {
        let (kind, touches) = happen(&mut rng, &mut fields);
        history.add(call.process, kind, [call.start, call.end], &touches);
    }
    history
}

/// The calls of each process follow one another; those of different ones overlap as they like.
fn plan(rng: &mut Rng, processes: u16, calls: usize) -> Vec<Planned> {
    let mut planned = Vec::new();
    for process in 0..processes {
        let mut now = 1;
        for _ in 0..calls / usize::from(processes) {
            let mut later = |most| now + rng.below(most) as u64;
            let start = later(30);
            now = start;
            let mut later = |most| now + rng.below(most) as u64;
            let instant = later(100);
            now = instant;
            let end = now + rng.below(100) as u64;
            now = end + 1;
            planned.push(Planned { process, start, instant, end });
        }
    }
    planned
}

/// What a call does to fields with these versions and checksums.
fn happen(rng: &mut Rng, fields: &mut [(u64, u64); FIELDS]) -> (&'static str, Vec<Touch>) {
    let (kind, publishes) =
        rng.pick(&[("read", false), ("update", true), ("snapshot", false), ("transaction", true)]);
    let one = rng.below(FIELDS);
    let touched: Vec<usize> = match kind {
        "read" | "update" => vec![one],
        "snapshot" => (0..FIELDS).collect(),
        _ => (0..FIELDS).filter(|field| *field != one).collect(),
    };
    let mut touches = Vec::new();
    for field in touched {
        let (version, checksum) = fields[field];
        touches.push(Touch { field, deed: Deed::Saw, version, checksum: Some(checksum) });
        if publishes {
            let (version, checksum) = (version + 1, rng.next_u64());
            fields[field] = (version, checksum);
            let checksum = Some(checksum);
            touches.push(Touch { field, deed: Deed::Published, version, checksum });
        }
    }
    (kind, touches)
}
