//! Users without permission, and names that belong to another user.
//!
//! `unsafe` here: a lease.

use std::fs;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, lchown, symlink};
use std::os::unix::net::UnixListener;
use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::geteuid;
use shma_core::{Error, Shm, ShmState, inspect, untyped};
use shma_tests::child;
use shma_tests::child::Child;
use shma_tests::refusal::calls;
use shma_tests::region::{Bytes, Name, control};
use shma_tests::skip::{is_root, skip};
use shma_tests::states::Board;
use shma_tests::unfinished;
use shma_tests::watchdog::watched;

/// A user without rights.
const NOBODY: u32 = 65534;

/// Another user without rights.
const ANOTHER: u32 = 65533;

fn create(hint: &str, mode: u32) -> (Name, Shm<Board>) {
    let name = Name::new(hint);
    let board = Board::options().mode(mode).create(&name, &Board::with(7)).unwrap();
    (name, board)
}

fn as_user(user: u32) -> Child {
    let mut child = child!("talk");
    child.order(&format!("become {user}"));
    child
}

/// The error of an answer: its name, and the rest.
#[track_caller]
fn error_of(answer: &str) -> (&str, &str) {
    let error = answer.strip_prefix("error ").unwrap_or_else(|| panic!("no error: {answer}"));
    error.split_once(": ").unwrap()
}

/// Watching must not need the right to write: it reads, waits, and notices the end.
#[test]
fn a_reader_without_write_permission_reads() {
    if !is_root("becoming another user") {
        return;
    }
    watched(|| {
        let (name, board) = create("read-only", 0o644);
        assert_eq!(name.path().metadata().unwrap().permissions().mode() & 0o777, 0o644);
        let mut reader = as_user(NOBODY);
        // Whether the owner is in the way, or the mode alone.
        for (call, expected, hint) in [
            (format!("open {name}"), "ForeignOwner", "Options::mode"),
            (format!("open-of {name} {}", geteuid().as_raw()), "Io", "open it read-only"),
        ] {
            let answer = reader.ask(&call);
            let (error, text) = error_of(&answer);
            assert_eq!(error, expected, "{text}");
            assert!(text.contains(&*name) && text.contains(hint), "{text}");
        }
        reader.order(&format!("open-read-only {name}"));
        assert_eq!((reader.ask("read"), reader.ask("read-row")), ("7".into(), "0".into()));
        reader.tell("wait 3600000");
        reader.expect("since 1");
        board.count.update(|new, old| *new = old + 1);
        reader.expect("2");
        assert_eq!((reader.ask("read"), reader.ask("current")), ("8".into(), "true".into()));
        reader.tell("wait 3600000");
        reader.expect("since 2");
        Board::unlink(&name).unwrap();
        assert!(reader.line().starts_with("error Retired"));
        assert_eq!(reader.ask("current"), "false");
    });
}

/// What a reader cannot do by mistake it cannot do on purpose either.
#[test]
fn a_reader_without_write_permission_changes_no_byte() {
    if !is_root("becoming another user") {
        return;
    }
    watched(|| {
        let (name, board) = create("scribble", 0o644);
        let mut reader = as_user(NOBODY);
        reader.order(&format!("open-read-only {name}"));
        let before = name.bytes().all();
        assert_eq!(reader.ask("read"), "7");
        let permissions = reader.ask(&format!("permissions {name}"));
        assert!(permissions.split(' ').all(|mapping| mapping == "r--s"), "{permissions}");
        assert_eq!(reader.ask(&format!("open-file {name}")), "PermissionDenied");
        let writable = reader.ask(&format!("make-writable {name}"));
        assert!(writable.split(' ').all(|one| one == "PermissionDenied"), "{writable}");
        reader.tell(&format!("scribble {name}"));
        assert_eq!(reader.end().signal(), Some(libc::SIGSEGV));
        assert_eq!(name.bytes().all(), before);
        board.count.update(|new, old| *new = old + 1);
    });
}

