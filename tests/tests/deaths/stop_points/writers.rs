//! Stops under a semaphore that is held for several publications: those before are published, whether
//! or not the one at which it stops is.

use std::time::Duration;

use shma_core::Error;
use shma_tests::child::Child;
use shma_tests::states::Board;
use shma_tests::watchdog::until;

use super::children::{Scene, dies_of, opened, stopping_in, stops_in, watched};

/// Points at which the third publication is not published yet.
const BEFORE: [&str; 3] = ["publish.begun:3", "publish.marked:3", "publish.stored:3"];

/// Points at which it is published, and a waiter may not know yet.
const AFTER: [&str; 2] = ["publish.published:3", "wake.kept:3"];

pub const POINTS: &[&str] = &["wake.kept"];

/// One that has published 5 and 6 under a writer, and holds it.
fn holder(scene: &Scene, at: &str, hold: &str) -> Child {
    let mut holder = stopping_in(&scene.name, at);
    assert_eq!(holder.ask(hold), "holding");
    assert_eq!(holder.ask("write 5"), "2");
    assert_eq!(holder.ask("write 6"), "3");
    holder
}

#[test]
fn what_was_published_before_the_death_is_there() {
    watched(|| {
        for call in ["write 7", "update 7", "update-with 7", "update-range 0 1024 7"] {
            for (point, row) in BEFORE
                .map(|point| (point, (6, 3)))
                .into_iter()
                .chain(AFTER.map(|point| (point, (7, 4))))
            {
                let scene = Scene::new("writer");
                dies_of(holder(&scene, point, "hold-writer"), call);
                scene.all_read((1, 1), (1, 1), row);
                scene.goes_on();
            }
        }
    });
}

/// A part needs what the publications before have changed, and those were its own.
#[test]
fn a_death_between_two_steps_of_a_part_tears_nothing() {
    watched(|| {
        let points = ["publish.caught_up", "publish.caught_up:2", "publish.caught_up:3"];
        for point in points.into_iter().chain(BEFORE) {
            for call in ["set 500 666", "update-range 3 900 666"] {
                let scene = Scene::new("writer-part");
                dies_of(holder(&scene, point, "hold-writer"), call);
                scene.all_read((1, 1), (1, 1), (6, 3));
                // Once more, so that the next one has two deaths behind it.
                let mut next = stopping_in(&scene.name, point.split(':').next().unwrap());
                assert_eq!(next.ask("hold-writer"), "holding");
                dies_of(next, call);
                scene.all_read((1, 1), (1, 1), (6, 3));
                scene.goes_on();
            }
        }
    });
}

/// A waiter sleeps, and the holder dies before or after the publication: the waiter learns of
/// whatever there is, now or with the next one.
#[test]
fn a_sleeper_outlives_the_holder() {
    watched(|| {
        let published = AFTER.into_iter().chain(["wake.told"]).map(|point| (point, true));
        for (point, published) in BEFORE.map(|point| (point, false)).into_iter().chain(published) {
            let scene = Scene::new("writer-sleeper");
            let [count, ..] = Board::partitions();
            let holder = holder(&scene, point, "hold-writer-of-count");
            let mut sleeper = opened(&scene.name);
            sleeper.tell("wait 3600000");
            sleeper.expect("since 3");
            until("it sleeps", || scene.name.bytes().has_sleepers(count));
            dies_of(holder, "write 7");
            if !published {
                assert_eq!(u64::from(scene.witness.count.version()), 3);
                scene.board.count.update(|new, _| *new = 7);
            }
            sleeper.expect("4");
            assert_eq!(sleeper.ask("read"), "7");
            scene.goes_on();
        }
    });
}

/// It is stopped instead, and comes back: readers go on meanwhile, and nothing is taken.
#[test]
fn a_holder_that_stops_in_a_publication_goes_on() {
    watched(|| {
        let before = BEFORE.map(|point| (point, (6, 3)));
        for (point, row) in before.into_iter().chain(AFTER.map(|point| (point, (7, 4)))) {
            let scene = Scene::new("writer-stopped");
            let mut holder = holder(&scene, &format!("pause:{point}"), "hold-writer");
            stops_in(&mut holder, "write 7");
            let result = scene.board.row.update_timeout(Duration::from_millis(30), |_, _| ());
            let Err(Error::Timeout { holder: Some(named), .. }) = result else {
                panic!("{point}: {result:?}")
            };
            assert_eq!(named.pid, holder.pid());
            scene.all_read((1, 1), (1, 1), row);
            holder.go_on();
            holder.expect("4");
            scene.all_read((1, 1), (1, 1), (7, 4));
            assert_eq!(holder.ask("release"), "ok");
            scene.goes_on();
        }
    });
}
