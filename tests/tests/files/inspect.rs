//! Looks at regions by programs that do not declare the state.

use std::fs::File;
use std::time::{Duration, SystemTime};

use half::{bf16, f16};
use num_complex::Complex;
use shma_core::inspect::{self, Census, Scalar, View};
use shma_core::untyped::{self, State, Wait};
use shma_core::{Error, Shm, ShmElement, ShmState, Version};
use shma_tests::region::Name;
use shma_tests::states::Board;
use shma_tests::unfinished;
use shma_tests::watchdog::{until, watched};
use shma_tests::{child, skip::skip};

#[derive(Clone, Copy, ShmElement)]
#[repr(C)]
struct Pose {
    at: [f64; 2],
    id: u32,
    flags: [u8; 4],
}

/// One of everything that a field can be.
#[derive(ShmState)]
struct Zoo {
    bytes: [u8; 3],
    wide: u128,
    deep: [[[i16; 2]; 3]; 4],
    huge: i128,
    halves: [f16; 2],
    brains: [bf16; 2],
    waves: [Complex<f32>; 2],
    spectrum: Complex<f64>,
    poses: [[Pose; 2]; 2],
    #[shm(timed, slots = 8)]
    clock: f64,
    #[shm(atomic)]
    counts: [u64; 3],
    #[shm(atomic)]
    scores: [[f32; 2]; 2],
}

fn read(view: &View, field: &str) -> inspect::Value {
    view.field(field).unwrap().read().unwrap()
}

fn text(view: &View, field: &str) -> String {
    let value = read(view, field);
    value.elements().iter().map(|scalar| scalar.to_string()).collect::<Vec<_>>().join(" ")
}

fn open(name: &Name) -> View {
    View::open(name).unwrap()
}

/// The last process detaches while another looks: a look that counted as attached would keep the
/// region.
#[test]
fn inspecting_keeps_no_region_alive() {
    watched(|| {
        let name = Name::new("leave");
        let mut child = child!("talk");
        child.order(&format!("create {name} 5"));
        let view = open(&name);
        assert!(view.is_attached().unwrap() && view.is_current());
        child.order("close");
        assert!(!name.exists(), "the last user has left, and the name stayed");
        assert!(!view.is_current() && !view.is_attached().unwrap());
        assert_eq!(text(&view, "count"), "5", "what is looked at stays readable");
    });
}

/// No process is left, and one looks: a look that ended as a detach does would delete the region,
/// and one that counted as attached would keep it from being replaced.
#[test]
fn inspecting_does_not_end_a_dead_region() {
    watched(|| {
        let name = Name::new("dead");
        let mut child = child!("talk");
        child.order(&format!("create {name} 6"));
        child.kill();
        let view = open(&name);
        assert!(!view.is_attached().unwrap() && !view.is_persistent());
        drop(view);
        assert!(name.exists(), "a look has removed the region");
        let view = open(&name);
        let _board = Board::create(&name, &Board::with(7)).unwrap();
        assert_eq!((text(&view, "count"), view.is_current()), ("6".to_owned(), false));
        assert_eq!(text(&open(&name), "count"), "7");
    });
}