/// Not even the owner's read-only handle is mapped for writing.
#[test]
fn a_read_only_handle_of_the_owner_changes_no_byte() {
    watched(|| {
        let (name, board) = create("own-scribble", 0o600);
        let mut reader = child!("talk");
        reader.order(&format!("open-read-only {name}"));
        assert_eq!(reader.ask(&format!("permissions {name}")), "r--s");
        reader.tell(&format!("scribble {name}"));
        assert_eq!(reader.end().signal(), Some(libc::SIGSEGV));
        assert_eq!(board.count.read(), 7);
    });
}

/// A reader may hold read locks. If they passed for a sign of life, it could keep the semaphore of
/// a dead writer from every other process.
#[test]
fn a_reader_cannot_keep_a_dead_writer_alive() {
    if !is_root("becoming another user") {
        return;
    }
    watched(|| {
        let (name, board) = create("alive", 0o644);
        let mut writer = child!("talk");
        writer.order(&format!("open {name}"));
        assert_eq!(writer.ask("hold"), "holding");
        let [count, ..] = Board::partitions();
        let owner = name.bytes().u32(count + control::LOCK);
        writer.kill();
        let mut reader = as_user(NOBODY);
        assert_eq!(reader.ask(&format!("claim-life {name} {owner}")), "locked");
        board.count.try_update(|new, old| *new = old + 1).unwrap();
        assert_eq!((board.count.read(), u64::from(board.count.version())), (8, 2));
    });
}

/// It can do one thing, which the docs tell: it keeps the region counted as attached.
#[test]
fn a_reader_keeps_its_region_from_creators() {
    if !is_root("becoming another user") {
        return;
    }
    watched(|| {
        let name = Name::new("counted");
        let mut creator = child!("talk");
        creator.order(&format!("create-mode {name} 644"));
        let mut reader = as_user(NOBODY);
        reader.order(&format!("open-read-only {name}"));
        creator.order("close");
        assert!(name.exists());
        let second = Board::create(&name, &Board::zeroed());
        assert!(matches!(second, Err(Error::AlreadyExists { .. })), "{second:?}");
        assert_eq!(reader.ask("read"), "0");
        reader.order("close");
        assert!(name.exists(), "it may not remove it");
        Board::create(&name, &Board::zeroed()).unwrap();
    });
}

/// Another user was faster to take the name: a file that looks like nothing, and one that is a
/// perfect region. A process that uses it can be ended by its owner, who may cut it short; and one
/// that removes it has removed what is not theirs.
#[test]
fn a_squatted_name_is_neither_used_nor_deleted() {
    if !is_root("becoming another user") {
        return;
    }
    watched(|| {
        for perfect in [false, true] {
            let name = Name::new("squatted");
            let mut squatter = as_user(NOBODY);
            if perfect {
                squatter.order(&format!("create-mode {name} 666"));
            } else {
                fs::write(name.path(), [7; 10_000]).unwrap();
                fs::set_permissions(name.path(), fs::Permissions::from_mode(0o666)).unwrap();
                chown(name.path(), Some(NOBODY), Some(NOBODY)).unwrap();
            }
            stays_foreign(&name, 0, NOBODY, |call| match call {
                Call::Open => Board::open(&name).map(drop),
                Call::OpenReadOnly => Board::open_read_only(&name).map(drop),
                Call::Create => Board::create(&name, &Board::zeroed()).map(drop),
                Call::OpenOrCreate => Board::open_or_create(&name, &Board::zeroed()).map(drop),
                Call::Unlink => Board::unlink(&name),
            });
            if perfect {
                let allowed = Board::options().allow_owner(NOBODY).open(&name).unwrap();
                assert_eq!(allowed.count.read(), 0, "allowed, it is a region like any other");
            }
        }
    });
}

#[derive(Clone, Copy, Debug)]
enum Call {
    Open,
    OpenReadOnly,
    Create,
    OpenOrCreate,
    Unlink,
}

