//! Things that have a region's name and are none.

use std::fs;
use std::os::unix::fs::{FileTypeExt, symlink};
use std::os::unix::net::UnixListener;

use shma_core::{Error, ShmState};
use shma_tests::refusal::{calls, is_refused};
use shma_tests::region::Name;
use shma_tests::states::Board;
use shma_tests::watchdog::watched;

/// A link leads wherever its maker wants, which may be a region of ours.
#[test]
fn no_link_is_followed() {
    watched(|| {
        let target = Name::new("target");
        let board = Board::create(&target, &Board::with(7)).unwrap();
        for leads_to in [target.path(), "/nowhere/at/all".into(), "/etc/passwd".into()] {
            let name = Name::new("link");
            symlink(&leads_to, name.path()).unwrap();
            is_refused(&name, "symbolic link");
            assert_eq!(fs::read_link(name.path()).unwrap(), leads_to);
        }
        assert_eq!(board.count.read(), 7);
        assert!(board.is_current());
    });
}

/// Opening a FIFO waits for the other end, which never comes.
#[test]
fn no_call_waits_for_a_fifo() {
    watched(|| {
        let name = Name::new("fifo");
        let made = std::process::Command::new("mkfifo").arg(name.path()).status().unwrap();
        assert!(made.success());
        is_refused(&name, "regular file");
        assert!(name.path().metadata().unwrap().file_type().is_fifo());
    });
}

/// What else a name can stand for.
#[test]
fn directories_and_sockets_are_refused() {
    watched(|| {
        let name = Name::new("directory");
        fs::create_dir(name.path()).unwrap();
        is_refused(&name, "director");
        assert!(name.path().is_dir());
        let name = Name::new("socket");
        let _listener = UnixListener::bind(name.path()).unwrap();
        is_refused(&name, "socket");
        assert!(name.path().metadata().unwrap().file_type().is_socket());
    });
}

/// Names that would lead out of the directory, or clash with other files.
#[test]
fn names_that_lead_elsewhere_are_refused() {
    watched(|| {
        let long = "x".repeat(201);
        for name in
            ["", ".", "..", ".hidden", "a/b", "../up", "/absolute", "null\0", "gap in", "ü", &long]
        {
            for (call, result) in calls(name) {
                let Err(error @ Error::InvalidName { .. }) = &result else {
                    panic!("{call} `{name}`: {result:?}")
                };
                assert!(error.to_string().contains("cannot name a region"), "{error}");
            }
        }
        let just_fits = Name::of_length(200);
        let _board = Board::create(&just_fits, &Board::with(3)).unwrap();
        assert_eq!(Board::open(&just_fits).unwrap().count.read(), 3);
    });
}
