//! Stops on the way into the world: no half-made region under a name, and nothing that stays.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use rustix::process::Pid;
use shma_core::{Error, ShmState, inspect};
use shma_tests::child;
use shma_tests::child::Child;
use shma_tests::region::Name;
use shma_tests::states::Board;
use shma_tests::unfinished;
use shma_tests::watchdog::until;

use super::children::{Scene, dies_of, opened, stopping, stops_in, watched};

pub const POINTS: &[&str] = &[
    "create.made",
    "create.locked",
    "create.lengthened",
    "create.reserving",
    "create.reserved",
    "create.filled",
    "create.named",
    "create.replacing",
    "attach.opened",
    "attach.locked",
    "attach.token",
];

/// Points of a creation at which the region has no name yet. A creator attaches to what it has
/// made as every creator does.
const NAMELESS: [&str; 7] = [
    "create.made",
    "create.locked",
    "create.lengthened",
    "create.reserving",
    "create.reserved",
    "attach.token",
    "create.filled",
];

/// Those at which the file takes no memory, and does not say yet that its creator has locked it.
const EARLY: [&str; 2] = ["create.made", "create.locked"];

/// The file without a name that a process, stopped in a creation, is making.
fn unfinished_by(creator: &Child) -> PathBuf {
    let mut paths = unfinished::of(Pid::from_raw(creator.pid() as i32).unwrap());
    paths.dedup();
    let [path] = &paths[..] else { panic!("{paths:?}") };
    path.clone()
}

/// Creates some region, which sweeps.
fn create_any() {
    drop(Board::create(&Name::new("sweeper"), &Board::zeroed()).unwrap());
}

/// A creator dies with its region half made, and all its memory may be reserved. No process ever
/// sees it under the name, and the name is free. The next creation of any region frees the memory
/// at once. A file that takes none, and whose creator may be about to lock it, goes when a minute
/// has passed.
#[test]
fn a_half_made_region_is_never_opened_and_goes() {
    watched(|| {
        for point in NAMELESS {
            let name = Name::new("half");
            let mut creator = stopping(&format!("pause:{point}"));
            stops_in(&mut creator, &format!("create {name} 1"));
            let path = unfinished_by(&creator);
            assert!(matches!(Board::open(&name), Err(Error::NotFound { .. })), "{point}");
            assert!(!name.exists());
            creator.kill();
            if EARLY.contains(&point) {
                create_any();
                assert!(path.exists(), "{point}: it may be a creation that has just begun");
                assert_eq!(path.metadata().unwrap().blocks(), 0, "{point}: it takes memory");
                unfinished::backdate(&path).unwrap();
            }
            create_any();
            assert!(!path.exists(), "{point}: no creation has swept");
            let board = Board::open_or_create(&name, &Board::with(2)).unwrap();
            assert_eq!(board.count.read(), 2);
        }
    });
}

/// What a creation leaves is told by its size, and removed on demand.
#[test]
fn a_dead_creation_is_listed() {
    watched(|| {
        let name = Name::new("listed-half");
        let mut creator = stopping("pause:create.reserved");
        stops_in(&mut creator, &format!("create {name} 1"));
        let path = unfinished_by(&creator);
        let listed = || inspect::abandoned().into_iter().find(|file| file.path() == path);
        assert!(listed().is_none(), "its creator lives");
        creator.kill();
        // If not, another test's creation was faster.
        if let Some(abandoned) = listed() {
            assert!(abandoned.bytes() > 4 * 8192, "{abandoned:?}");
            // If not, another creation is about to.
            if !abandoned.remove() {
                until("another creation has removed it", || !path.exists());
            }
        }
        assert!(!path.exists());
    });
}

/// A creator takes its time, because it is stopped. Others sweep meanwhile, and create what it was
/// about to create. It finds out at the end, whichever of it happened.
#[test]
fn a_slow_creator_is_not_swept_away() {
    watched(|| {
        for point in NAMELESS {
            let name = Name::new("slow");
            let mut creator = stopping(&format!("pause:{point}"));
            stops_in(&mut creator, &format!("create {name} 1"));
            let path = unfinished_by(&creator);
            unfinished::backdate(&path).unwrap();
            create_any();
            // Before it has the lock it cannot be told from one that died there.
            assert_eq!(path.exists(), point != "create.made", "{point}");
            creator.go_on();
            creator.expect("ok");
            assert_eq!((creator.ask("read"), creator.ask("current")), ("1".into(), "true".into()));
            assert!(!path.exists());
        }
        for point in NAMELESS {
            let name = Name::new("late");
            let mut creator = stopping(&format!("pause:{point}"));
            stops_in(&mut creator, &format!("create {name} 1"));
            let path = unfinished_by(&creator);
            let board = Board::create(&name, &Board::with(2)).unwrap();
            creator.go_on();
            let answer = creator.line();
            assert!(answer.starts_with("error AlreadyExists"), "{answer}");
            assert!(!path.exists(), "{point}");
            assert!(board.is_current());
            assert_eq!(board.count.read(), 2);
        }
    });
}