/// Every call is refused for the owner's sake, and leaves the file alone.
#[track_caller]
fn stays_foreign(name: &Name, me: u32, them: u32, call: impl Fn(Call) -> Result<(), Error>) {
    let file = name.path().metadata().unwrap();
    let before = Bytes::open(&name.path()).all();
    for which in [Call::Open, Call::OpenReadOnly, Call::Create, Call::OpenOrCreate, Call::Unlink] {
        let result = call(which);
        let Err(error @ Error::ForeignOwner { owner, user, .. }) = &result else {
            panic!("{which:?}: {result:?}")
        };
        assert_eq!((*owner, *user), (them, me), "{which:?}");
        let text = error.to_string();
        assert!(text.contains(&**name) && text.contains(&them.to_string()), "{text}");
    }
    assert_eq!(name.path().metadata().unwrap().ino(), file.ino());
    assert_eq!(Bytes::open(&name.path()).all(), before);
}

/// Another user's entry can make opening fail in many ways. Each call says whose it is, before
/// anything else, and opens nothing.
#[test]
fn a_squatter_is_named_whatever_it_left() {
    if !is_root("giving files to another user") {
        return;
    }
    watched(|| {
        let target = Name::new("target");
        let _board = Board::options().mode(0o666).create(&target, &Board::with(7)).unwrap();
        for kind in ["lease", "symlink", "directory", "fifo", "socket", "device", "secret"] {
            let name = Name::new(kind);
            let path = name.path();
            let mut kept = (None, None);
            match kind {
                "lease" | "secret" => kept.0 = Some(fs::File::create(&path).unwrap()),
                "symlink" => symlink(target.path(), &path).unwrap(),
                "directory" => fs::create_dir(&path).unwrap(),
                "socket" => kept.1 = Some(UnixListener::bind(&path).unwrap()),
                _ => {
                    let (what, device) = if kind == "fifo" {
                        (FileType::Fifo, 0)
                    } else {
                        // The kernel has no driver for it, so opening it does nothing.
                        (FileType::CharacterDevice, rustix::fs::makedev(240, 77))
                    };
                    let made = mknodat(CWD, &path, what, Mode::from_raw_mode(0o666), device);
                    if let Err(error) = made {
                        skip(&format!("making a {kind} is not permitted: {error}"));
                        continue;
                    }
                }
            }
            lchown(&path, Some(NOBODY), Some(NOBODY)).unwrap();
            if kind == "lease" && !lease(kept.0.as_ref().unwrap()) {
                skip("leases are not to be had");
                continue;
            }
            let before = path.symlink_metadata().unwrap();
            let others = [
                ("wait", Board::options().wait(Duration::from_millis(50)).open(&name).map(drop)),
                ("View::open", inspect::View::open(&name).map(drop)),
                ("untyped", untyped::options().open(&name, None).map(drop)),
                ("inspect::unlink", inspect::unlink(&name)),
                ("remove_dead", inspect::remove_dead(&name).map(drop)),
            ];
            for (call, result) in calls(&name).into_iter().chain(others) {
                let Err(Error::ForeignOwner { owner: NOBODY, .. }) = result else {
                    panic!("{kind}, {call}: {result:?}")
                };
            }
            let after = path.symlink_metadata().unwrap();
            assert_eq!((before.ino(), before.mode()), (after.ino(), after.mode()), "{kind}");
        }
    });
}

/// Takes a lease on a file, and ignores the signal that asks for it back.
fn lease(file: &fs::File) -> bool {
    // SAFETY: sets how a signal is handled, which is to ignore it.
    unsafe { libc::signal(libc::SIGIO, libc::SIG_IGN) };
    // SAFETY: asks for a lease on an open file, and touches no memory.
    unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETLEASE, libc::F_WRLCK) == 0 }
}

