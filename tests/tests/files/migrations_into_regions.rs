//! Values of another layout into a region that is in use.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use shma_core::untyped::{self, Wait};
use shma_core::{Error, ShmState};
use shma_tests::region::Name;
use shma_tests::watchdog::watched;

mod before {
    #[derive(shma_core::ShmState)]
    #[shm(name = "Robot")]
    pub struct Robot {
        pub table: [[u64; 2]; 3],
        pub one: u64,
        pub other: u64,
        #[shm(atomic)]
        pub hits: [u64; 2],
        pub gone: u8,
    }
}

#[derive(ShmState)]
#[shm(name = "Robot")]
struct Robot {
    other: u64,
    one: u64,
    table: [[u64; 3]; 4],
    #[shm(atomic)]
    hits: [u64; 4],
    fresh: f32,
}

fn old(name: &Name) -> shma_core::Shm<before::Robot> {
    let mut robot = before::Robot::zeroed();
    (robot.table, robot.one, robot.other) = ([[1, 2], [3, 4], [5, 6]], 7, 7);
    robot.hits = [8, 9];
    before::Robot::create(name, &robot).unwrap()
}

/// It wrote back what it had read before, so that what others had published meanwhile was gone.
#[test]
fn no_publication_beside_what_is_copied_is_lost() {
    watched(|| {
        let (from, name) = (Name::new("migrate-from"), Name::new("migrate-beside"));
        let _old = old(&from);
        let robot = Robot::create(&name, &Robot::zeroed()).unwrap();
        let (from, target) =
            (untyped::options().open(&from, None), untyped::options().open(&name, None));
        let (from, target) = (from.unwrap(), target.unwrap());
        let mut counted = 0;
        let (migrated, ended) = (AtomicU64::new(0), AtomicBool::new(false));
        thread::scope(|scope| {
            scope.spawn(|| {
                while !ended.load(Ordering::Acquire) {
                    target.migrate_region(&from, Wait::Forever).unwrap();
                    migrated.fetch_add(1, Ordering::AcqRel);
                }
            });
            while counted < 1000 || migrated.load(Ordering::Acquire) < 300 {
                // One lies beside what is copied, and one in a row that is new.
                robot.table.update(|new, old| {
                    new[1][2] = old[1][2] + 1;
                    new[3][0] = old[3][0] + 1;
                });
                robot.hits.fetch_add(3, 1);
                counted += 1;
            }
            ended.store(true, Ordering::Release);
        });
        let table = robot.table.read();
        assert_eq!((table[1][2], table[3][0], robot.hits.get(3)), (counted, counted, counted));
        assert_eq!((table[0], table[1][..2].to_vec()), ([1, 2, 0], vec![3, 4]));
        assert_eq!((robot.hits.get(0), robot.hits.get(1)), (8, 9));
    });
}

/// A transaction of others is wholly before or wholly behind it.
#[test]
fn all_ordinary_fields_are_copied_at_one_instant() {
    watched(|| {
        let (from, name) = (Name::new("migrate-from"), Name::new("migrate-instant"));
        let _old = old(&from);
        let robot = Robot::create(&name, &Robot::zeroed()).unwrap();
        let (from, target) =
            (untyped::options().open(&from, None), untyped::options().open(&name, None));
        let (from, target) = (from.unwrap(), target.unwrap());
        let ended = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..300 {
                    target.migrate_region(&from, Wait::Forever).unwrap();
                    robot.transaction(|new, _| (*new.one, *new.other) = (1, 1));
                }
                ended.store(true, Ordering::Release);
            });
            while !ended.load(Ordering::Acquire) {
                let seen = robot.snapshot();
                assert_eq!(seen.one, seen.other);
            }
        });
    });
}

/// A preview writes nothing, and a writer that holds on is waited for as long as is said.
#[test]
fn a_preview_and_a_refusal_change_nothing() {
    watched(|| {
        let (from, name) = (Name::new("migrate-from"), Name::new("migrate-preview"));
        let old = old(&from);
        let file = std::env::temp_dir().join(format!("{}.safetensors", &*name));
        old.checkpoint(&file).unwrap();
        let robot = Robot::create(&name, &Robot::zeroed()).unwrap();
        let source = untyped::options().open_read_only(&from, None).unwrap();
        let reader = untyped::options().open_read_only(&name, None).unwrap();
        for preview in [reader.preview_region(&source), reader.preview_file(&file).unwrap()] {
            let table = preview.to_string();
            assert!(table.contains("dropped") && table.contains("fresh"), "{table}");
            assert!(!preview.is_lossless());
        }
        let refused = reader.migrate_region(&source, Wait::Forever);
        assert!(matches!(refused, Err(Error::ReadOnly { .. })), "{refused:?}");

        let target = untyped::options().open(&name, None).unwrap();
        let held = robot.one.writer().unwrap();
        let brief = Wait::AtMost(Duration::from_millis(10));
        thread::scope(|scope| {
            let other = scope.spawn(|| target.migrate_file(&file, brief));
            let refused = other.join().unwrap();
            assert!(matches!(refused, Err(Error::Timeout { .. })), "{refused:?}");
        });
        drop(held);
        assert!(target.migrate_file("/nowhere/none.safetensors", brief).is_err());
        assert_eq!((u64::from(robot.table.version()), robot.hits.get(0)), (1, 0));
        let done = target.migrate_file(&file, brief).unwrap();
        assert_eq!(done.to_string(), reader.preview_file(&file).unwrap().to_string());
        assert_eq!((robot.one.read(), robot.table.read()[2], robot.hits.get(1)), (7, [5, 6, 0], 9));
        std::fs::remove_file(&file).unwrap();
    });
}
