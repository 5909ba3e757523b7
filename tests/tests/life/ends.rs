//! Regions that stay when they should go, go when they should stay, or come back wrong.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use shma_core::inspect::View;
use shma_core::{Error, ShmState};
use shma_tests::child;
use shma_tests::child::Child;
use shma_tests::region::{Bytes, Name, header};
use shma_tests::skip::{is_root, skip};
use shma_tests::states::Board;
use shma_tests::watchdog::{until, watched};

fn child_that(call: &str) -> Child {
    let mut child = child!("talk");
    child.order(call);
    child
}

/// However the others have ended, the last detach deletes the region; and none before it does.
#[test]
fn the_last_detach_deletes_the_region() {
    watched(|| {
        for others in ["leave", "are killed", "end without leaving"] {
            let name = Name::new("last");
            let mut peers = vec![child_that(&format!("create {name} 7"))];
            peers.extend((0..3).map(|_| child_that(&format!("open {name}"))));
            let mut last = peers.remove(2);
            for mut other in peers {
                assert!(name.exists());
                match others {
                    "leave" => other.order("close"),
                    "are killed" => other.kill(),
                    _ => assert!(other.close().success()),
                }
                last.order("add 1");
            }
            assert_eq!((last.ask("read"), last.ask("current")), ("10".into(), "true".into()));
            last.order("close");
            assert!(!name.exists(), "the others {others}");
        }
    });
}

/// Two that leave at the same moment each see the other one still there.
#[test]
fn two_detaches_at_once_delete_the_region() {
    watched(|| {
        let mut one = child!("talk");
        let mut two = child!("talk");
        for round in 0..300 {
            let name = Name::new("both");
            one.order(&format!("create {name} 1"));
            two.order(&format!("open {name}"));
            one.tell("close");
            two.tell("close");
            one.expect("ok");
            two.expect("ok");
            assert!(!name.exists(), "round {round}");
        }
    });
}

/// A second handle of the same process counts, and so does a read-only one.
#[test]
fn a_handle_keeps_the_region_for_others() {
    watched(|| {
        let name = Name::new("handles");
        let first = Board::create(&name, &Board::with(7)).unwrap();
        let second = Board::open(&name).unwrap();
        drop(first);
        assert!(name.exists());
        let seen = Board::open_read_only(&name).unwrap();
        drop(second);
        assert!(name.exists());
        assert!(seen.is_current());
        assert_eq!(seen.count.read(), 7);

        let name = Name::new("reader");
        let mut writer = child_that(&format!("create {name} 7"));
        let mut reader = child_that(&format!("open-read-only {name}"));
        writer.order("close");
        assert!(name.exists());
        assert_eq!(reader.ask("read"), "7");
        reader.order("close");
        assert!(!name.exists(), "the owner's reader may remove it, and was the last");
    });
}

/// All attached processes were killed. The values are still there: the next process that opens gets
/// the last published ones, and its detach deletes the region.
#[test]
fn last_values_survive_when_all_are_killed() {
    watched(|| {
        let name = Name::new("inherit");
        let mut dead = vec![child_that(&format!("create {name} 7"))];
        dead.push(child_that(&format!("open {name}")));
        dead[1].order("add 10");
        assert_eq!(dead[0].ask("hold"), "holding");
        dead.into_iter().for_each(Child::kill);
        assert!(name.exists());

        let mut successor = child_that(&format!("open {name}"));
        assert_eq!((successor.ask("read"), successor.ask("version")), ("17".into(), "2".into()));
        successor.order("add 1");
        assert_eq!(successor.ask("read"), "18");
        successor.order("close");
        assert!(!name.exists());
    });
}

/// No process can be asked whether the dead region is still wanted. A creator wants a new one.
#[test]
fn the_dead_do_not_keep_the_name() {
    watched(|| {
        let name = Name::new("replace");
        for (round, call) in ["create", "create-persistent", "create"].iter().enumerate() {
            if round == 2 {
                // It was persistent, and stays.
                let answer = child!("talk").ask(&format!("create {name} 1"));
                assert!(answer.starts_with("error AlreadyExists"), "{answer}");
                assert!(answer.contains("persistent"), "{answer}");
                Board::unlink(&name).unwrap();
            }
            let mut creator = child_that(&format!("{call} {name} {round}"));
            assert_eq!(creator.ask("read"), round.to_string());
            creator.kill();
            assert!(name.exists());
        }
    });
}