/// The same, seen by a user who has no power over the file: another user's, with all rights for
/// every user.
#[test]
fn a_foreign_region_is_used_only_if_its_owner_is_named() {
    if !is_root("becoming another user") {
        return;
    }
    watched(|| {
        let name = Name::new("foreign");
        let mut owner = as_user(ANOTHER);
        owner.order(&format!("create-mode {name} 666"));
        let before = name.bytes().all();
        let mut other = as_user(NOBODY);
        for call in ["open NAME", "open-read-only NAME", "create NAME 1", "open-or-create NAME 1"] {
            let answer = other.ask(&call.replace("NAME", &name));
            assert_eq!(error_of(&answer).0, "ForeignOwner", "{call}: {answer}");
        }
        let answer = other.ask(&format!("unlink {name}"));
        assert_eq!(error_of(&answer).0, "ForeignOwner", "{answer}");
        assert_eq!(name.bytes().all(), before);

        other.order(&format!("open-of {name} {ANOTHER}"));
        other.order("add 5");
        assert_eq!(owner.ask("read"), "5");
        other.order(&format!("open-read-only-of {name} {ANOTHER}"));
        assert_eq!(other.ask("read"), "5");
    });
}

/// Root is trusted; its regions are used by every user that has the right to, and no other removes
/// or replaces them.
#[test]
fn no_user_replaces_a_region_of_root() {
    if !is_root("becoming another user") {
        return;
    }
    watched(|| {
        let (name, board) = create("root", 0o666);
        let mut user = as_user(NOBODY);
        user.order(&format!("open {name}"));
        user.order("add 1");
        assert_eq!(board.count.read(), 8);
        for call in ["create NAME 1", "unlink NAME"] {
            let answer = user.ask(&call.replace("NAME", &name));
            assert_eq!(error_of(&answer).0, "ForeignOwner", "{call}: {answer}");
        }
        drop(board);
        assert!(name.exists());
        user.order("close");
        assert!(name.exists(), "the user may not remove it, and it is dead now");
        let answer = user.ask(&format!("create {name} 1"));
        assert_eq!(error_of(&answer).0, "ForeignOwner", "{answer}");
        user.order(&format!("open {name}"));
        assert_eq!(user.ask("read"), "8");
        drop(user);

        // Nothing for any other user: then it cannot even look, and still learns why.
        let (name, _board) = create("root-only", 0o600);
        let mut user = as_user(NOBODY);
        for call in ["open NAME", "open-read-only NAME", "create NAME 1", "open-or-create NAME 1"] {
            let answer = user.ask(&call.replace("NAME", &name));
            assert_eq!(error_of(&answer).0, "ForeignOwner", "{call}: {answer}");
        }
    });
}

/// A user that no test becomes: one that does sweeps its own.
const STRANGER: u32 = 54_321;

/// What a creator of another user has begun is none of our business, however old.
#[test]
fn the_unfinished_region_of_another_user_stays() {
    if !is_root("becoming another user") {
        return;
    }
    watched(|| {
        let name = Name::new("sweep");
        let (theirs, ours) = (unfinished::path(), unfinished::path());
        // A name that no creator gives its file belongs to another program, though it begins alike.
        let other = unfinished::path().with_extension("mine");
        for path in [&theirs, &ours, &other] {
            fs::write(path, [0]).unwrap();
        }
        chown(&theirs, Some(STRANGER), Some(STRANGER)).unwrap();
        // Last, because from here on any creation of any test may sweep ours.
        for path in [&theirs, &ours, &other] {
            let long_ago = std::time::SystemTime::UNIX_EPOCH;
            fs::File::options().write(true).open(path).unwrap().set_modified(long_ago).unwrap();
        }
        drop(Board::create(&name, &Board::zeroed()).unwrap());
        let left = [&theirs, &other, &ours].map(|path| path.exists());
        fs::remove_file(&theirs).unwrap();
        fs::remove_file(&other).unwrap();
        assert_eq!(left, [true, true, false]);
    });
}

