//! Stops while waiting for a semaphore, and while taking one over from the dead.

use shma_tests::states::Board;
use shma_tests::watchdog::until;

use super::children::{Scene, dies_of, opened, stopping_in, stops_in, watched};

pub const POINTS: &[&str] = &["acquire.sleeping", "acquire.taken_over", "recover.woken"];

/// One who was about to sleep for the semaphore dies; a wake-up may have been meant for it.
#[test]
fn no_dead_waiter_is_waited_for() {
    watched(|| {
        for count_of_sleeps in 1..=3 {
            let scene = Scene::new("waiter");
            let [count, ..] = Board::partitions();
            let mut holder = opened(&scene.name);
            assert_eq!(holder.ask("hold"), "holding");
            let point = format!("acquire.sleeping:{count_of_sleeps}");
            let waiter = stopping_in(&scene.name, &point);
            let mut queued = opened(&scene.name);
            queued.tell("add 1");
            until("it queues", || scene.name.bytes().has_waiters(count));
            dies_of(waiter, "add 100");
            assert_eq!(holder.ask("publish 5"), "ok");
            queued.expect("ok");
            scene.all_read((6, 3), (1, 1), (1, 1));
            scene.goes_on();
        }
    });
}

/// A process dies with the semaphore of a dead one, at which it has not looked yet. So does the
/// next, and the next.
#[test]
fn a_row_of_dead_holders_is_replaced() {
    watched(|| {
        for point in ["acquire.taken_over", "recover.woken"] {
            let scene = Scene::new("successor");
            dies_of(stopping_in(&scene.name, "publish.stored"), "row-update 7");
            for _ in 0..3 {
                dies_of(stopping_in(&scene.name, point), "row-update 8");
                scene.all_read((1, 1), (1, 1), (1, 1));
            }
            scene.goes_on();
        }
    });
}

/// Two processes see the same dead owner. While the late one is stopped, the other one acquires the
/// semaphore in the dead one's place, publishes and releases it. The late one must not take it from
/// the process that holds it then.
#[test]
fn one_process_replaces_a_dead_holder() {
    watched(|| {
        let scene = Scene::new("twice");
        let [count, ..] = Board::partitions();
        let mut holder = opened(&scene.name);
        assert_eq!(holder.ask("hold"), "holding");
        let mut late = stopping_in(&scene.name, "pause:acquire.sleeping");
        stops_in(&mut late, "add 100");
        holder.kill();
        scene.board.count.update(|new, old| *new = old + 1);
        let mut next = opened(&scene.name);
        assert_eq!(next.ask("hold"), "holding");
        late.go_on();
        until("it queues", || scene.name.bytes().has_waiters(count));
        assert_eq!(scene.witness.count.read(), 2);
        assert_eq!(next.ask("publish 10"), "ok");
        late.expect("ok");
        scene.all_read((110, 4), (1, 1), (1, 1));
        scene.goes_on();
    });
}

/// The one that takes over is stopped with the semaphore in its hands: it is an owner like any
/// other, and alive.
#[test]
fn a_stopped_successor_keeps_the_semaphore() {
    watched(|| {
        let scene = Scene::new("stopped-successor");
        dies_of(stopping_in(&scene.name, "publish.marked"), "add 6");
        let mut successor = stopping_in(&scene.name, "pause:acquire.taken_over");
        stops_in(&mut successor, "add 1");
        for _ in 0..5 {
            scene.board.count.try_update(|_, _| ()).expect_err("it is held");
            scene.all_read((1, 1), (1, 1), (1, 1));
        }
        successor.go_on();
        successor.expect("ok");
        scene.all_read((2, 2), (1, 1), (1, 1));
        scene.goes_on();
    });
}
