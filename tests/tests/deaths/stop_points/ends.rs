//! Stops while detaching: the name is free then, or the region can be taken over.

use shma_core::{Error, ShmState};
use shma_tests::child;
use shma_tests::region::{Name, header};
use shma_tests::states::Board;
use shma_tests::watchdog::until;

use super::children::{Scene, dies_of, opened, stopping, stopping_in, stops_in, watched};

pub const POINTS: &[&str] = &[
    "unlink.locked",
    "unlink.unlinked",
    "leave.marked",
    "leave.written",
    "attach.beginning",
    "leave.closed",
    "leave.locked",
    "remove.locked",
];

/// The last writer dies before it has marked a persistent region clean, and the machine starts anew. The
/// same when a process dies that was about to take the mark away.
#[test]
fn an_unfinished_mark_is_not_clean() {
    watched(|| {
        for (point, call) in
            [("leave.marked", "close"), ("leave.written", "close"), ("attach.beginning", "open")]
        {
            let name = Name::new("marking");
            let board = Board::options().persistent(true).create(&name, &Board::with(7)).unwrap();
            let mut last = stopping(point);
            if call == "close" {
                last.order(&format!("open {name}"));
                drop(board);
                dies_of(last, "close");
            } else {
                drop(board);
                dies_of(last, &format!("open {name}"));
            }
            let bytes = name.bytes();
            let boot_id = bytes.all()[header::BOOT_ID..][..16].to_vec();
            bytes.set(header::BOOT_ID, &[7; 16]);
            let refused = Board::open(&name).unwrap_err();
            assert!(matches!(refused, Error::Unclean { .. }), "{point}: {refused}");
            // In this run the values are whole, and the next to leave marks the region.
            bytes.set(header::BOOT_ID, &boot_id);
            let board = Board::open(&name).unwrap();
            assert_eq!(board.count.read(), 7);
            drop(board);
            bytes.set(header::BOOT_ID, &[7; 16]);
            drop(Board::open(&name).unwrap());
            Board::unlink(&name).unwrap();
        }
    });
}

/// The last one out dies before it has removed the name. What it leaves is a dead region like any
/// other: it can be taken over, and replaced.
#[test]
fn the_name_is_free_after_a_death_while_detaching() {
    watched(|| {
        for point in ["leave.closed", "leave.locked"] {
            for next in ["open", "create"] {
                let name = Name::new("leaver");
                let mut last = stopping(point);
                last.order(&format!("create {name} 7"));
                dies_of(last, "close");
                assert!(name.exists());
                let mut successor = child!("talk");
                match next {
                    "open" => successor.order(&format!("open {name}")),
                    _ => successor.order(&format!("create {name} 7")),
                }
                assert_eq!(successor.ask("read"), "7");
                successor.order("close");
                assert!(!name.exists());
            }
        }
    });
}

/// The last process is stopped when it has closed its own; another attaches, and has the region.
#[test]
fn a_slow_detach_removes_its_own_region_only() {
    watched(|| {
        let name = Name::new("slow-leaver");
        let mut leaver = stopping("pause:leave.closed");
        leaver.order(&format!("create {name} 7"));
        stops_in(&mut leaver, "close");
        let mut next = opened(&name);
        leaver.go_on();
        leaver.expect("ok");
        assert!(name.exists());
        assert_eq!((next.ask("read"), next.ask("current")), ("7".into(), "true".into()));

        // The same when the region has been replaced meanwhile.
        let name = Name::new("slow-leaver-replaced");
        let mut leaver = stopping("pause:leave.closed");
        leaver.order(&format!("create {name} 7"));
        stops_in(&mut leaver, "close");
        let mut next = child!("talk");
        next.order(&format!("create {name} 8"));
        leaver.go_on();
        leaver.expect("ok");
        assert!(name.exists());
        assert_eq!((next.ask("read"), next.ask("current")), ("8".into(), "true".into()));
    });
}