/// A mode that keeps the creator from opening the region again keeps him neither from creating it
/// nor from removing it when he leaves.
#[test]
fn a_creator_is_not_kept_out_by_its_own_mode() {
    if !is_root("becoming another user") {
        return;
    }
    watched(|| {
        for mode in ["400", "440", "200", "060"] {
            let name = Name::new("own-mode");
            let mut creator = as_user(NOBODY);
            creator.order(&format!("create-mode {name} {mode}"));
            creator.order("add 1");
            assert_eq!(creator.ask("read"), "1");
            let found = name.path().metadata().unwrap().permissions().mode() & 0o777;
            assert_eq!(format!("{found:03o}"), mode);
            creator.order("close");
            assert!(!name.exists(), "{mode}");
        }
    });
}

/// What another user has put under the name is his, whatever it is.
#[test]
fn a_link_of_another_user_is_no_region() {
    if !is_root("giving a file away") {
        return;
    }
    watched(|| {
        let name = Name::new("foreign-link");
        std::os::unix::fs::symlink("/nowhere", name.path()).unwrap();
        std::os::unix::fs::lchown(name.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        for (call, result) in calls(&name) {
            let Err(Error::ForeignOwner { owner, .. }) = result else {
                panic!("{call}: {result:?}")
            };
            assert_eq!(owner, NOBODY);
        }
        assert!(name.path().is_symlink());
    });
}

/// A user namespace shows all users that it does not map as one, and so may this process appear in
/// it. To its numbers every stranger is this user.
#[test]
fn an_unmapped_user_is_not_this_user() {
    if !is_root("becoming another user") {
        return;
    }
    watched(|| {
        let name = Name::new("unmapped");
        let mut owner = as_user(ANOTHER);
        owner.order(&format!("create-mode {name} 666"));
        let mut stranger = child!("unmapped", STRANGER);
        match stranger.line().as_str() {
            "ok" => {}
            refused => return skip(&format!("a user namespace is {refused}")),
        }
        let calls = [
            "open NAME",
            "open-of NAME OVERFLOW",
            "open-read-only NAME",
            "open-read-only-of NAME OVERFLOW",
            "open-or-create NAME 1",
            "create NAME 1",
            "unlink NAME",
            "remove-dead NAME",
            "view NAME",
            "view-of NAME OVERFLOW",
        ];
        let all_refused = |stranger: &mut Child| {
            for call in calls {
                let call = call.replace("NAME", &name).replace("OVERFLOW", "65534");
                let answer = stranger.ask(&call);
                let (error, text) = error_of(&answer);
                assert_eq!(error, "ForeignOwner", "{call}: {text}");
                assert!(text.contains("does not map"), "{call}: {text}");
            }
        };
        all_refused(&mut stranger);
        // Also when it is dead, which creation and removal may replace and remove if it is theirs.
        owner.kill();
        all_refused(&mut stranger);
        assert!(name.exists());
        // And when it cannot be opened.
        fs::set_permissions(name.path(), fs::Permissions::from_mode(0o600)).unwrap();
        all_refused(&mut stranger);

        // Its own it knows, whatever its number.
        let own = Name::new("unmapped-own");
        stranger.order(&format!("create {own} 7"));
        let mut same = child!("unmapped", STRANGER);
        same.expect("ok");
        same.order(&format!("open {own}"));
        assert_eq!(same.ask("read"), "7");
        let mut outside = as_user(STRANGER);
        outside.order(&format!("open {own}"));
        outside.order(&format!("unlink {own}"));
    });
}

/// Where all users are mapped, the number that others have in namespaces is a user like any other.
#[test]
fn a_user_whose_number_others_have_in_namespaces_is_refused() {
    if !is_root("becoming another user") {
        return;
    }
    watched(|| {
        let name = Name::new("overflow");
        let mut one = as_user(65534);
        one.order(&format!("create {name} 1"));
        let mut two = as_user(65534);
        two.order(&format!("open {name}"));
        two.order(&format!("unlink {name}"));
        two.order(&format!("create-mode {name} 666"));
        let mut other = as_user(ANOTHER);
        other.order(&format!("open-of {name} 65534"));
    });
}