/// A persistent region is for processes that run one after the other.
#[test]
fn a_persistent_region_outlives_its_users() {
    watched(|| {
        let name = Name::new("persistent");
        child_that(&format!("create-persistent {name} 7")).order("close");
        for n in 7..10 {
            assert!(name.exists());
            let mut next = child_that(&format!("open {name}"));
            assert_eq!(next.ask("read"), n.to_string());
            next.order("add 1");
            next.order("close");
        }
        child_that(&format!("open-or-create {name} 0")).kill();
        let mut next = child_that(&format!("open-or-create {name} 0"));
        assert_eq!(next.ask("read"), "10");
        next.order(&format!("unlink {name}"));
        assert!(!name.exists());
        next.order("close");
        assert!(!name.exists());
    });
}

/// Removal and re-creation while others sleep for the next publication: it will never come. They
/// have to hear of it, and the name has to lead to the new region from then on.
#[test]
fn a_waiter_learns_that_its_region_is_gone() {
    watched(|| {
        let name = Name::new("gone");
        let old = Board::create(&name, &Board::with(7)).unwrap();
        let mut writer = child_that(&format!("open {name}"));
        let mut reader = child_that(&format!("open-read-only {name}"));
        let [count, ..] = Board::partitions();
        let bytes = name.bytes();
        for waiter in [&mut writer, &mut reader] {
            waiter.tell("wait 3600000");
            waiter.expect("since 1");
        }
        until("the writer sleeps", || bytes.has_sleepers(count));
        child!("talk").order(&format!("unlink {name}"));
        assert!(!name.exists());
        let mut anew = child_that(&format!("create {name} 100"));
        for waiter in [&mut writer, &mut reader] {
            let answer = waiter.line();
            assert!(answer.starts_with("error Retired"), "{answer}");
            assert!(answer.contains(&*name), "{answer}");
            assert_eq!((waiter.ask("current"), waiter.ask("read")), ("false".into(), "7".into()));
        }
        assert!(!old.is_current());

        // The retired region works on for processes that are attached.
        writer.order("add 1");
        assert_eq!((old.count.read(), reader.ask("read")), (8, "8".into()));
        let limit = Duration::from_secs(3600);
        let newer = old.count.wait_newer(shma_core::Version::default(), limit).unwrap();
        assert_eq!(u64::from(newer), 2);
        let waited = old.count.wait_newer(newer, limit);
        let Err(error @ Error::Retired { .. }) = &waited else { panic!("{waited:?}") };
        assert!(
            error.to_string().contains(&format!("field `count` of region `{name}`")),
            "{error}"
        );

        writer.order(&format!("open {name}"));
        reader.order(&format!("open-read-only {name}"));
        assert_eq!((writer.ask("read"), reader.ask("read")), ("100".into(), "100".into()));
        assert_eq!(anew.ask("current"), "true");
        drop(old);
        assert_eq!(anew.ask("current"), "true", "who leaves the old one leaves the new one alone");
        assert!(name.exists());
    });
}

/// The writer that sleeps for the semaphore of a region that is removed still gets it.
#[test]
fn a_queued_writer_learns_that_its_region_is_gone() {
    watched(|| {
        let name = Name::new("gone-writer");
        let mut holder = child_that(&format!("create {name} 7"));
        assert_eq!(holder.ask("hold"), "holding");
        let mut queued = child_that(&format!("open {name}"));
        queued.tell("add 1");
        let [count, ..] = Board::partitions();
        until("it queues", || name.bytes().has_waiters(count));
        Board::unlink(&name).unwrap();
        assert_eq!(holder.ask("publish 10"), "ok");
        queued.expect("ok");
        assert_eq!(holder.ask("read"), "11");
    });
}

/// Whether a region is retired is asked of its name. The mark in its header is a hint for a process
/// that has the old file open.
#[test]
fn a_retired_region_is_refused() {
    watched(|| {
        let name = Name::new("retired");
        let board = Board::create(&name, &Board::with(7)).unwrap();
        let bytes: Bytes = name.bytes();
        assert_eq!(bytes.u32(header::RETIRED), 0);
        Board::unlink(&name).unwrap();
        assert_eq!(bytes.u32(header::RETIRED), 1);
        assert!(!board.is_current());
        assert!(matches!(Board::open(&name), Err(Error::NotFound { .. })));
        let anew = Board::open_or_create(&name, &Board::with(8)).unwrap();
        assert_eq!((board.count.read(), anew.count.read()), (7, 8));
    });
}

