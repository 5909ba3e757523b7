//! Regions that lie elsewhere than in `/dev/shm`: in another directory there, on a disk, on another tmpfs.

use std::fs;
use std::path::Path;
use std::sync::mpsc;
use std::thread;

use shma_core::inspect::{self, Look, Whose};
use shma_core::{Error, ShmState, untyped};
use shma_tests::child;
use shma_tests::child::Child;
use shma_tests::place::{self, Place};
use shma_tests::region::Name;
use shma_tests::states::Board;
use shma_tests::watchdog::{PATIENCE, until, watched};

const TARGET: &str = env!("CARGO_TARGET_TMPDIR");

/// A peer that has its regions in the place.
fn peer_in(place: &Place) -> Child {
    let mut peer = child!("talk");
    peer.order(&format!("dir {}", place.text()));
    peer
}

fn peer_that(place: &Place, call: &str) -> Child {
    let mut peer = peer_in(place);
    peer.order(call);
    peer
}

/// All calls agree on the place, and none has anything to do with a region of that name in `/dev/shm`.
#[test]
fn a_region_lies_where_it_is_asked_to() {
    place::in_each(TARGET, |place| {
        let name = Name::new("elsewhere");
        let options = || Board::options().dir(place.path());
        let usual = Board::create(&name, &Board::with(1)).unwrap();
        let there = options().create(&name, &Board::with(2)).unwrap();
        assert!(place.file(&name).exists() && name.exists());
        assert_ne!(usual.count.read(), there.count.read());
        let same = options().open(&name).unwrap();
        same.count.write(&3);
        let reader = options().open_read_only(&name).unwrap();
        assert_eq!((usual.count.read(), reader.count.read()), (1, 3));
        let opened = options().open_or_create(&name, &Board::with(9)).unwrap();
        assert_eq!(opened.count.read(), 3);
        assert_eq!(inspect::names_in(place.path()).unwrap(), [name.to_string()]);

        options().unlink(&name).unwrap();
        assert!(usual.is_current() && name.exists());
        assert!(!there.is_current() && !place.file(&name).exists());
        assert!(matches!(options().open(&name), Err(Error::NotFound { .. })));
        let anew = options().open_or_create(&name, &Board::with(5)).unwrap();
        assert_eq!((anew.count.read(), usual.count.read()), (5, 1));
        drop((usual, there, same, reader, opened));
        assert!(!name.exists() && place.file(&name).exists());
    });
}

/// An actor that starts before its trainer has made the directory of the run waits for that too.
#[test]
fn an_open_that_waits_waits_for_the_directory() {
    place::in_each(TARGET, |place| {
        let name = Name::new("later");
        let directory = place.path().join(format!("{name}.later"));
        let options = || Board::options().dir(&directory);
        let missing = options().open(&name);
        assert!(matches!(missing, Err(Error::Io { .. })), "{missing:?}");
        thread::scope(|scope| {
            let (told, tells) = mpsc::channel();
            let (options, name) = (&options, &name);
            let opener = scope.spawn(move || {
                told.send(rustix::thread::gettid()).unwrap();
                options().wait(PATIENCE).open(name).map(|board| board.count.read())
            });
            let thread = tells.recv().unwrap().as_raw_nonzero();
            let stat = format!("/proc/self/task/{thread}/stat");
            until("the opener sleeps between two looks", || {
                opener.is_finished()
                    || fs::read_to_string(&stat).is_ok_and(|it| it.contains(") S "))
            });
            fs::create_dir(&directory).unwrap();
            let board = options().create(name, &Board::with(7)).unwrap();
            assert_eq!(opener.join().unwrap().unwrap(), 7);
            drop(board);
        });
        fs::remove_dir(&directory).unwrap();
    });
}

/// Processes that create one region at once would each get their own.
#[test]
fn processes_that_meet_share_one_region() {
    place::in_each(TARGET, |place| {
        for round in 0..20 {
            let name = format!("births-{round}");
            let mut peers: Vec<Child> = (0..4).map(|_| peer_in(place)).collect();
            peers.iter_mut().for_each(|peer| peer.tell(&format!("open-or-create {name} 0")));
            peers.iter_mut().for_each(|peer| peer.expect("ok"));
            peers.iter_mut().for_each(|peer| peer.tell("add 1"));
            peers.iter_mut().for_each(|peer| peer.expect("ok"));
            assert_eq!(peers[0].ask("read"), "4", "round {round}");
            peers.iter_mut().for_each(|peer| peer.tell("close"));
            peers.iter_mut().for_each(|peer| peer.expect("ok"));
            assert_eq!(place.files(), [""; 0], "round {round}");
        }
    });
}

