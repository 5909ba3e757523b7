//! Values of another layout: what can be copied is, and what cannot is told.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use shma_core::inspect::View;
use shma_core::{Error, Migration, ShmState};
use shma_tests::place::Place;
use shma_tests::region::{Name, header};
use shma_tests::states::{Board, the_one};
use shma_tests::watchdog::{PATIENCE, watched};

/// Declares a version of a state, in a module of its own.
macro_rules! version {
    ($version:ident { $($fields:tt)* }) => {
        version!($version { pub x: f64, pub y: f64 } { $($fields)* });
    };
    ($version:ident { $($pose:tt)* } { $($fields:tt)* }) => {
        #[allow(dead_code)]
        mod $version {
            use shma_core::{ShmElement, ShmState};
            #[derive(Debug, Clone, Copy, PartialEq, ShmElement)]
            #[repr(C)]
            pub struct Pose { $($pose)* }
            #[derive(Debug, ShmState)]
            #[shm(name = "Robot")]
            pub struct Robot { $($fields)* }
        }
    };
}

version!(before {
    pub step: u64,
    pub weights: [[f32; 3]; 2],
    pub bias: [f64; 4],
    pub poses: [Pose; 2],
    #[shm(atomic)]
    pub hits: [u32; 2],
});

fn before() -> Box<before::Robot> {
    let mut robot = before::Robot::zeroed();
    robot.step = 7;
    robot.weights = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]];
    robot.bias = [0.1, 0.2, 0.3, 0.4];
    robot.poses = [before::Pose { x: 1.0, y: 2.0 }, before::Pose { x: 3.0, y: 4.0 }];
    robot.hits = [8, 9];
    robot
}

/// Values of `before` as another version gets them, by a region and by a file with and without a
/// manifest; all three have to agree in what `look` makes of them.
fn migrated<S: ShmState, T: PartialEq + std::fmt::Debug>(
    init: impl Fn() -> Box<S>,
    look: impl Fn(&S) -> T,
) -> (T, Migration) {
    let name = Name::new("migrated");
    let place = Place::below(Path::new(env!("CARGO_TARGET_TMPDIR")));
    let file = place.path().join("file");
    let region = before::Robot::create(&name, &before()).unwrap();
    region.checkpoint(&file).unwrap();
    let (value, migration) = S::migrate_region(&name, init()).unwrap();
    let (from_file, same) = S::migrate_file(&file, init()).unwrap();
    assert_eq!((look(&from_file), same.to_string()), (look(&value), migration.to_string()));
    fs::write(&file, without_manifest(&fs::read(&file).unwrap())).unwrap();
    let (plain, of_plain) = S::migrate_file(&file, init()).unwrap();
    assert_eq!((look(&plain), of_plain.is_lossless()), (look(&value), migration.is_lossless()));
    // The region is as it was.
    assert_eq!(region.step.version(), region.bias.version());
    assert_eq!(region.read_boxed().weights, before().weights);
    fs::remove_file(&file).unwrap();
    (look(&value), migration)
}

/// The file as another program would have written it.
fn without_manifest(file: &[u8]) -> Vec<u8> {
    let len = u64::from_le_bytes(file[..8].try_into().unwrap()) as usize;
    let mut header: serde_json::Value = serde_json::from_slice(&file[8..8 + len]).unwrap();
    header.as_object_mut().unwrap().remove("__metadata__").unwrap();
    let header = header.to_string();
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &file[8 + len..]].concat()
}

#[track_caller]
fn says(migration: &Migration, lossless: bool, lines: &[&[&str]]) {
    let table = migration.to_string();
    assert_eq!(migration.is_lossless(), lossless, "{table}");
    for parts in lines {
        let has = |line: &str| parts.iter().all(|part| line.contains(part));
        assert!(table.lines().any(has), "{parts:?} in\n{table}");
    }
}

version!(reordered {
    #[shm(atomic)]
    pub bias: [f64; 4],
    #[shm(slots = 8, timed)]
    pub poses: [Pose; 2],
    pub weights: [[f32; 3]; 2],
    pub hits: [u32; 2],
    #[shm(slots = 2)]
    pub step: u64,
});

/// Neither the order nor what is said of slots and clocks has to do with values.
#[test]
fn order_and_attributes_do_not_matter() {
    let look = |robot: &reordered::Robot| {
        let pose = robot.poses[1];
        (robot.step, robot.weights, robot.bias, (pose.x, pose.y), robot.hits)
    };
    let (found, migration) = migrated(reordered::Robot::zeroed, look);
    let old = before();
    assert_eq!(found, (7, old.weights, old.bias, (3.0, 4.0), [8, 9]));
    says(&migration, true, &[&["poses", "[Pose; 2]", "copied"], &["field", "before", "after"]]);
    assert_eq!(migration.to_string().matches("copied").count(), 5);
}