/// A name that leads to another file, or to none, is no name of the region, whatever other name its
/// file has: nothing published there is ever found by it.
#[test]
fn a_renamed_region_is_reported_as_not_current() {
    watched(|| {
        for how in ["renamed", "renamed, made anew", "linked, unlinked", "linked, made anew"] {
            let name = Name::new("renamed");
            let aside = PathBuf::from(format!("{}.aside", name.path().display()));
            let mut owner = child_that(&format!("create {name} 7"));
            let writer = Board::open(&name).unwrap();
            let reader = Board::open_read_only(&name).unwrap();
            let view = View::open(&name).unwrap();
            let mut sleepers = [
                child_that(&format!("open {name}")),
                child_that(&format!("open-read-only {name}")),
            ];
            for child in &mut sleepers {
                child.tell("wait 3600000");
                assert!(child.line().starts_with("since "));
            }
            if how.starts_with("renamed") {
                fs::rename(name.path(), &aside).unwrap();
            } else {
                fs::hard_link(name.path(), &aside).unwrap();
                assert!(writer.is_current() && reader.is_current() && view.is_current());
                Board::unlink(&name).unwrap();
            }
            let anew =
                how.ends_with("anew").then(|| Board::create(&name, &Board::with(8)).unwrap());
            assert!(!writer.is_current() && !reader.is_current() && !view.is_current(), "{how}");
            for child in &mut sleepers {
                let answer = child.line();
                assert!(answer.starts_with("error Retired"), "{how}: {answer}");
            }
            let waited = writer.count.wait_newer(writer.count.version(), Duration::MAX);
            assert!(matches!(waited, Err(Error::Retired { .. })), "{how}: {waited:?}");

            owner.order("add 1");
            assert_eq!(reader.count.read(), 8, "{how}: the memory is shared as before");
            // Processes that detach from the old one remove neither name.
            owner.order("close");
            drop((writer, reader, sleepers));
            assert!(aside.exists());
            assert_eq!(name.exists(), anew.is_some(), "{how}");
            if let Some(anew) = anew {
                assert!(anew.is_current());
                assert_eq!(Board::open(&name).unwrap().count.read(), 8);
            }
            fs::remove_file(aside).unwrap();
        }
    });
}

/// A region with a hard link back to its name says that it had lost it.
#[test]
fn a_second_link_to_a_retired_region_is_refused() {
    watched(|| {
        let name = Name::new("linked-back");
        let aside = PathBuf::from(format!("{}.aside", name.path().display()));
        let board = Board::create(&name, &Board::with(7)).unwrap();
        fs::hard_link(name.path(), &aside).unwrap();
        Board::unlink(&name).unwrap();
        fs::rename(&aside, name.path()).unwrap();
        let opened = Board::open(&name).map(drop);
        assert!(matches!(opened, Err(Error::NotARegion { .. })), "{opened:?}");
        drop(board);
    });
}

/// A process that can no longer see the directory still has its region. It must not be told that
/// the region is gone.
#[test]
fn a_process_in_a_jail_keeps_its_region() {
    if !is_root("chroot") {
        return;
    }
    watched(|| {
        let name = Name::new("jail");
        let mut owner = child_that(&format!("create {name} 7"));
        let mut jailed = child_that(&format!("open {name}"));
        jailed.order("jail");
        assert_eq!(jailed.ask("current"), "true");
        jailed.tell("wait 3600000");
        jailed.expect("since 1");
        owner.order("add 1");
        jailed.expect("2");
        owner.order(&format!("unlink {name}"));
        until("it is told", || jailed.ask("current") == "false");
    });
}

mod other {
    /// Another layout.
    #[derive(shma_core::ShmState)]
    pub struct Board {
        pub count: f64,
    }
}