/// A region goes with its last user, stays if that is killed, and then is opened, replaced or removed.
#[test]
fn a_region_ends_as_in_dev_shm() {
    place::in_each(TARGET, |place| {
        let mut first = peer_that(place, "create some 7");
        let mut last = peer_that(place, "open some");
        first.order("close");
        assert!(place.file("some").exists());
        last.order("close");
        assert_eq!(place.files(), [""; 0]);

        peer_that(place, "create some 7").kill();
        assert!(place.file("some").exists());
        let mut heir = peer_that(place, "open some");
        assert_eq!(heir.ask("read"), "7");
        heir.kill();
        let mut next = peer_that(place, "create some 8");
        assert_eq!(next.ask("read"), "8");
        let refused = peer_in(place).ask("create some 9");
        assert!(refused.starts_with("error AlreadyExists"), "{refused}");
        next.kill();
        assert!(inspect::remove_dead_in(place.path(), "some").unwrap());
        assert_eq!(place.files(), [""; 0]);

        peer_that(place, "create-persistent some 7").order("close");
        let mut next = peer_that(place, "open some");
        assert_eq!(next.ask("read"), "7");
        assert!(!inspect::remove_dead_in(place.path(), "some").unwrap());
        inspect::unlink_in(place.path(), "some").unwrap();
        assert_eq!(next.ask("current"), "false");
        assert!(next.ask("wait 1000").starts_with("since"));
        let retired = next.line();
        assert!(retired.starts_with("error Retired"), "{retired}");
    });
}

/// The holder of a semaphore is killed: the locks that show its life are those of another file system.
#[test]
fn a_killed_holder_is_replaced_and_a_living_one_is_not() {
    place::in_each(TARGET, |place| {
        let mut holder = peer_that(place, "create some 7");
        assert_eq!(holder.ask("hold"), "holding");
        let mut writer = peer_that(place, "open some");
        let answer = writer.ask("try-add 1");
        assert!(answer.starts_with("error WouldBlock"), "{answer}");
        writer.tell("add 1");
        holder.kill();
        writer.expect("ok");
        assert_eq!(writer.ask("read"), "8");
        writer.order("close");
    });
}

/// Transactions are seen whole.
#[test]
fn a_transaction_is_one_instant() {
    place::in_each(TARGET, |place| {
        let mut writer = peer_that(place, "create some 0");
        let reader = Board::options().dir(place.path()).open_read_only("some").unwrap();
        for n in 1..200_u64 {
            writer.tell(&format!("transaction {n}"));
            let seen = reader.snapshot();
            assert!(seen.count == seen.later && seen.later == seen.row[1023], "{}", seen.count);
            writer.expect("ok");
        }
        writer.order("close");
    });
}

/// A look at another directory.
#[test]
fn tools_see_what_lies_there() {
    place::in_each(TARGET, |place| {
        let path = place.path();
        let mut peer = peer_that(place, "create-persistent some 7");
        fs::write(place.file("none"), "not a region").unwrap();
        let all = inspect::look_at_all_in(path, Whose::Own).unwrap();
        let [(none, Look::NotARegion(error)), (some, Look::Region(view))] = &all[..] else {
            panic!("{all:?}")
        };
        assert_eq!((none.as_str(), some.as_str()), ("none", "some"));
        assert!(error.to_string().contains(place.file("none").to_str().unwrap()), "{error}");
        assert!(view.is_attached().unwrap() && view.is_current());
        assert_eq!(view.path(), place.file("some"));
        assert!(matches!(Look::at_in(path, "other", Whose::Own), Look::Absent(_)));
        let census = inspect::Census::take();
        let view = inspect::View::open_in(path, "some", Whose::Own).unwrap();
        let attached = census.attached(&view).unwrap();
        assert_eq!(attached.attachments, Some(1));
        assert_eq!(attached.processes[0].pid, peer.pid());
        let writer = untyped::options().dir(path).open("some", None).unwrap();
        writer.field("count").unwrap().write(&8_u64.to_ne_bytes(), untyped::Wait::Forever).unwrap();
        assert_eq!(peer.ask("read"), "8");
        // A creation that died: longer than one byte, and not locked.
        let unfinished = path.join(format!("shma-tmp.{:032x}", 7));
        fs::write(&unfinished, [0; 5000]).unwrap();
        let abandoned = inspect::abandoned_in(path).unwrap();
        assert_eq!(abandoned.len(), 1);
        assert_eq!(abandoned[0].path(), unfinished);
        // Any creation there sweeps it.
        drop(Board::options().dir(path).create("other", &Board::zeroed()).unwrap());
        assert!(!unfinished.exists());
        fs::remove_file(place.file("none")).unwrap();
        peer.order("unlink some");
    });
}

