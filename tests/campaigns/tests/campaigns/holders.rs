//! What two threads see of each other that hold a semaphore each. It is here because it takes
//! optimised calls: others take so long that nothing is in a store buffer any more.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use shma_core::{Shm, ShmState};
use shma_tests::region::Name;
use shma_tests::watchdog::watched;

#[derive(ShmState)]
struct Two {
    left: u64,
    right: u64,
}

/// The most rounds. Where the two threads have one processor between them, a round may take
/// milliseconds, so there are as many as fit.
const ROUNDS: u64 = 100_000;

/// In place of a round: no other follows.
const END: u64 = u64::MAX;

/// Holds a semaphore, and in each round publishes its number and takes a snapshot, together with the
/// other thread. The first thread begins no round after `last`.
fn publish_and_look(
    state: &Shm<Two>,
    me: usize,
    last: Instant,
    ready: &[AtomicU64; 2],
) -> Vec<[u64; 2]> {
    let mut writer = if me == 0 { &state.left } else { &state.right }.writer().unwrap();
    let mut copy = Two::zeroed();
    let turn = |round: u64| {
        if me == 0 && Instant::now() >= last {
            ready[me].store(END, Ordering::Release);
            return None;
        }
        ready[me].store(round, Ordering::Release);
        let mut looks = 0;
        while ready[1 - me].load(Ordering::Acquire) < round {
            // The other thread may have no processor.
            looks += 1;
            if looks % 1_000 == 0 { thread::yield_now() } else { std::hint::spin_loop() }
        }
        if ready[1 - me].load(Ordering::Acquire) == END {
            return None;
        }
        // One thread learns later than the other that both are there, so they meet in every way.
        let delay = if me == 0 { round % 512 } else { 0 };
        (0..delay).for_each(|step| _ = std::hint::black_box(step));
        writer.write(&round);
        match round % 3 {
            0 => state.snapshot_into(&mut copy),
            1 => while state.try_snapshot_into(&mut copy).is_err() {},
            _ => {
                let into = (&mut copy.left, &mut copy.right);
                state.snapshot_of((&state.left, &state.right), into);
            }
        }
        Some([copy.left, copy.right])
    };
    (1..=ROUNDS).map_while(turn).collect()
}

/// Neither of the two calls has a locked instruction of its own. So what each thread has published may
/// still be in its processor's store buffer, where this thread alone sees it. Two snapshots that each
/// miss the other's publication stand in no order.
#[test]
fn of_two_holders_one_sees_what_the_other_has_published() {
    watched(|| {
        let name = Name::new("holders");
        let state = Two::create(&name, &Two::zeroed()).unwrap();
        let ready = [AtomicU64::new(0), AtomicU64::new(0)];
        let last = Instant::now() + Duration::from_secs(5);
        let look = |me| publish_and_look(&state, me, last, &ready);
        let [one, other] = thread::scope(|scope| {
            let other = scope.spawn(|| look(1));
            [look(0), other.join().unwrap()]
        });
        for (round, ([_, right], [left, _])) in (1..=ROUNDS).zip(one.into_iter().zip(other)) {
            assert!(right >= round || left >= round, "each missed the other in round {round}");
        }
    });
}
