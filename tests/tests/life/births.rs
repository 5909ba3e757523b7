//! Many processes that want one region at once.

use std::fs::{self, File};
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use shma_core::{Error, ShmState};
use shma_tests::child;
use shma_tests::child::Child;
use shma_tests::place::Place;
use shma_tests::region::{DIRECTORY, Name, files};
use shma_tests::sizes;
use shma_tests::states::Board;
use shma_tests::watchdog::{until, watched};

fn children() -> Vec<Child> {
    (0..16).map(|_| child!("talk")).collect()
}

/// Tells all at once, and collects what they answer.
fn ask_all(children: &mut [Child], line: &str) -> Vec<String> {
    children.iter_mut().for_each(|child| child.tell(line));
    children.iter_mut().map(Child::line).collect()
}

#[track_caller]
fn order_all(children: &mut [Child], line: &str) {
    let answers = ask_all(children, line);
    assert!(answers.iter().all(|answer| answer == "ok"), "{line}: {answers:?}");
}

/// Each believes to be the first, makes a region of its own, and adds to that. Or the first one has
/// left before the last one comes, with what that one had just opened.
#[test]
fn a_race_makes_one_region() {
    watched(|| {
        let mut children = children();
        for round in 0..40 {
            let name = Name::new("race");
            order_all(&mut children, &format!("open-or-create {name} 100"));
            order_all(&mut children, "add 1");
            assert_eq!(ask_all(&mut children, "read"), vec!["116"; 16], "round {round}");
            assert_eq!(ask_all(&mut children, "current"), vec!["true"; 16], "round {round}");
            order_all(&mut children, "close");
            assert!(!name.exists(), "the last one out of round {round} left it behind");
        }
    });
}

/// Files of regions that have no name yet, whichever process makes them.
fn unfinished() -> Vec<String> {
    files().into_iter().filter(|file| file.starts_with("shma-tmp.")).collect()
}

/// Who creates wants to be the only one: all others must hear of it, and clear away what they
/// have made in vain.
#[test]
fn a_race_of_creators_has_one_winner() {
    watched(|| {
        let mut children = children();
        let before = unfinished();
        for _ in 0..20 {
            let name = Name::new("winner");
            let answers = ask_all(&mut children, &format!("create {name} 1"));
            let won = answers.iter().filter(|answer| *answer == "ok").count();
            let lost = answers.iter().filter(|a| a.starts_with("error AlreadyExists")).count();
            assert_eq!((won, lost), (1, 15), "{answers:?}");
            order_all(&mut children, "close");
            assert!(!name.exists());
        }
        until("no unfinished region is left", || {
            unfinished().iter().all(|file| before.contains(file))
        });
    });
}

/// All were killed, and sixteen come to replace what they left: one of them does.
#[test]
fn a_race_for_a_dead_region_has_one_winner() {
    watched(|| {
        let mut children = children();
        for round in 0..20 {
            let name = Name::new("dead");
            let mut dead = child!("talk");
            dead.order(&format!("create {name} 1000"));
            dead.kill();
            assert!(name.exists());
            // Either half of them comes for the values, or none.
            let (creators, openers) = children.split_at_mut(if round % 2 == 0 { 16 } else { 8 });
            creators.iter_mut().for_each(|child| child.tell(&format!("create {name} 1")));
            openers.iter_mut().for_each(|child| child.tell(&format!("open {name}")));
            let created: Vec<String> = creators.iter_mut().map(Child::line).collect();
            let opened: Vec<String> = openers.iter_mut().map(Child::line).collect();
            assert!(opened.iter().all(|answer| answer == "ok"), "{opened:?}");
            let won: Vec<usize> = (0..creators.len()).filter(|i| created[*i] == "ok").collect();
            let lost = created.iter().filter(|a| a.starts_with("error AlreadyExists")).count();
            assert_eq!(won.len() + lost, creators.len(), "{created:?}");
            assert!(won.len() <= 1, "{created:?}");
            assert!(won.len() == 1 || !openers.is_empty(), "{created:?}");
            let expected = if won.is_empty() { "1000" } else { "1" };
            for opener in openers.iter_mut() {
                assert_eq!(opener.ask("current"), "true");
                assert_eq!(opener.ask("read"), expected);
            }
            order_all(&mut children, "close");
            assert!(!name.exists());
        }
    });
}