/// The process goes to another directory: a relative path meant the one of before.
#[test]
fn a_handle_keeps_its_directory() {
    place::in_each(TARGET, |place| {
        let mut peer = child!("talk");
        peer.order(&format!("go-to {}", place.path().parent().unwrap().display()));
        peer.order(&format!("dir {}", place.path().file_name().unwrap().to_str().unwrap()));
        peer.order("create some 7");
        peer.order("go-to /");
        assert_eq!(peer.ask("current"), "true");
        assert!(place.file("some").exists());
        peer.order("close");
        assert_eq!(place.files(), [""; 0]);
    });
}

/// Another user could remove the region, and put another one of this user's in its place.
#[test]
fn a_directory_of_several_users_has_to_be_sticky() {
    place::in_each(TARGET, |place| {
        let calls = [
            "create other 1",
            "open some",
            "open-or-create some 1",
            "open-read-only some",
            "unlink some",
            "remove-dead some",
        ];
        for (mode, refused) in [
            (0o777, true),
            (0o770, true),
            (0o707, true),
            (0o702, true),
            (0o1777, false),
            (0o1770, false),
            (0o755, false),
            (0o2755, false),
        ] {
            place.set_mode(0o700);
            let mut first = peer_that(place, "create-persistent some 1");
            place.set_mode(mode);
            for call in calls {
                let answer = peer_in(place).ask(call);
                let says = answer.starts_with("error Io: ")
                    && ["sticky", "chmod +t", place.text()].iter().all(|it| answer.contains(it));
                assert_eq!(says, refused, "{mode:o}, {call}: {answer}");
                if call == "unlink some" && !refused {
                    first.order("create-persistent some 1");
                }
            }
            // To look does no harm.
            assert_eq!(inspect::names_in(place.path()).unwrap().last().unwrap(), "some");
            inspect::View::open_in(place.path(), "some", Whose::Own).unwrap();
            // What is attached can leave.
            first.order("close");
            place.set_mode(0o700);
            for name in inspect::names_in(place.path()).unwrap() {
                inspect::unlink_in(place.path(), &name).unwrap();
            }
        }
    });
}

/// The messages would send their reader to `/dev/shm`.
#[test]
fn messages_name_the_place() {
    place::in_each(TARGET, |place| {
        let text = |error: &Error| {
            let text = error.to_string();
            assert!(text.contains(place.text()), "{text}");
            let rest = text.replace(place.text(), "");
            assert!(!rest.contains("/dev/shm"), "{text}");
            text
        };
        let options = || Board::options().dir(place.path());
        text(&options().open("some").unwrap_err());
        text(&options().unlink("some").unwrap_err());
        fs::write(place.file("none"), [7; 5000]).unwrap();
        text(&options().open("none").unwrap_err());
        text(&options().create("none", &Board::zeroed()).unwrap_err());
        fs::remove_file(place.file("none")).unwrap();

        drop(
            other::Board::options()
                .dir(place.path())
                .persistent(true)
                .create("layout", &other::Board { count: 1 }),
        );
        let layout = text(&options().open("layout").unwrap_err());
        assert!(layout.contains(&format!("shma --dir {} rm layout", place.text())), "{layout}");
        inspect::unlink_in(place.path(), "layout").unwrap();

        for (missing, says) in [("missing", "No such file"), ("file", "Not a directory")] {
            let path = place.path().join(missing);
            if missing == "file" {
                fs::write(&path, "").unwrap();
            }
            let within = || Board::options().dir(&path);
            let errors = [
                within().create("some", &Board::zeroed()).unwrap_err(),
                within().open_or_create("some", &Board::zeroed()).unwrap_err(),
                within().open("some").unwrap_err(),
                within().open_read_only("some").unwrap_err(),
                within().unlink("some").unwrap_err(),
                inspect::names_in(&path).unwrap_err(),
                inspect::remove_dead_in(&path, "some").unwrap_err(),
            ];
            for error in errors {
                let text = text(&error);
                assert!(matches!(error, Error::Io { .. }) && text.contains(says), "{text}");
            }
        }
        fs::remove_file(place.path().join("file")).unwrap();
    });
}

mod other {
    #[derive(shma_core::ShmState)]
    pub struct Board {
        pub count: u32,
    }
}

/// A path is no text, and may hold what disturbs a terminal.
#[test]
fn a_path_of_any_bytes_is_a_place() {
    use std::os::unix::ffi::OsStrExt;
    place::in_each(TARGET, |place| {
        let odd = place.path().join(std::ffi::OsStr::from_bytes(b"\x1b[31m \xff\n"));
        fs::create_dir(&odd).unwrap();
        let options = || Board::options().dir(&odd);
        let text = options().open("some").unwrap_err().to_string();
        assert!(!text.contains('\x1b') && !text.contains('\n') && text.contains("u{1b}"), "{text}");
        let board = options().create("some", &Board::with(7)).unwrap();
        assert_eq!(options().open("some").unwrap().count.read(), 7);
        drop(board);
        fs::remove_dir(&odd).unwrap();
    });
    let empty = Board::options().dir("").create("some", &Board::zeroed()).unwrap_err();
    assert!(matches!(empty, Error::Io { .. }), "{empty}");
}

