//! Stops inside an update: before the publication it never was, after it it is.

use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use shma_core::Error;
use shma_tests::region::control;
use shma_tests::states::Board;
use shma_tests::watchdog::until;

use super::children::{Scene, dies_of, opened, stopping_in, stops_in, watched};

/// Points at which nothing is published yet.
const BEFORE: [&str; 4] = ["acquire.acquired", "publish.begun", "publish.marked", "publish.stored"];

/// Points at which it is published, and a process may not know yet.
const AFTER: [&str; 2] = ["publish.published", "wake.released"];

pub const POINTS: &[&str] = &[
    "acquire.acquired",
    "publish.begun",
    "publish.marked",
    "publish.caught_up",
    "publish.stored",
    "publish.published",
    "wake.released",
    "wake.told",
    "release.freed",
];

/// Every way of publishing the number 7 in the row.
const CALLS: [&str; 12] = [
    "row-write 7",
    "row-update 7",
    "row-update-with 7",
    "row-merge 7",
    "row-update-if 7",
    "row-try-if 7",
    "row-if-within 7",
    "row-update-when 7",
    "row-range-if 7",
    "row-write-flat 7",
    "row-update-flat 7",
    "row-update-with-flat 7",
];

/// Calls whose closure has changed its copy, and does not want it published.
const DECLINED: [&str; 4] =
    ["row-decline 666", "row-decline-try 666", "row-decline-within 666", "row-decline-range 666"];

/// A writer dies before its publication. Whatever it has stored lies in a slot that no process
/// reads, and the next writer has to allow for that.
#[test]
fn an_unpublished_value_never_shows() {
    watched(|| {
        for point in BEFORE {
            for call in CALLS {
                let scene = Scene::new("before");
                dies_of(stopping_in(&scene.name, point), call);
                scene.all_read((1, 1), (1, 1), (1, 1));
                scene.goes_on();
            }
            let scene = Scene::new("before");
            dies_of(stopping_in(&scene.name, point), "add 6");
            scene.all_read((1, 1), (1, 1), (1, 1));
            scene.goes_on();
        }
    });
}

/// A writer dies behind its publication. It counts, although the writer woke no process.
#[test]
fn no_publication_of_the_dead_is_lost() {
    watched(|| {
        for point in AFTER {
            for call in CALLS {
                let scene = Scene::new("after");
                dies_of(stopping_in(&scene.name, point), call);
                scene.all_read((1, 1), (1, 1), (7, 2));
                scene.goes_on();
            }
            let scene = Scene::new("after");
            dies_of(stopping_in(&scene.name, point), "add 6");
            scene.all_read((7, 2), (1, 1), (1, 1));
            scene.goes_on();
        }
    });
}

/// A writer that publishes nothing dies while it holds the semaphore, or is done. It leaves no
/// trace, not even a begun publication, and no range that later publications have to copy.
#[test]
fn a_declined_update_leaves_nothing_behind() {
    watched(|| {
        let [_, _, row] = Board::partitions();
        let words = |scene: &Scene| {
            let bytes = scene.name.bytes();
            let begin = bytes.u64(row + control::BEGIN);
            (begin, [0, 8, 16, 24].map(|at| bytes.u64(row + control::DIRTY + at)))
        };
        for call in DECLINED {
            let scene = Scene::new("declined");
            let before = words(&scene);
            dies_of(stopping_in(&scene.name, "acquire.acquired"), call);
            scene.all_read((1, 1), (1, 1), (1, 1));
            assert_eq!(words(&scene), before, "{call}");
            let mut other = opened(&scene.name);
            other.order(call);
            assert_eq!(words(&scene), before, "{call}");
            // None of the points of a publication lies on its way.
            for point in ["publish.begun", "publish.published", "wake.released", "wake.told"] {
                stopping_in(&scene.name, point).order(call);
            }
            scene.all_read((1, 1), (1, 1), (1, 1));
            scene.goes_on();
        }
    });
}