/// Each type from its bytes.
#[test]
fn values_are_decoded_by_their_manifest() {
    watched(|| {
        let name = Name::new("zoo");
        let zoo = Zoo::create(&name, &Zoo::zeroed()).unwrap();
        zoo.bytes.write(&[1, 2, 255]);
        zoo.wide.write(&(u128::MAX - 1));
        zoo.deep.update(|new, _| new[3][2][1] = -7);
        zoo.huge.write(&i128::MIN);
        zoo.halves.write(&[f16::from_f32(0.5), f16::NEG_INFINITY]);
        zoo.brains.write(&[bf16::from_f32(-3.0), bf16::NAN]);
        zoo.waves.write(&[Complex::new(1.0, -2.0), Complex::new(0.5, 0.25)]);
        zoo.spectrum.write(&Complex::new(-1.0, 1e300));
        zoo.poses.update(|new, _| new[1][0] = Pose { at: [1.5, -2.0], id: 9, flags: [1, 0, 0, 4] });
        zoo.clock.write(&1e-9);
        zoo.counts.set(2, u64::MAX);
        zoo.scores.set(3, 0.1);
        let view = open(&name);
        assert_eq!(text(&view, "bytes"), "1 2 255");
        assert_eq!(text(&view, "wide"), (u128::MAX - 1).to_string());
        assert_eq!(read(&view, "deep").elements().shape(), [4, 3, 2]);
        assert_eq!(read(&view, "deep").elements().get(23).as_f64(), Some(-7.0));
        assert_eq!(text(&view, "huge"), i128::MIN.to_string());
        assert_eq!(text(&view, "halves"), "0.5 -inf");
        assert_eq!(text(&view, "brains"), "-3.0 NaN");
        assert_eq!(text(&view, "waves"), "1.0-2.0i 0.5+0.25i");
        assert_eq!(text(&view, "spectrum"), "-1.0+1e300i");
        let poses = read(&view, "poses");
        let pose = "{ at: [1.5, -2.0], id: 9, flags: [1, 0, 0, 4] }";
        assert_eq!((poses.elements().len(), poses.elements().get(2).to_string()), (4, pose.into()));
        assert_eq!(text(&view, "clock"), "1e-9");
        assert_eq!(text(&view, "counts"), format!("0 0 {}", u64::MAX));
        assert_eq!(text(&view, "scores"), "0.0 0.0 0.0 0.1");
        assert_eq!(u64::from(view.field("counts").unwrap().version()), 2);
        assert_eq!(view.manifest().to_json(), Zoo::MANIFEST.to_json());
        let snapshot = view.snapshot().unwrap();
        let values = Zoo::MANIFEST.fields.iter().zip(&snapshot);
        for (field, value) in values {
            assert_eq!(value.bytes(), read(&view, field.name).bytes(), "{}", field.name);
        }
    });
}

/// All half-precision numbers there are.
#[test]
fn halves_are_widened_exactly() {
    #[derive(ShmState)]
    struct Halves {
        all: [f16; 1 << 16],
    }
    watched(|| {
        let name = Name::new("halves");
        let mut init = Halves::zeroed();
        for (bits, half) in init.all.iter_mut().enumerate() {
            *half = f16::from_bits(bits as u16);
        }
        let _halves = Halves::create(&name, &init).unwrap();
        let value = read(&open(&name), "all");
        for (half, scalar) in init.all.iter().zip(value.elements().iter()) {
            let Scalar::Single(seen) = scalar else { panic!("{scalar:?}") };
            let same = seen == half.to_f32() || seen.is_nan() && half.is_nan();
            assert!(same && seen.is_sign_negative() == half.is_sign_negative(), "{half:?}");
        }
    });
}

/// A part at any place, of an ordinary and of an atomic field.
#[test]
fn a_part_is_that_part_of_the_whole() {
    watched(|| {
        let name = Name::new("part");
        let board = Board::create(&name, &Board::zeroed()).unwrap();
        board.row.update(|new, _| (0..).zip(new).for_each(|(i, new)| *new = i));
        let row = open(&name).field("row").unwrap();
        for (first, len) in [(0, 8), (3, 11), (8191, 1), (8192, 0), (4001, 4191)] {
            let mut part = vec![0; len];
            row.read_part(first, &mut part).unwrap();
            assert_eq!(part, row.read().unwrap().bytes()[first..first + len]);
        }
    });
}

/// Two fields that a transaction always changes together.
#[test]
fn a_snapshot_is_one_instant() {
    watched(|| {
        let name = Name::new("cut");
        let board: Shm<Board> = Board::create(&name, &Board::zeroed()).unwrap();
        let view = open(&name);
        let done = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for n in 1..20_000 {
                    board.transaction(|new, _| (*new.count, *new.later) = (n, n));
                }
                done.store(true, std::sync::atomic::Ordering::Release);
            });
            while !done.load(std::sync::atomic::Ordering::Acquire) {
                match view.snapshot() {
                    Ok(values) => assert_eq!(values[0].bytes(), values[1].bytes()),
                    // On a busy machine.
                    Err(error) => assert!(matches!(error, Error::Contended { .. }), "{error}"),
                }
            }
        });
    });
}

/// A holder that lives, and one that was killed in the middle of an update.
#[test]
fn a_dead_holder_is_shown_dead() {
    watched(|| {
        let name = Name::new("holder");
        let _board = Board::create(&name, &Board::with(1)).unwrap();
        let mut child = child!("talk");
        child.order(&format!("open {name}"));
        child.tell("hold");
        child.expect("holding");
        let count = open(&name).field("count").unwrap();
        let holder = count.status().holder.expect("a process holds it");
        assert_eq!((holder.pid, holder.dead), (child.pid(), false));
        assert_eq!(open(&name).field("later").unwrap().status().holder, None);
        child.kill();
        let dead = count.status().holder.expect("no process has taken it over");
        assert_eq!((dead.owner, dead.pid, dead.dead), (holder.owner, holder.pid, true));
        assert_eq!(text(&open(&name), "count"), "1");
        let writer = attach(&name);
        write(&writer, "count", &9_u64.to_ne_bytes(), Duration::from_secs(60)).unwrap();
        let status = count.status();
        assert!(status.holder.is_none() && status.dead_owners == 1 && status.contended == 1);
        assert_eq!(text(&open(&name), "count"), "9");
    });
}

