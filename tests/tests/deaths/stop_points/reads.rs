//! Stops in the middle of a read, and on the way to sleep.

use shma_core::ShmState;
use shma_core::inspect::View;
use shma_tests::states::Board;

use super::children::{Scene, dies_of, opened, stopping, stopping_in, stops_in, watched};

pub const POINTS: &[&str] = &["read.entered", "snapshot.copied", "wait.sleeping"];

/// A reader dies: it held nothing, and no process notices.
#[test]
fn no_dead_reader_is_waited_for() {
    watched(|| {
        for (point, call) in [
            ("read.entered", "read-row"),
            ("snapshot.copied", "snapshot"),
            ("wait.sleeping", "wait 3600000"),
        ] {
            let scene = Scene::new("reader");
            dies_of(stopping_in(&scene.name, point), call);
            scene.all_read((1, 1), (1, 1), (1, 1));
            scene.goes_on();
        }
    });
}

/// A reader is stopped between finding the newest value and copying it, or between copying and
/// looking again, while writers go round all slots. What it has in its hands by then is a mixture,
/// and it has to see that.
#[test]
fn a_stopped_reader_accepts_no_mixture() {
    watched(|| {
        for publications in [1, 2, 3, 4, 5, 8, 100] {
            for open in ["open", "open-read-only"] {
                let scene = Scene::new("mixture");
                let mut reader = stopping("pause:read.entered");
                reader.order(&format!("{open} {}", scene.name));
                stops_in(&mut reader, "read-row-into");
                // Publication n holds n.
                for n in 0..publications {
                    scene.board.row.write(&[n + 2; 1024]);
                }
                reader.go_on();
                // The child checks that all words are one number. Up to three publications leave
                // the slot alone, so the old value may be it.
                let line = reader.line();
                let (value, version) = line.split_once(" of publication ").unwrap();
                assert_eq!(value, version);
                let newest = publications + 1;
                let may_be_old = version == "1" && publications < 4;
                assert!(version == newest.to_string() || may_be_old, "{version} of {newest}");
                scene.goes_on();
            }
        }
    });
}

/// The same for all fields at once.
#[test]
fn a_stopped_snapshot_is_one_instant() {
    watched(|| {
        for open in ["open", "open-read-only"] {
            let scene = Scene::new("snapshot");
            let mut reader = stopping("pause:snapshot.copied");
            reader.order(&format!("{open} {}", scene.name));
            stops_in(&mut reader, "snapshot");
            scene.board.count.write(&2);
            opened(&scene.name).order("transaction 7");
            scene.board.later.write(&8);
            reader.go_on();
            reader.expect("7 8 7");
        }
    });
}

/// A waiter is stopped when it has said that it sleeps, but does not sleep yet. It must find out
/// all the same, and block no process until then.
#[test]
fn a_waiter_stopped_before_its_sleep_does_not_oversleep() {
    watched(|| {
        let scene = Scene::new("bed");
        let mut waiter = stopping_in(&scene.name, "pause:wait.sleeping");
        stops_in(&mut waiter, "wait 3600000");
        waiter.expect("since 1");
        let mut other = opened(&scene.name);
        other.tell("wait 3600000");
        other.expect("since 1");
        scene.board.count.update(|new, old| *new = old + 1);
        other.expect("2");
        waiter.go_on();
        waiter.expect("2");
        scene.goes_on();
        assert_eq!(Board::open(&scene.name).unwrap().count.read(), 12);
    });
}

/// A reader that writers overtake again and again acquires the semaphore for one copy. A process
/// that looks then must not be told that the last writer holds it.
#[test]
fn a_reader_that_locks_is_named_as_the_holder() {
    watched(|| {
        let scene = Scene::new("reader-holds");
        let mut reader = stopping_in(&scene.name, "pause:read.entered:each");
        reader.tell("read");
        let mut count = 1;
        let holder = loop {
            reader.await_stopped();
            let view = View::open(&scene.name).unwrap();
            if let Some(holder) = view.field("count").unwrap().status().holder {
                break holder;
            }
            for _ in 0..5 {
                count += 1;
                scene.board.count.write(&count);
            }
            reader.go_on();
        };
        assert_eq!((holder.pid, holder.dead), (reader.pid(), false));
        reader.go_on();
        reader.expect(&count.to_string());
        scene.goes_on();
    });
}