/// Stopped with the name in its hands, it makes others wait as long as they wait for any lock.
#[test]
fn a_stopped_detach_delays_no_process() {
    watched(|| {
        let name = Name::new("stopped-leaver");
        let mut leaver = stopping("pause:leave.locked");
        leaver.order(&format!("create {name} 7"));
        stops_in(&mut leaver, "close");
        for result in [
            Board::open(&name).map(drop),
            Board::create(&name, &Board::zeroed()).map(drop),
            Board::unlink(&name),
        ] {
            assert!(matches!(result, Err(Error::Timeout { .. })), "{result:?}");
        }
        leaver.go_on();
        leaver.expect("ok");
        assert!(!name.exists());
        drop(Board::create(&name, &Board::zeroed()).unwrap());
    });
}

/// One who removes a name dies before or after: the name is there, or it is free.
#[test]
fn the_name_is_free_after_a_death_while_unlinking() {
    watched(|| {
        let scene = Scene::new("remover");
        dies_of(stopping("unlink.locked"), &format!("unlink {}", scene.name));
        assert!(scene.board.is_current());
        scene.goes_on();

        let [count, ..] = Board::partitions();
        let mut sleeper = opened(&scene.name);
        let mut reader = child!("talk");
        reader.order(&format!("open-read-only {}", scene.name));
        for child in [&mut sleeper, &mut reader] {
            child.tell("wait 3600000");
            assert!(child.line().starts_with("since "));
        }
        until("it sleeps", || scene.name.bytes().has_sleepers(count));
        dies_of(stopping("unlink.unlinked"), &format!("unlink {}", scene.name));
        assert!(!scene.board.is_current());
        let _anew = Board::create(&scene.name, &Board::with(7)).unwrap();
        // No process has told them.
        for child in [&mut sleeper, &mut reader] {
            let answer = child.line();
            assert!(answer.starts_with("error Retired"), "{answer}");
        }
        assert_eq!(opened(&scene.name).ask("read"), "7");
    });
}

/// One who removes a name is stopped with it in its hands. The region itself goes on.
#[test]
fn a_stopped_unlink_stops_no_call() {
    watched(|| {
        let scene = Scene::new("stopped-remover");
        let mut remover = stopping_in(&scene.name, "pause:unlink.locked");
        stops_in(&mut remover, &format!("unlink {}", scene.name));
        assert!(matches!(Board::unlink(&scene.name), Err(Error::Timeout { .. })));
        let second = Board::create(&scene.name, &Board::zeroed());
        assert!(matches!(second, Err(Error::AlreadyExists { .. })), "{second:?}");
        scene.all_read((1, 1), (1, 1), (1, 1));
        scene.goes_on();
        remover.go_on();
        remover.expect("ok");
        assert!(!scene.name.exists());
        assert!(!scene.board.is_current());
        scene.goes_on();
    });
}

/// A process that removes a dead region dies or stops when it has shown that none is attached. No
/// process attaches to what it is about to remove, and none waits for it longer than the deadline.
#[test]
fn no_process_attaches_to_a_region_being_unlinked() {
    watched(|| {
        let name = Name::new("cleaner");
        let mut last = child!("talk");
        last.order(&format!("create {name} 7"));
        last.kill();
        dies_of(stopping("remove.locked"), &format!("remove-dead {name}"));
        assert_eq!(opened(&name).ask("read"), "7");

        let mut cleaner = stopping("pause:remove.locked");
        stops_in(&mut cleaner, &format!("remove-dead {name}"));
        assert!(matches!(Board::open(&name), Err(Error::Timeout { .. })));
        let created = Board::create(&name, &Board::with(8));
        assert!(matches!(created, Err(Error::Timeout { .. })), "{created:?}");
        cleaner.go_on();
        cleaner.expect("true");
        assert!(!name.exists());
        assert_eq!(Board::create(&name, &Board::with(8)).unwrap().count.read(), 8);
    });
}
