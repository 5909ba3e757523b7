//! Stops inside a transaction, and inside its recovery: all of it, or nothing.

use shma_core::Error;
use shma_tests::region::{control, header};
use shma_tests::states::Board;
use shma_tests::watchdog::until;

use super::children::{Scene, dies_of, opened, stopping, stopping_in, stops_in, watched};

/// Points at which it has not happened yet.
const BEFORE: [&str; 6] = [
    "transaction.acquired",
    "publish.marked:2",
    "commit.slot",
    "commit.slot:2",
    "commit.slot:3",
    "commit.stored",
];

/// Points at which it has.
const AFTER: [&str; 5] =
    ["commit.happened", "commit.version", "commit.version:2", "commit.version:3", "commit.done"];

/// Every way of publishing the number 7 in all fields.
const CALLS: [&str; 4] =
    ["transaction 7", "transaction-if 7", "transaction-within 7", "transaction-of 7"];

pub const POINTS: &[&str] = &[
    "transaction.acquired",
    "commit.slot",
    "commit.stored",
    "commit.happened",
    "commit.version",
    "commit.done",
    "recover.version",
    "recover.done",
];

/// Points inside the recovery, field by field.
const RECOVERY: [&str; 5] = [
    "acquire.taken_over",
    "recover.version",
    "recover.version:2",
    "recover.version:3",
    "recover.done",
];

/// Before the one instant nothing shows, behind it everything does, to every reader, and at once:
/// not only when a process has come to recover.
#[test]
fn no_transaction_is_cut_in_half() {
    watched(|| {
        let before = BEFORE.map(|point| (point, (1, 1)));
        for (point, seen) in before.into_iter().chain(AFTER.map(|point| (point, (7, 2)))) {
            for call in CALLS {
                let scene = Scene::new("cut");
                dies_of(stopping_in(&scene.name, point), call);
                scene.all_read(seen, seen, seen);
                scene.goes_on();
            }
        }
    });
}

/// A transaction that publishes nothing dies while it holds all semaphores, or some of them. It leaves
/// no trace, not even a target that a recovery could take for a commit.
#[test]
fn a_declined_transaction_leaves_nothing_behind() {
    const CALL: &str = "transaction-declined 666";
    watched(|| {
        let words = |scene: &Scene| {
            let bytes = scene.name.bytes();
            let begins = Board::partitions().map(|field| bytes.u64(field + control::BEGIN));
            (bytes.u64(header::COMMIT), begins)
        };
        for point in ["acquire.acquired", "acquire.acquired:2", "transaction.acquired"] {
            let scene = Scene::new("declined");
            let before = words(&scene);
            dies_of(stopping_in(&scene.name, point), CALL);
            scene.all_read((1, 1), (1, 1), (1, 1));
            assert_eq!(words(&scene), before, "{point}");
            scene.goes_on();
        }
        // No point of a commit lies on its way.
        let scene = Scene::new("declined");
        let before = words(&scene);
        for point in BEFORE[1..].iter().chain(&AFTER).chain(&["wake.released", "wake.told"]) {
            stopping_in(&scene.name, point).order(CALL);
        }
        scene.all_read((1, 1), (1, 1), (1, 1));
        assert_eq!(words(&scene), before);
        scene.goes_on();
    });
}

/// Recoverers die as well, at any point of that, one after the other.
#[test]
fn no_recovery_is_cut_in_half() {
    watched(|| {
        for point in AFTER {
            for first in RECOVERY {
                for second in ["recover.version:2", "recover.done"] {
                    let scene = Scene::new("recovery");
                    dies_of(stopping_in(&scene.name, point), "transaction 7");
                    for recovery in [first, second] {
                        // Where there is nothing left to recover, it dies in its own update.
                        let successor = stopping_in(&scene.name, recovery);
                        let odd = commit_is_odd(&scene);
                        match odd || recovery == "acquire.taken_over" {
                            true => dies_of(successor, "add 100"),
                            false => drop(successor),
                        }
                        scene.all_read((7, 2), (7, 2), (7, 2));
                    }
                    scene.goes_on();
                }
            }
        }
    });
}

fn commit_is_odd(scene: &Scene) -> bool {
    let word = scene.name.bytes().u64(header::COMMIT);
    !word.is_multiple_of(2)
}

/// A transaction that died before its instant leaves its targets behind. The next one must not
/// publish them.
#[test]
fn no_transaction_publishes_a_dead_one() {
    watched(|| {
        for point in BEFORE {
            let scene = Scene::new("targets");
            dies_of(stopping_in(&scene.name, point), "transaction 666");
            // It changes one field only.
            let next = stopping_in(&scene.name, "commit.happened");
            dies_of(next, "transaction-of-later 7");
            scene.all_read((1, 1), (7, 2), (1, 1));
            scene.goes_on();
        }
    });
}

/// A sleeper waits for one field; the transaction that publishes it dies. Only the next
/// process tells it.
#[test]
fn a_sleeper_learns_of_a_transaction() {
    watched(|| {
        for point in AFTER {
            let scene = Scene::new("sleeper");
            let [count, ..] = Board::partitions();
            let mut sleeper = opened(&scene.name);
            sleeper.tell("wait 3600000");
            sleeper.expect("since 1");
            until("it sleeps", || scene.name.bytes().has_sleepers(count));
            dies_of(stopping_in(&scene.name, point), "transaction 7");
            sleeper.expect("2");
            assert_eq!(sleeper.ask("snapshot"), "7 7 7");
            scene.goes_on();
        }
    });
}

/// A transaction is stopped: readers and snapshots do not notice, writers are told who it is.
#[test]
fn a_stopped_transaction_stops_no_reader() {
    watched(|| {
        let before = BEFORE.map(|point| (point, (1, 1)));
        let after = AFTER.map(|point| (point, (7, 2)));
        for (point, seen) in before.into_iter().chain(after) {
            let scene = Scene::new("stopped");
            let mut writer = stopping_in(&scene.name, &format!("pause:{point}"));
            stops_in(&mut writer, "transaction 7");
            scene.all_read(seen, seen, seen);
            for field in [&scene.board.count, &scene.board.later] {
                let result = field.try_update(|_, _| ());
                let Err(Error::WouldBlock { holder: Some(holder), .. }) = result else {
                    panic!("{point}: {result:?}")
                };
                assert_eq!(holder.pid, writer.pid());
            }
            writer.go_on();
            writer.expect("ok");
            scene.all_read((7, 2), (7, 2), (7, 2));
            scene.goes_on();
        }
    });
}

/// The last process of all dies in a transaction: who opens the region afterwards finds it done.
#[test]
fn a_transaction_survives_the_end_of_its_region() {
    watched(|| {
        for (points, expected) in [(&BEFORE[..], "1 0 0"), (&AFTER[..], "7 7 7")] {
            for point in points {
                let name = shma_tests::region::Name::new("last");
                let mut last = stopping(point);
                last.order(&format!("create {name} 1"));
                dies_of(last, "transaction 7");
                let mut successor = opened(&name);
                assert_eq!(successor.ask("snapshot"), expected, "{point}");
                successor.order("add 1");
                successor.order("transaction 9");
                assert_eq!(successor.ask("snapshot"), "9 9 9");
            }
        }
    });
}
