//! The machine stops, and starts again: what a region on a disk is worth then. Another run of the machine
//! is made by an edit of the id in the file.

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};

use shma_core::inspect::{View, Whose};
use shma_core::untyped;
use shma_core::{Error, ShmState};
use shma_tests::child;
use shma_tests::child::Child;
use shma_tests::place::{self, Place};
use shma_tests::region::{Bytes, header};
use shma_tests::sizes;
use shma_tests::states::Board;
use shma_tests::watchdog::until;

const TARGET: &str = env!("CARGO_TARGET_TMPDIR");

const CLEAN: u32 = 1;

fn options(place: &Place) -> shma_core::Options<Board> {
    Board::options().dir(place.path()).persistent(true)
}

fn peer_that(place: &Place, call: &str) -> Child {
    let mut peer = child!("talk");
    peer.order(&format!("dir {}", place.text()));
    peer.order(call);
    peer
}

fn bytes(place: &Place) -> Bytes {
    Bytes::open(&place.file("some"))
}

fn mark(place: &Place) -> u32 {
    bytes(place).u32(header::MARK)
}

fn boot_id(place: &Place) -> Vec<u8> {
    bytes(place).all()[header::BOOT_ID..][..16].to_vec()
}

/// The id of this run as the region has to hold it.
fn this_boot() -> Vec<u8> {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    let id = u128::from_str_radix(&text.trim().replace('-', ""), 16).unwrap();
    id.to_be_bytes().to_vec()
}

/// What the file looks like to the next run.
fn reboot(place: &Place) {
    bytes(place).set(header::BOOT_ID, &[7; 16]);
}

fn is_unclean<T: std::fmt::Debug>(result: Result<T, Error>) -> bool {
    match result {
        Err(error @ Error::Unclean { .. }) => {
            let text = error.to_string();
            assert!(text.contains("`some`") && text.contains("accept_unclean"), "{text}");
            true
        }
        Err(error) => panic!("{error}"),
        Ok(_) => false,
    }
}

/// All left, and the machine was started anew.
#[test]
fn a_region_that_was_left_is_opened_after_a_boot() {
    place::in_each(TARGET, |place| {
        drop(options(place).create("some", &Board::with(7)).unwrap());
        assert_eq!((mark(place), boot_id(place)), (CLEAN, this_boot()));
        for call in ["open some", "open-or-create some 9", "open some"] {
            reboot(place);
            let reader = options(place).open_read_only("some").unwrap();
            assert_eq!(reader.count.read(), 7);
            assert_eq!(
                (mark(place), boot_id(place)),
                (CLEAN, vec![7; 16]),
                "a reader stores nothing"
            );
            let mut writer = peer_that(place, call);
            // Before its first write.
            assert_eq!((mark(place), boot_id(place)), (0, this_boot()), "{call}");
            assert_eq!(writer.ask("read"), "7");
            let age = reader.count.age();
            assert!(age < std::time::Duration::from_secs(60), "the clock began anew: {age:?}");
            writer.order("close");
            assert_eq!(mark(place), CLEAN, "a reader that is still there does not write");
        }
        options(place).unlink("some").unwrap();
    });
}

/// A process was in it when the power went.
#[test]
fn a_region_in_use_is_unclean_after_a_boot() {
    place::in_each(TARGET, |place| {
        let mut writer = peer_that(place, "create-persistent some 7");
        assert_eq!(writer.ask("hold"), "holding");
        let mut other = peer_that(place, "open some");
        other.order("add-later 1");
        writer.kill();
        other.kill();
        assert_eq!(mark(place), 0);
        // The same run of the machine: memory is whole.
        drop(options(place).open_read_only("some").unwrap());
        reboot(place);
        let refused = || {
            [
                is_unclean(options(place).open("some")),
                is_unclean(options(place).open_read_only("some")),
                is_unclean(options(place).open_or_create("some", &Board::zeroed())),
                is_unclean(untyped::options().dir(place.path()).open("some", None)),
            ]
        };
        assert_eq!(refused(), [true; 4]);
        assert!(View::open_in(place.path(), "some", Whose::Own).unwrap().is_unclean());
        assert_eq!((mark(place), boot_id(place)), (0, vec![7; 16]), "a refusal stores nothing");

        let reader = options(place).accept_unclean(true).open_read_only("some").unwrap();
        assert_eq!((reader.count.read(), reader.later.read()), (7, 1));
        drop(reader);
        assert_eq!(refused(), [true; 4]);
        let board = options(place).accept_unclean(true).open("some").unwrap();
        // The holder was one of the run before.
        board.count.try_update(|new, old| *new = old + 1).unwrap();
        assert_eq!((board.count.read(), boot_id(place)), (8, this_boot()));
        // One has accepted it, for all.
        assert_eq!(refused(), [false; 4]);
        drop(board);
        assert_eq!(mark(place), CLEAN);
        reboot(place);
        assert_eq!(refused(), [false; 4]);
        options(place).unlink("some").unwrap();
    });
}