/// A writer dies inside of a closure that would have declined, or right after it released the
/// semaphore. A process that queues for it gets in, and one that waits for a publication sleeps on.
#[test]
fn a_declining_holder_dies_beside_a_queue_and_a_sleeper() {
    watched(|| {
        for point in ["inside", "release.freed"] {
            let scene = Scene::new("declining");
            let [count, ..] = Board::partitions();
            let mut sleeper = opened(&scene.name);
            sleeper.tell("wait 3600000");
            sleeper.expect("since 1");
            until("it sleeps", || scene.name.bytes().has_sleepers(count));
            let mut holder = stopping_in(&scene.name, point);
            assert_eq!(holder.ask("hold-and-decline"), "holding");
            let mut queued = opened(&scene.name);
            queued.tell("take-within 3600000");
            until("it queues", || scene.name.bytes().has_waiters(count));
            match point {
                "inside" => holder.kill(),
                _ => dies_of(holder, "publish 666"),
            }
            queued.expect("1");
            sleeper.expect("2");
            scene.all_read((0, 2), (1, 1), (1, 1));
            scene.goes_on();
        }
    });
}

/// A process that waits for a value that suits it dies: as it goes to sleep, when it has been woken,
/// or in its own publication. Others take what it would have taken.
#[test]
fn a_dead_taker_keeps_what_it_waited_for() {
    watched(|| {
        let points = [
            ("wait.sleeping", false),
            ("acquire.acquired:2", false),
            ("publish.begun", false),
            ("publish.stored", false),
            ("publish.published", true),
            ("wake.released", true),
        ];
        for (point, taken) in points {
            let scene = Scene::new("taker");
            let [count, ..] = Board::partitions();
            scene.board.count.write(&0);
            let mut taker = stopping_in(&scene.name, point);
            taker.tell("take-within 3600000");
            if point != "wait.sleeping" {
                until("it sleeps", || scene.name.bytes().has_sleepers(count));
                scene.board.count.write(&1);
            }
            assert!(taker.end().signal().is_some(), "it did not come to {point}");
            let mut successor = opened(&scene.name);
            successor.tell("take-within 3600000");
            scene.board.count.update(|new, old| *new = old + 5);
            let before: u64 = successor.line().parse().unwrap();
            assert!((1..=6).contains(&before), "{point}: {before}");
            let took = 1 + u64::from(taken);
            let put = if point == "wait.sleeping" { 5 } else { 6 };
            assert_eq!(scene.witness.count.read(), put - took, "{point}");
            scene.goes_on();
        }
    });
}

/// Half a row is stored: a part is published by bringing a slot up to date first. A writer dies
/// between any two steps of that, after any history of whole and partial publications.
#[test]
fn parts_are_published_over_slots_that_are_up_to_date() {
    watched(|| {
        let histories: [&[&str]; 4] = [
            &[],
            &["row-write 1"],
            &["row-set 5 1", "row-set 900 1"],
            &["row-write 3", "row-set 1 3", "row-write 1", "row-set 1023 1"],
        ];
        for history in histories {
            for point in ["publish.caught_up", "publish.caught_up:2", "publish.caught_up:3"]
                .into_iter()
                .chain(BEFORE)
            {
                let scene = Scene::new("part");
                let mut earlier = opened(&scene.name);
                history.iter().for_each(|call| earlier.order(call));
                let version = 1 + history.len() as u64;
                dies_of(stopping_in(&scene.name, point), "row-set 500 666");
                scene.all_read((1, 1), (1, 1), (1, version));
                // Once more, so that the next one has two deaths behind it.
                dies_of(stopping_in(&scene.name, point), "row-set 501 666");
                scene.all_read((1, 1), (1, 1), (1, version));
                scene.goes_on();
            }
            for point in AFTER {
                let scene = Scene::new("part-after");
                let mut earlier = opened(&scene.name);
                history.iter().for_each(|call| earlier.order(call));
                dies_of(stopping_in(&scene.name, point), "row-set 500 666");
                let row = scene.witness.row.read();
                assert!((0..1024).all(|i| row[i] == if i == 500 { 666 } else { 1 }));
                scene.goes_on();
            }
        }
    });
}