/// An attachment without the struct, which leaves a dead region where it is.
fn attach(name: &str) -> State {
    untyped::options().keep_dead(true).open(name, None).unwrap()
}

fn write(state: &State, field: &str, value: &[u8], timeout: Duration) -> Result<Version, Error> {
    state.field(field)?.write(value, Wait::AtMost(timeout))
}

/// Values that a process without the struct has written, as processes with the struct see them.
#[test]
fn a_write_without_the_struct_is_the_same_write() {
    watched(|| {
        let name = Name::new("write");
        let zoo = Zoo::create(&name, &Zoo::zeroed()).unwrap();
        let before = (zoo.clock.version(), zoo.scores.version());
        let writer = attach(&name);
        let patience = Duration::from_secs(60);
        write(&writer, "clock", &2.5_f64.to_ne_bytes(), patience).unwrap();
        let scores: Vec<u8> =
            [1.0_f32, 2.0, 3.0, 4.0].iter().flat_map(|x| x.to_ne_bytes()).collect();
        write(&writer, "scores", &scores, patience).unwrap();
        write(&writer, "counts", bytemuck::bytes_of(&[7_u64, 8, 9]), patience).unwrap();
        assert_eq!((zoo.clock.read(), zoo.scores.get(2), zoo.counts.get(1)), (2.5, 3.0, 8));
        assert!(zoo.clock.version() > before.0 && zoo.scores.version() > before.1);
        let held = zoo.clock.update(|_, _| {
            let patience = Duration::from_millis(1);
            std::thread::scope(|scope| {
                let write = || write(&writer, "clock", &[0; 8], patience);
                scope.spawn(write).join().unwrap()
            })
        });
        let error = held.expect_err("the semaphore is held");
        assert!(matches!(error, Error::Timeout { holder: Some(_), .. }), "{error}");
    });
}

/// Several values at once: a reader that saw one of them without the other would compute with
/// values that never stood together.
#[test]
fn values_written_together_appear_together_or_not_at_all() {
    watched(|| {
        let name = Name::new("together");
        let zoo = Zoo::create(&name, &Zoo::zeroed()).unwrap();
        let writer = attach(&name);
        let number = |byte| f64::from_ne_bytes([byte; 8]);
        let write = |number: u8, timeout| {
            let (clock, waves, counts) = ([number; 8], [number; 16], [number; 24]);
            let values = [("waves", &waves[..]), ("counts", &counts), ("clock", &clock)];
            let values = values.map(|(name, value)| (writer.field(name).unwrap(), value));
            writer.write_all(&values, Wait::AtMost(timeout))
        };
        let versions = write(1, Duration::from_secs(60)).unwrap();
        assert_eq!(versions[..2], [zoo.waves.version(), zoo.counts.version()]);
        assert_eq!(versions[2], zoo.clock.version());
        assert_eq!(bytemuck::bytes_of(&zoo.waves.read()), [1; 16]);
        assert_eq!((zoo.clock.read(), zoo.counts.get(2)), (number(1), u64::from_ne_bytes([1; 8])));
        std::thread::scope(|scope| {
            let writes = scope.spawn(|| {
                for round in 0..2000_u32 {
                    write(round as u8, Duration::from_secs(60)).unwrap();
                }
            });
            while !writes.is_finished() {
                let seen = zoo.snapshot();
                let (clock, waves) = (seen.clock.to_ne_bytes(), bytemuck::bytes_of(&seen.waves));
                assert_eq!(waves, [clock, clock].concat(), "values of two writes");
            }
        });
        // A field that is declared last is held: those before it stay as they are.
        write(7, Duration::from_secs(60)).unwrap();
        let refused = zoo.clock.update(|_, _| {
            std::thread::scope(|scope| {
                scope.spawn(|| write(8, Duration::from_millis(1))).join().unwrap()
            })
        });
        let error = refused.expect_err("a semaphore is held");
        assert!(matches!(error, Error::Timeout { holder: Some(_), .. }), "{error}");
        assert_eq!(bytemuck::bytes_of(&zoo.waves.read()), [7; 16]);
        assert_eq!((zoo.clock.read(), zoo.counts.get(0)), (number(7), u64::from_ne_bytes([7; 8])));
        write(9, Duration::from_secs(60)).unwrap();
        assert_eq!(zoo.clock.read(), number(9), "a semaphore was kept");
    });
}