/// A call that is going to fail must not look like an attachment: the last detach would leave the
/// region to it, and it never attaches.
#[test]
fn a_failing_open_is_no_attachment() {
    watched(|| {
        let name = Name::new("failing-open");
        let over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for reads in [false, true] {
                let (name, over) = (&name, &over);
                scope.spawn(move || {
                    while !over.load(Ordering::Relaxed) {
                        let failed = match reads {
                            true => other::Board::open_read_only(name).map(drop),
                            false => other::Board::open(name).map(drop),
                        };
                        assert!(failed.is_err());
                    }
                });
            }
            for round in 0..300 {
                let left = Board::create(&name, &Board::with(7)).map(drop);
                if left.is_err() || name.exists() {
                    over.store(true, Ordering::Relaxed);
                    panic!("round {round}: {left:?}, name exists: {}", name.exists());
                }
            }
            over.store(true, Ordering::Relaxed);
        });
    });
}

/// Descriptor 0 is a descriptor like any other: what is opened under it is closed, and what fails
/// under it removed.
#[test]
fn a_process_without_input_leaves_no_file_behind() {
    watched(|| {
        let mut child = child!("without-input", "some");
        let said = child.line();
        if said.starts_with("not permitted") {
            return skip(&format!("mounting a small /dev/shm is {said}"));
        }
        assert_eq!(said, "created, 1 files open");
        child.expect("left, 0 files open");
        child.expect("failed, 0 files open, 0 there");
    });
}

/// Leaving takes no descriptor that may not be there.
#[test]
fn a_process_without_free_descriptors_deletes_its_region() {
    watched(|| {
        let name = Name::new("no-descriptors");
        let mut child = child_that(&format!("create {name} 7"));
        child.order("limit-descriptors");
        child.order("close");
        assert!(!name.exists());
    });
}

/// The last process ends in the ordinary way, but does not drop its handle. The region stays with
/// its values, until it is taken over, replaced or removed.
#[test]
fn an_end_without_a_drop_leaves_a_dead_region() {
    watched(|| {
        let name = Name::new("undropped");
        assert!(child_that(&format!("create {name} 7")).close().success());
        assert!(name.exists() && !View::open(&name).unwrap().is_attached().unwrap());
        let board = Board::open(&name).unwrap();
        assert_eq!(board.count.read(), 7);
        drop(board);
        assert!(!name.exists());

        assert!(child_that(&format!("create {name} 7")).close().success());
        assert_eq!(Board::create(&name, &Board::with(8)).unwrap().count.read(), 8);
        assert!(child_that(&format!("create {name} 7")).close().success());
        assert!(shma_core::inspect::remove_dead(&name).unwrap());
    });
}

/// A process that gives up its user may not remove what it has created, where only owners may.
#[test]
fn a_process_that_gave_up_its_user_leaves_a_dead_region() {
    if !is_root("becoming another user") {
        return;
    }
    let place = std::fs::metadata(shma_tests::region::DIRECTORY).unwrap();
    if place.permissions().mode() & 0o1002 == 0o0002 {
        return skip("every user may remove every file in /dev/shm");
    }
    watched(|| {
        let name = Name::new("given-up");
        let mut daemon = child_that(&format!("create {name} 7"));
        daemon.order("become 65533");
        daemon.order("add 1");
        daemon.order("close");
        assert!(name.exists());
        assert_eq!(Board::open(&name).unwrap().count.read(), 8);
        assert!(!name.exists());
    });
}

/// Python's own way to shared memory removes what it has opened when it ends, unless it is told not
/// to.
#[test]
fn python_removes_what_it_has_opened_unless_told_not_to() {
    let python = |program: &str| {
        let run = Command::new("python3").args(["-c", program]).output();
        run.is_ok_and(|output| output.status.success())
    };
    if !python("from multiprocessing import shared_memory, resource_tracker") {
        return skip("python3 is not installed");
    }
    watched(move || {
        let name = Name::new("python");
        let open = format!(
            "from multiprocessing import shared_memory, resource_tracker\n\
             memory = shared_memory.SharedMemory(name='shma.{name}')\n"
        );
        let board = Board::create(&name, &Board::with(7)).unwrap();
        let kept = "resource_tracker.unregister(memory._name, 'shared_memory')\nmemory.close()\n";
        assert!(python(&format!("{open}{kept}")));
        assert!(board.is_current());
        assert!(python(&format!("{open}memory.close()\n")));
        until("its tracker has removed the name", || !board.is_current());
    });
}