/// The one that leaves is not the last that may write.
#[test]
fn only_the_last_writer_marks_a_region_clean() {
    place::in_each(TARGET, |place| {
        let first = options(place).create("some", &Board::with(7)).unwrap();
        let second = options(place).open("some").unwrap();
        let mut third = peer_that(place, "open some");
        drop(first);
        assert_ne!(mark(place), CLEAN);
        drop(second);
        assert_ne!(mark(place), CLEAN);
        third.order("close");
        assert_eq!(mark(place), CLEAN);
        // Killed, it marks nothing; the next one does.
        third.order("open some");
        third.kill();
        assert_ne!(mark(place), CLEAN);
        // A process that reads another's maps keeps its memory, and with it the token, for as long.
        until("the killed process has left, and the next one marks the region", || {
            drop(options(place).open("some").unwrap());
            mark(place) == CLEAN
        });
        // It waits for what the first to leave has stored.
        let (first, second) = (options(place).open("some"), options(place).open("some"));
        drop(first);
        let third = options(place).open("some").unwrap();
        drop(second);
        assert_ne!(mark(place), CLEAN);
        drop(third);
        assert_eq!(mark(place), CLEAN);
        options(place).unlink("some").unwrap();
    });
}

/// Leaving and attaching at once: a region with a writer is never marked.
#[test]
fn a_region_in_use_is_never_marked() {
    place::in_each(TARGET, |place| {
        drop(options(place).create("some", &Board::with(7)).unwrap());
        let path = place.path().to_owned();
        let come_and_go = move || {
            let path = path.clone();
            move || {
                for _ in 0..100 {
                    let options = Board::options().dir(&path);
                    let board = options.open("some").unwrap();
                    board.count.update(|new, old| *new = old + 1);
                    let file = Bytes::open(&path.join("shma.some"));
                    assert_ne!(file.u32(header::MARK), CLEAN);
                }
            }
        };
        let all: Vec<_> = (0..3).map(|_| std::thread::spawn(come_and_go())).collect();
        all.into_iter().for_each(|one| one.join().unwrap());
        drop(options(place).open("some").unwrap());
        assert_eq!(mark(place), CLEAN);
        options(place).unlink("some").unwrap();
    });
}

/// The id in the file is of another run, or of none, but a process is in: then it is of this run.
#[test]
fn a_region_that_is_in_use_is_of_this_boot() {
    place::in_each(TARGET, |place| {
        let mut writer = peer_that(place, "create-persistent some 7");
        for id in [[7; 16], [0; 16]] {
            bytes(place).set(header::BOOT_ID, &id);
            assert!(!is_unclean(options(place).open_read_only("some")));
            assert!(!is_unclean(options(place).open("some")));
            assert_eq!(boot_id(place), this_boot());
        }
        writer.order("close");
        options(place).unlink("some").unwrap();
    });
}

/// An ephemeral region whose users all died before the boot: `create` replaces it as any dead one.
#[test]
fn a_creation_replaces_an_unclean_region() {
    place::in_each(TARGET, |place| {
        peer_that(place, "create some 7").kill();
        reboot(place);
        let ephemeral = || Board::options().dir(place.path());
        assert!(is_unclean(ephemeral().open_or_create("some", &Board::with(8))));
        let board = ephemeral().create("some", &Board::with(9)).unwrap();
        assert_eq!((board.count.read(), boot_id(place)), (9, this_boot()));
        drop(board);
        assert_eq!(place.files(), [""; 0]);

        peer_that(place, "create-persistent some 7").kill();
        reboot(place);
        options(place).unlink("some").unwrap();
    });
}

/// A process that is being started has a copy of every descriptor of its parent until it calls `exec`.
#[test]
fn processes_that_are_started_meanwhile_do_not_keep_the_mark_away() {
    place::in_each(TARGET, |place| {
        drop(options(place).create("some", &Board::with(7)).unwrap());
        let over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let start = || {
                while !over.load(Ordering::Relaxed) {
                    Command::new("true").status().unwrap();
                }
            };
            let _end = Sets(&over);
            (0..2).for_each(|_| drop(scope.spawn(start)));
            for _ in 0..sizes::either(150, 500) {
                drop(options(place).open("some").unwrap());
                assert_eq!(mark(place), CLEAN);
            }
        });
        options(place).unlink("some").unwrap();
    });
}

/// Sets its flag when it is dropped.
struct Sets<'a>(&'a AtomicBool);

impl Drop for Sets<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