/// A writer among the last to leave, and one that came to a dead region.
#[test]
fn an_untyped_writer_detaches_as_a_handle_does() {
    watched(|| {
        let name = Name::new("leaving");
        let board = Board::create(&name, &Board::with(1)).unwrap();
        let writer = attach(&name);
        drop(board);
        assert!(name.exists());
        drop(writer);
        assert!(!name.exists(), "it was the last one");
        let mut child = child!("talk");
        child.order(&format!("create {name} 2"));
        child.kill();
        let writer = attach(&name);
        write(&writer, "count", &3_u64.to_ne_bytes(), Duration::from_secs(60)).unwrap();
        drop(writer);
        assert!(name.exists(), "the region was dead before");
        assert_eq!(Board::open(&name).unwrap().count.read(), 3);
    });
}

/// Removal of the dead, with a process attached for reading or writing, and with none.
#[test]
fn no_living_region_is_removed_as_dead() {
    watched(|| {
        let name = Name::new("remove");
        for open in ["open", "open-read-only"] {
            let mut creator = child!("talk");
            creator.order(&format!("create {name} 1"));
            let mut other = child!("talk");
            other.order(&format!("{open} {name}"));
            assert!(!inspect::remove_dead(&name).unwrap() && name.exists());
            creator.kill();
            assert!(!inspect::remove_dead(&name).unwrap() && name.exists(), "{open}");
            other.kill();
            let _view = View::open(&name).unwrap();
            assert!(inspect::remove_dead(&name).unwrap() && !name.exists());
        }
        let mut creator = child!("talk");
        creator.order(&format!("create-persistent {name} 1"));
        creator.kill();
        assert!(!inspect::remove_dead(&name).unwrap() && name.exists(), "it is persistent");
        inspect::unlink(&name).unwrap();
        assert!(!name.exists());
    });
}

/// How many, which ids, which processes.
#[test]
fn every_attached_process_is_counted() {
    watched(|| {
        let name = Name::new("census");
        let mut writer = child!("talk");
        writer.order(&format!("create {name} 1"));
        let mut reader = child!("talk");
        reader.order(&format!("open-read-only {name}"));
        let view = open(&name);
        let attached = Census::take().attached(&view).unwrap();
        assert!(attached.any);
        let seen: Vec<_> = attached.processes.iter().map(|p| (p.pid, p.writes)).collect();
        let mut expected = vec![(writer.pid(), true), (reader.pid(), false)];
        expected.sort_unstable();
        assert_eq!(seen, expected);
        match (attached.attachments, attached.owners) {
            (Some(attachments), Some(owners)) => assert_eq!((attachments, owners.len()), (2, 1)),
            _ => skip("/proc/locks cannot be read"),
        }
        writer.kill();
        reader.kill();
        let attached = Census::take().attached(&view).unwrap();
        assert!(!attached.any && attached.processes.is_empty(), "{attached:?}");
    });
}

/// A creator's file from before it has a name: young, old but in use, and abandoned.
#[test]
fn only_abandoned_unfinished_regions_are_removed() {
    watched(|| {
        let path = unfinished::path();
        let listed = || inspect::abandoned().into_iter().find(|file| file.path() == path);
        let file = File::create_new(&path).unwrap();
        assert!(listed().is_none(), "its creator may be at work");
        file.set_modified(SystemTime::now() - Duration::from_secs(3600)).unwrap();
        if let Some(abandoned) = listed() {
            // If not, another creation has swept it away between the two looks.
            assert!(abandoned.remove() || !path.exists());
        }
        until("nothing is left of it", || listed().is_none());
        assert!(!path.exists());
    });
}

/// What there is, by name.
#[test]
fn every_region_is_listed() {
    watched(|| {
        let name = Name::new("listed");
        let _board = Board::create(&name, &Board::zeroed()).unwrap();
        let listed = |name: &Name| inspect::names().unwrap().contains(&name.to_string());
        assert!(listed(&name));
        let view = open(&name);
        drop(_board);
        until("it is gone", || !listed(&name));
        assert!(!view.is_current());
    });
}