version!(added {
    pub step: u64,
    pub weights: [[f32; 3]; 2],
    pub bias: [f64; 4],
    pub poses: [Pose; 2],
    pub hits: [u32; 2],
    pub rate: f32,
});
version!(dropped { pub step: u64, pub bias: [f64; 4] });

#[test]
fn what_is_new_keeps_its_initial_value_and_what_is_dropped_is_told() {
    let init = || {
        let mut robot = added::Robot::zeroed();
        robot.rate = 0.5;
        robot
    };
    let (found, migration) = migrated(init, |robot| (robot.step, robot.rate));
    assert_eq!(found, (7, 0.5));
    says(&migration, true, &[&["rate", "-", "f32", "new: keeps its initial value"]]);

    let (found, migration) = migrated(dropped::Robot::zeroed, |robot| (robot.step, robot.bias));
    assert_eq!(found, (7, before().bias));
    says(
        &migration,
        false,
        &[
            &["weights", "[[f32; 3]; 2]", "-", "dropped"],
            &["hits", "dropped"],
            &["poses", "dropped"],
        ],
    );
}

version!(longer {
    pub step: u64,
    pub weights: [[f32; 4]; 3],
    pub bias: [f64; 5],
    pub poses: [Pose; 3],
    pub hits: [u32; 2],
});
version!(shorter {
    pub step: u64,
    pub weights: [[f32; 2]; 3],
    pub bias: [f64; 4],
    pub poses: [Pose; 1],
    pub hits: [u32; 2],
});

#[test]
fn the_part_that_both_have_is_copied() {
    let init = || {
        let mut robot = longer::Robot::zeroed();
        robot.weights = [[-1.0; 4]; 3];
        robot.bias[4] = 0.5;
        robot
    };
    let look = |robot: &longer::Robot| (robot.weights, robot.bias, robot.poses.map(|it| it.y));
    let ((weights, bias, ys), migration) = migrated(init, look);
    assert_eq!(weights, [[1.0, 2.0, 3.0, -1.0], [4.0, 5.0, 6.0, -1.0], [-1.0; 4]]);
    assert_eq!((bias, ys), ([0.1, 0.2, 0.3, 0.4, 0.5], [2.0, 4.0, 0.0]));
    says(&migration, true, &[&["bias", "[f64; 4]", "[f64; 5]", "new elements keep"]]);

    let look = |robot: &shorter::Robot| (robot.weights, robot.poses.map(|it| it.x));
    let ((weights, xs), migration) = migrated(shorter::Robot::zeroed, look);
    assert_eq!((weights, xs), ([[1.0, 2.0], [4.0, 5.0], [0.0; 2]], [1.0]));
    says(
        &migration,
        false,
        &[&["weights", "shortened"], &["poses", "shortened"], &["step", "copied"]],
    );
}

version!(other {
    pub step: u32,
    pub weights: [f32; 6],
    pub bias: [f32; 4],
    pub poses: [[Pose; 2]; 1],
    pub hits: [i32; 2],
});

/// Numbers are never converted, and arrays never reshaped: both would guess what was meant.
#[test]
fn another_scalar_or_rank_keeps_the_initial_value() {
    let init = || {
        let mut robot = other::Robot::zeroed();
        (robot.step, robot.weights, robot.bias) = (1, [2.0; 6], [3.0; 4]);
        robot
    };
    let look = |robot: &other::Robot| (robot.step, robot.weights, robot.bias, robot.hits);
    let (found, migration) = migrated(init, look);
    assert_eq!(found, (1, [2.0; 6], [3.0; 4], [0; 2]));
    says(
        &migration,
        false,
        &[
            &["step", "u64", "u32", "another type: keeps its initial value"],
            &["weights", "another type"],
            &["poses", "another type"],
            &["hits", "another type"],
        ],
    );
}

version!(renamed {
    #[shm(was = "step")]
    pub ticks: u64,
    #[shm(name = "layers.0.weight", was = "weights")]
    pub weight: [[f32; 3]; 3],
    pub bias: [f64; 4],
    #[shm(was = "hits")]
    pub poses: [Pose; 2],
    #[shm(was = "nothing")]
    pub hits: [u32; 2],
});
version!(swapped {
    #[shm(was = "bias")]
    pub step: [f64; 4],
    #[shm(was = "step")]
    pub bias: u64,
    #[shm(was = "poses")]
    pub wrong: [u8; 3],
});