/// A creator dies when its region has just got its name. It is complete, and dead.
#[test]
fn a_region_without_its_creator_is_opened() {
    watched(|| {
        let name = Name::new("named");
        dies_of(stopping("create.named"), &format!("create {name} 7"));
        assert_eq!(opened(&name).ask("read"), "7");
        dies_of(stopping("create.named"), &format!("create {name} 8"));
        let mut next = child!("talk");
        next.order(&format!("create {name} 9"));
        assert_eq!(next.ask("read"), "9");
    });
}

/// A creator dies when it is about to take the place of a dead region: the dead one keeps it, with
/// its values.
#[test]
fn a_dead_region_stays_until_it_is_replaced() {
    watched(|| {
        let name = Name::new("replacing");
        let mut dead = child!("talk");
        dead.order(&format!("create {name} 7"));
        dead.kill();
        let mut creator = stopping("pause:create.replacing");
        stops_in(&mut creator, &format!("create {name} 8"));
        let path = unfinished_by(&creator);
        creator.kill();
        fs::remove_file(path).unwrap();
        let mut successor = opened(&name);
        assert_eq!(successor.ask("read"), "7");
        successor.kill();

        // Stopped there, it holds the name: others wait as long as they wait for any lock, and no
        // longer.
        let mut creator = stopping("pause:create.replacing");
        stops_in(&mut creator, &format!("create {name} 8"));
        let path = unfinished_by(&creator);
        for result in [
            Board::open(&name).map(drop),
            Board::create(&name, &Board::zeroed()).map(drop),
            Board::open_or_create(&name, &Board::zeroed()).map(drop),
            Board::unlink(&name),
        ] {
            assert!(matches!(result, Err(Error::Timeout { .. })), "{result:?}");
        }
        creator.go_on();
        creator.expect("ok");
        assert!(!path.exists());
        assert_eq!((creator.ask("read"), opened(&name).ask("read")), ("8".into(), "8".into()));
    });
}

const ATTACHING: [&str; 3] = ["attach.opened", "attach.locked", "attach.token"];

/// One who attaches dies on the way. What it held of the region is gone with it: the last one out
/// still deletes the region.
#[test]
fn a_dead_newcomer_is_not_attached() {
    watched(|| {
        for point in ATTACHING {
            let name = Name::new("newcomer");
            let mut owner = child!("talk");
            owner.order(&format!("create {name} 7"));
            dies_of(stopping(point), &format!("open {name}"));
            owner.order("add 1");
            assert_eq!(opened(&name).ask("read"), "8");
            owner.order("close");
            assert!(!name.exists(), "{point}");
        }
    });
}

/// One who attaches is stopped on the way, and everything changes meanwhile: the region is removed,
/// and made anew. It must not end up in the old one.
#[test]
fn no_slow_newcomer_joins_a_retired_region() {
    watched(|| {
        let readers = ["attach.opened", "attach.locked"].map(|point| ("open-read-only", point));
        for (open, point) in ATTACHING.map(|point| ("open", point)).into_iter().chain(readers) {
            let name = Name::new("slow-newcomer");
            let mut owner = child!("talk");
            owner.order(&format!("create {name} 7"));
            let mut newcomer = stopping(&format!("pause:{point}"));
            stops_in(&mut newcomer, &format!("{open} {name}"));
            owner.order(&format!("unlink {name}"));
            owner.order(&format!("create {name} 8"));
            newcomer.go_on();
            newcomer.expect("ok");
            assert_eq!(newcomer.ask("read"), "8", "{open}, {point}");
            owner.order("add 1");
        }
    });
}

/// A process that is stopped before it counts as attached keeps nothing: the last one out takes the
/// region along. Nor does one whose call is going to fail ever count.
#[test]
fn a_newcomer_before_its_attachment_keeps_no_region() {
    watched(|| {
        for (point, call) in [
            ("attach.opened", "open"),
            ("attach.token", "open"),
            ("attach.opened", "open-read-only"),
            ("attach.opened", "open-otherwise"),
            ("attach.locked", "open-otherwise"),
        ] {
            let name = Name::new("not-attached");
            let mut last = child!("talk");
            last.order(&format!("create {name} 7"));
            let mut newcomer = stopping(&format!("pause:{point}"));
            newcomer.tell(&format!("{call} {name}"));
            let mut said = None;
            until("it stops or answers", || {
                said = newcomer.said();
                said.is_some() || newcomer.is_stopped()
            });
            last.order("close");
            assert!(!name.exists(), "{call}, {point}");
            newcomer.go_on();
            let answer = said.unwrap_or_else(|| newcomer.line());
            let expected = if point == "attach.locked" { "LayoutMismatch" } else { "NotFound" };
            assert!(answer.starts_with(&format!("error {expected}")), "{call}, {point}: {answer}");
        }
    });
}

/// One who attaches is stopped with the region locked as attached; the last one leaves, and leaves
/// it the region.
#[test]
fn a_slow_newcomer_gets_the_region() {
    watched(|| {
        let scene = Scene::new("found");
        let mut newcomer = stopping("pause:attach.locked");
        stops_in(&mut newcomer, &format!("open {}", scene.name));
        let Scene { name, board, witness } = scene;
        drop((board, witness));
        assert!(name.exists());
        newcomer.go_on();
        newcomer.expect("ok");
        assert_eq!(newcomer.ask("read"), "1");
        newcomer.order("close");
        until("it deletes the region", || !name.exists());
    });
}