/// The commands in backticks of a message.
fn commands(text: &str) -> Vec<String> {
    let commands = text.split('`').skip(1).step_by(2);
    commands
        .filter(|it| it.starts_with("shma ") || it.contains("mkdir"))
        .map(str::to_owned)
        .collect()
}

/// What a shell makes of a command.
fn words(command: &str) -> Option<Vec<Vec<u8>>> {
    let script = format!("printf '%s\\0' {command}");
    let said = std::process::Command::new("bash").args(["-c", &script]).output().ok()?;
    assert!(said.status.success(), "{command}");
    let words = said.stdout.strip_suffix(b"\0").unwrap().split(|byte| *byte == 0);
    Some(words.map(<[u8]>::to_vec).collect())
}

/// A command of a message was typed as it stood, and the shell took it apart at a blank.
#[test]
fn commands_in_messages_can_be_run_as_they_stand() {
    use std::os::unix::ffi::{OsStrExt, OsStringExt};
    place::in_each(TARGET, |place| {
        let odd: [&[u8]; 5] = [
            b"plain",
            b"two words",
            b"it's $HOME & $(id) \"x\"",
            b"\xff\n\\ '",
            "\u{e9}(1)".as_bytes(),
        ];
        for odd in odd {
            let directory = place.path().join(std::ffi::OsStr::from_bytes(odd));
            let missing = Board::options().dir(&directory).open("some").unwrap_err().to_string();
            fs::create_dir(&directory).unwrap();
            let options = || Board::options().dir(&directory);
            let mut told = vec![(commands(&missing), vec!["mkdir"])];
            // A name that begins with a dash is an option to a command.
            for name in ["some", "-some"] {
                let kept = other::Board::options().dir(&directory).persistent(true);
                let board = kept.create(name, &other::Board { count: 1 }).unwrap();
                let end = if name == "some" { vec!["some"] } else { vec!["--", "-some"] };
                let attached = options().open(name).unwrap_err().to_string();
                told.push((commands(&attached), [&["shma", "--dir", "info"], &end[..]].concat()));
                let exists = options().create(name, &Board::zeroed()).unwrap_err().to_string();
                told.push((commands(&exists), [&["shma", "--dir", "info"], &end[..]].concat()));
                drop(board);
                let idle = options().open(name).unwrap_err().to_string();
                told.push((commands(&idle), [&["shma", "--dir", "rm"], &end[..]].concat()));
                options().unlink(name).unwrap();
            }
            for (commands, expected) in told {
                let [command] = &commands[..] else { panic!("{commands:?} for {expected:?}") };
                assert!(!command.contains(char::is_control), "{command:?}");
                let Some(mut words) = words(command) else {
                    return shma_tests::skip::skip("there is no bash");
                };
                let at = words.iter().position(|word| *word == directory.as_os_str().as_bytes());
                words.remove(at.unwrap_or_else(|| panic!("{command} does not name {directory:?}")));
                let words: Vec<_> = words.into_iter().map(std::ffi::OsString::from_vec).collect();
                assert_eq!(words, expected, "{command}");
            }
            fs::remove_dir(&directory).unwrap();
        }
    });
}

/// Without room there, and with enough in `/dev/shm`.
#[test]
fn room_is_looked_for_in_the_place() {
    watched(|| {
        place::on_a_tmpfs(TARGET, "24k", |place| {
            let refused = Board::options().dir(place.path()).create("some", &Board::zeroed());
            let Err(error @ Error::NoSpace { .. }) = refused else { panic!("{refused:?}") };
            let text = error.to_string();
            assert!(text.contains(&format!("but {} has only", place.text())), "{text}");
            assert!(text.contains(&format!("shma --dir {} clean", place.text())), "{text}");
            assert_eq!(place.files(), [""; 0]);
        });
    });
}

/// On overlayfs mappings keep no locks. The self-test says so, and where to go.
#[test]
fn a_file_system_without_lasting_locks_is_refused() {
    watched(|| {
        let mut peer = child!("overlay-shm");
        let said = peer.line();
        if said != "ok" {
            return shma_tests::skip::skip(&format!("mounting an overlay is {said}"));
        }
        let place = Path::new("/dev/shm/folder");
        peer.order(&format!("make-folder {}", place.display()));
        peer.order(&format!("dir {}", place.display()));
        let answer = peer.ask("create some 1");
        for part in ["self-test of F_OFD_SETLK", "in /dev/shm/folder", "tmpfs, ext4 or xfs"] {
            assert!(answer.contains(part), "{answer}");
        }
    });
}