#[test]
fn a_former_name_counts_where_the_present_one_gives_nothing() {
    let look = |robot: &renamed::Robot| (robot.ticks, robot.weight, robot.hits, robot.poses[0].x);
    let (found, migration) = migrated(renamed::Robot::zeroed, look);
    assert_eq!(found, (7, [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [0.0; 3]], [8, 9], 1.0));
    says(
        &migration,
        true,
        &[
            &["ticks (was step)", "u64", "copied"],
            &["layers.0.weight (was weights)", "[[f32; 3]; 2]", "[[f32; 3]; 3]"],
        ],
    );
    let (found, migration) = migrated(swapped::Robot::zeroed, |robot| (robot.step, robot.bias));
    assert_eq!(found, (before().bias, 7));
    says(&migration, false, &[&["wrong (was poses)", "[Pose; 2]", "[u8; 3]", "another type"]]);
    // It is no part of the layout.
    assert_eq!(before::Robot::FINGERPRINT, same::Robot::FINGERPRINT);
}

version!(same {
    pub step: u64,
    #[shm(was = "w")]
    pub weights: [[f32; 3]; 2],
    pub bias: [f64; 4],
    pub poses: [Pose; 2],
    #[shm(atomic)]
    pub hits: [u32; 2],
});
version!(restructured { pub x: f64, pub y: f32, pub z: f32 } {
    pub step: u64,
    pub weights: [[f32; 3]; 2],
    pub bias: [f64; 4],
    pub poses: [Pose; 2],
    pub hits: [u32; 2],
});

/// A struct whose members differ is another type; what it is called does not matter.
#[test]
fn a_struct_is_told_member_by_member() {
    #[derive(Debug, Clone, Copy, shma_core::ShmElement)]
    #[repr(C)]
    struct Posture {
        x: f64,
        y: f64,
    }
    #[derive(Debug, ShmState)]
    #[shm(name = "Robot")]
    struct Renamed {
        poses: [Posture; 2],
    }
    let (found, _) = migrated(Renamed::zeroed, |robot: &Renamed| robot.poses[1].y);
    assert_eq!(found, 4.0);

    let name = Name::new("restructured");
    let _region = before::Robot::create(&name, &before()).unwrap();
    let (value, migration) =
        restructured::Robot::migrate_region(&name, restructured::Robot::zeroed()).unwrap();
    assert_eq!((value.poses[0].x, value.step), (0.0, 7));
    says(
        &migration,
        false,
        &[
            &["poses", "another type"],
            &["  poses.y: before has f64 (8 bytes), after f32 (4 bytes)"],
            &["  poses.z: only after has it, as f32 (4 bytes)"],
        ],
    );
    assert!(!migration.to_string().contains("poses.x"), "{migration}");
}

/// In a directory, of a region that no process has open, and only if its notes and its end are as asked.
#[test]
fn options_hold_for_migrations_too() {
    watched(|| {
        let place = Place::below(Path::new(env!("CARGO_TARGET_TMPDIR")));
        let options = before::Robot::options().dir(place.path()).persistent(true).note("unit", "m");
        drop(options.create("robot", &before()).unwrap());
        let migrate = |options: shma_core::Options<added::Robot>| {
            let options = options.dir(place.path());
            options.migrate_region("robot", added::Robot::zeroed()).map(|(robot, _)| robot.step)
        };
        assert_eq!(migrate(added::Robot::options()).unwrap(), 7);
        assert_eq!(migrate(added::Robot::options().expect_note("unit", "m")).unwrap(), 7);
        let other = migrate(added::Robot::options().expect_note("unit", "ft"));
        assert!(matches!(other, Err(Error::NoteMismatch { .. })), "{other:?}");
        let none = added::Robot::migrate_region("no-such-robot", added::Robot::zeroed());
        assert!(matches!(none, Err(Error::NotFound { .. })));
        let view = View::open_in(place.path(), "robot", shma_core::inspect::Whose::Own).unwrap();
        assert!(!view.is_attached().unwrap());

        // Another run of the machine has left it in use.
        let bytes = shma_tests::region::Bytes::open(&place.file("robot"));
        bytes.set(header::BOOT_ID, &[7; 16]);
        bytes.set(header::MARK, &[0; 4]);
        let unclean = migrate(added::Robot::options());
        assert!(matches!(unclean, Err(Error::Unclean { .. })), "{unclean:?}");
        assert_eq!(migrate(added::Robot::options().accept_unclean(true)).unwrap(), 7);
        fs::remove_file(place.file("robot")).unwrap();
    });
}