/// A sleeper waits for the next publication; its writer dies at the point. If there is one the
/// sleeper must learn of it, told or not; and if there is none it must sleep on, for the next.
#[test]
fn a_sleeper_learns_of_a_publication_of_the_dead() {
    watched(|| {
        let published = AFTER.into_iter().chain(["wake.told"]);
        let points = BEFORE.into_iter().map(|p| (p, false)).chain(published.map(|p| (p, true)));
        for (point, published) in points {
            let scene = Scene::new("sleeper");
            let [count, ..] = Board::partitions();
            let mut sleeper = opened(&scene.name);
            sleeper.tell("wait 3600000");
            sleeper.expect("since 1");
            until("it sleeps", || scene.name.bytes().has_sleepers(count));
            dies_of(stopping_in(&scene.name, point), "add 6");
            if !published {
                assert_eq!(u64::from(scene.witness.count.version()), 1);
                scene.board.count.update(|new, old| *new = old + 6);
            }
            sleeper.expect("2");
            assert_eq!(sleeper.ask("read"), "7");
            scene.goes_on();
        }
    });
}

/// A writer queues for the semaphore, and the holder dies when it has released it, but has not
/// woken the other yet.
#[test]
fn a_queue_goes_on_after_a_death_before_the_wake_up() {
    watched(|| {
        for point in ["release.freed", "publish.published", "wake.released", "publish.begun"] {
            let scene = Scene::new("queue");
            let [count, ..] = Board::partitions();
            let mut holder = stopping_in(&scene.name, point);
            assert_eq!(holder.ask("hold"), "holding");
            let mut queued = opened(&scene.name);
            queued.tell("add 1");
            until("it queues", || scene.name.bytes().has_waiters(count));
            dies_of(holder, "publish 10");
            queued.expect("ok");
            let expected = if point == "publish.begun" { 2 } else { 11 };
            assert_eq!(scene.witness.count.read(), expected, "{point}");
            scene.goes_on();
        }
    });
}

/// A writer is stopped instead: it comes back. Readers go on meanwhile, other writers learn who is
/// in their way, and nothing is taken.
#[test]
fn a_writer_stopped_in_an_update_stops_no_reader() {
    watched(|| {
        let points = BEFORE.into_iter().map(|point| (point, 1));
        for (point, seen) in points.chain([("publish.published", 7)]) {
            let scene = Scene::new("stopped");
            let mut writer = stopping_in(&scene.name, &format!("pause:{point}"));
            stops_in(&mut writer, "row-update 7");
            let limit = Duration::from_millis(30);
            let result = scene.board.row.update_timeout(limit, |_, _| ());
            let Err(Error::Timeout { holder: Some(holder), .. }) = result else {
                panic!("{point}: {result:?}")
            };
            assert_eq!(holder.pid, writer.pid());
            assert!(matches!(scene.board.row.try_update(|_, _| ()), Err(Error::WouldBlock { .. })));
            let version = if seen == 1 { 1 } else { 2 };
            scene.all_read((1, 1), (1, 1), (seen, version));
            scene.board.count.update(|new, old| *new = old + 1);
            writer.go_on();
            writer.expect("ok");
            scene.all_read((2, 2), (1, 1), (7, 2));
            scene.goes_on();
        }
    });
}

/// Stopped behind the release, it blocks no process.
#[test]
fn a_writer_stopped_after_an_update_stops_no_writer() {
    watched(|| {
        let scene = Scene::new("stopped-after");
        let mut writer = stopping_in(&scene.name, "pause:wake.released");
        stops_in(&mut writer, "row-update 7");
        scene.all_read((1, 1), (1, 1), (7, 2));
        scene.goes_on();
        writer.go_on();
        writer.expect("ok");
        scene.goes_on();
    });
}