/// Some create, some remove, some leave, all at once and without any order. Whatever the outcome
/// of a call is, it is one that the call may have, nothing hangs, and nothing is left.
#[test]
fn attaching_and_detaching_at_once_leaves_nothing() {
    watched(|| {
        let mut children = children();
        let name = Name::new("mess");
        let calls = ["open-or-create NAME 1", "close", "unlink NAME", "create NAME 2", "open NAME"];
        for round in 0..60 {
            for (i, child) in children.iter_mut().enumerate() {
                let call = calls[(round * 7 + i * (round + 3)) % calls.len()];
                child.tell(&call.replace("NAME", &name));
            }
            for child in &mut children {
                let answer = child.line();
                let may_be = ["ok", "error NotFound", "error AlreadyExists"];
                assert!(may_be.iter().any(|start| answer.starts_with(start)), "{answer}");
            }
        }
        order_all(&mut children, "close");
        assert!(!name.exists());
    });
}

/// Between two system calls a name may go, come back, and be another file's.
#[test]
fn a_name_that_comes_and_goes_is_there_or_is_not_found() {
    watched(|| {
        let opens = sizes::either(5_000, 200_000);
        let (name, aside) = (Name::new("flickers"), Name::new("aside"));
        let _kept = Board::create(&name, &Board::with(1)).unwrap();
        let is_over = AtomicBool::new(false);
        thread::scope(|scope| {
            let flickers = scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    fs::rename(name.path(), aside.path()).unwrap();
                    fs::rename(aside.path(), name.path()).unwrap();
                }
            });
            let (mut there, mut missing, mut others) = (0, 0, Vec::new());
            while (there + missing < opens || there == 0 || missing == 0) && others.is_empty() {
                match Board::open(&name) {
                    Ok(_) => there += 1,
                    Err(Error::NotFound { .. }) => missing += 1,
                    Err(error) => others.push(error),
                }
            }
            is_over.store(true, Ordering::Relaxed);
            flickers.join().unwrap();
            assert!(others.is_empty(), "{there} {missing} {others:?}");
        });
    });
}

/// One set of options for several regions; a state need not be copied for that.
#[test]
fn options_serve_for_several_regions() {
    watched(|| {
        let options = Board::options().mode(0o640).persistent(false);
        assert!(format!("{options:?}").contains("persistent: false"), "{options:?}");
        for _ in 0..2 {
            let name = Name::new("options");
            options.clone().create(&name, &Board::with(1)).unwrap();
        }
    });
}

/// What opens a directory.
struct Opened(OwnedFd);

impl Opened {
    fn watch(directory: &Path) -> Self {
        let events = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK).unwrap();
        inotify::add_watch(&events, directory, WatchFlags::OPEN).unwrap();
        Self(events)
    }

    /// How often it was opened since this was last asked; files in it do not count.
    fn count(&self) -> usize {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut events = inotify::Reader::new(&self.0, &mut buffer);
        let mut count = 0;
        while let Ok(event) = events.next() {
            count += usize::from(event.events().contains(ReadFlags::ISDIR));
        }
        count
    }
}

/// To look through a directory of many names takes several times as long as all the rest of a creation.
/// One process that creates many regions there does it now and then, and still finds what is left.
#[test]
fn creations_beside_many_names_seldom_look_through_them() {
    const CREATIONS: usize = 50;
    watched(|| {
        let place = Place::below(Path::new(DIRECTORY));
        let path = place.path();
        let others: Vec<_> = (0..30_000).map(|n| path.join(format!("other-{n}"))).collect();
        others.iter().for_each(|other| drop(File::create(other).unwrap()));
        let create = || drop(Board::options().dir(path).create("some", &Board::zeroed()).unwrap());
        let opened = Opened::watch(path);
        let left = || {
            let left = path.join(format!("shma-tmp.{:032x}", 7));
            fs::write(&left, [0; 5000]).unwrap();
            left
        };
        let first = left();
        create();
        assert_eq!(opened.count(), 1, "the first creation of a process looks");
        assert!(!first.exists());
        (0..CREATIONS).for_each(|_| create());
        assert!(opened.count() < CREATIONS, "each has looked");
        let second = left();
        while second.exists() {
            create();
        }
        others.iter().for_each(|other| fs::remove_file(other).unwrap());
    });
}