/// Writers that never pause are not in the way, and what is copied is one instant.
#[test]
fn a_living_region_is_copied_at_one_instant() {
    #[derive(Debug, ShmState)]
    #[shm(name = "Board")]
    struct Longer {
        later: u64,
        row: [u64; 1025],
        count: u64,
    }
    watched(|| {
        let (name, board) = Board::created("living", 1);
        let done = AtomicBool::new(false);
        let copies: Vec<_> = std::thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    board.transaction(|new, old| {
                        *new.count = old.count + 1;
                        *new.later = *new.count;
                        new.row.fill(*new.count);
                    });
                }
            });
            board.count.wait_newer(board.count.version(), PATIENCE).unwrap();
            let copies =
                (0..2_000).map(|_| Longer::migrate_region(&name, Longer::zeroed()).unwrap());
            let copies = copies.collect();
            done.store(true, Ordering::Relaxed);
            copies
        });
        for (board, migration) in copies {
            assert!(board.count > 1 && migration.is_lossless(), "{migration}");
            assert_eq!((board.later, the_one(&board.row[..1024])), (board.count, board.count));
        }
    });
}

/// A refusal says what differs, whether any process is attached, and what can be done; a tool in another
/// directory needs to be told so.
#[test]
fn a_refusal_says_what_can_be_done() {
    let place = Place::below(Path::new(env!("CARGO_TARGET_TMPDIR")));
    let refusal = |options: &shma_core::Options<restructured::Robot>, name: &str| {
        let options = options.clone();
        let refused = options.open_or_create(name, &restructured::Robot::zeroed());
        match refused {
            Err(error @ Error::LayoutMismatch { .. }) => error.to_string(),
            other => panic!("{other:?}"),
        }
    };
    let there = restructured::Robot::options().dir(place.path());
    let name = Name::new("refused");
    let living = before::Robot::options().persistent(true).create(&name, &before()).unwrap();
    let here = restructured::Robot::options();
    let text = refusal(&here, &name);
    for part in [
        "  poses.y: the region has f64 (8 bytes), this program f32 (4 bytes)",
        "  poses.z: only this program has it, as f32 (4 bytes)",
        &format!("`shma info {}`", &*name),
        "processes are attached",
        "`migrate_region`",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(text.lines().all(|line| line.len() < 300), "{text}");
    drop(living);
    let text = refusal(&here, &name);
    let parts = ["no process is attached", "persistent", "`migrate_region`"];
    assert!(parts.iter().all(|part| text.contains(part)), "{text}");
    assert!(text.contains(&format!("`shma rm {}`", &*name)), "{text}");

    let dead = before::Robot::options().dir(place.path()).create("robot", &before()).unwrap();
    // As after a kill: the last handle does not remove the name.
    fs::copy(place.file("robot"), place.path().join("kept")).unwrap();
    drop(dead);
    fs::rename(place.path().join("kept"), place.file("robot")).unwrap();
    let text = refusal(&there, "robot");
    for part in ["no process is attached", "`create` replaces it", "`migrate_region`"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(text.contains(&format!("`shma --dir {} rm robot`", place.text())), "{text}");
    fs::remove_file(place.file("robot")).unwrap();
}

/// The other dimensions of an array without elements may be any numbers.
#[test]
fn a_file_without_elements_is_migrated() {
    #[derive(Debug, ShmState)]
    struct Empty {
        a: [[[u8; 2]; 2]; 2],
    }
    let place = Place::below(Path::new(env!("CARGO_TARGET_TMPDIR")));
    let file = place.path().join("file");
    let header = r#"{"a":{"dtype":"U8","shape":[0,4611686018427387904,8],"data_offsets":[0,0]}}"#;
    fs::write(&file, [&(header.len() as u64).to_le_bytes()[..], header.as_bytes()].concat())
        .unwrap();
    let (empty, migration) = Empty::migrate_file(&file, Empty::zeroed()).unwrap();
    assert_eq!((empty.a, migration.is_lossless()), ([[[0; 2]; 2]; 2], false));
    assert!(Empty::load(&file).is_err());
    assert!(shma_core::untyped::Declaration::load(&file).is_err());
    fs::remove_file(&file).unwrap();
}
