//! A `/dev/shm` without room. A small one is mounted where no other process sees it.

use shma_tests::child;
use shma_tests::child::Child;
use shma_tests::region::Name;
use shma_tests::skip::skip;
use shma_tests::watchdog::watched;

/// A child with a `/dev/shm` of this size, with room for so many files.
fn child_with(bytes: &str, files: &str) -> Option<Child> {
    let mut child = child!("small-shm", bytes, files);
    match child.line().as_str() {
        "ok" => Some(child),
        refused => {
            skip(&format!("mounting a small /dev/shm is {refused}"));
            None
        }
    }
}

/// The two numbers of a `NoSpace`: needed and free.
#[track_caller]
fn no_space(answer: &str) -> (u64, u64) {
    let text = answer.strip_prefix("error NoSpace: ").unwrap_or_else(|| panic!("{answer}"));
    assert!(text.contains("--shm-size"), "{text}");
    let numbers: Vec<u64> = text.split(' ').filter_map(|word| word.parse().ok()).collect();
    let [needed, free] = numbers[..] else { panic!("{text}") };
    (needed, free)
}

/// The file can be made as long as one likes; its pages are not there. A process that finds out by
/// writing is ended by SIGBUS, and what was begun stays behind and takes the last of the room.
#[test]
fn a_region_that_does_not_fit_is_an_error() {
    watched(|| {
        let Some(mut child) = child_with("28k", "100") else { return };
        for call in ["create large 1", "open-or-create large 1", "create-persistent large 1"] {
            let (needed, free) = no_space(&child.ask(call));
            assert!(needed > 4 * 8192 && free <= 28 << 10 && free < needed, "{needed} {free}");
            assert_eq!(child.ask("files"), "files ");
        }
    });
}

/// The second of two does not fit: the first goes on, and makes room when it goes.
#[test]
fn a_region_that_does_not_fit_harms_no_other() {
    watched(|| {
        let Some(mut child) = child_with("64k", "100") else { return };
        child.order("create first 1");
        child.order("add 1");
        // The handle to the first stays, since the second never comes to be.
        let (needed, free) = no_space(&child.ask("create second 1"));
        assert!(free < needed, "{needed} {free}");
        assert_eq!(child.ask("files"), "files shma.first");
        child.order("row-write 7");
        child.order("add 1");
        assert_eq!((child.ask("read"), child.ask("read-row")), ("3".into(), "7".into()));
        child.order("close");
        child.order("create second 1");
        assert_eq!(child.ask("files"), "files shma.second");
    });
}

/// There is room for bytes, but not for one more file.
#[test]
fn no_room_for_a_file_is_no_space() {
    watched(|| {
        // The directory itself takes one.
        let Some(mut child) = child_with("1m", "1") else { return };
        no_space(&child.ask("create any 1"));
        assert_eq!(child.ask("files"), "files ");
    });
}

/// There is room, but this process may make no file so long. To ask the kernel for one ends it, by
/// a signal, and leaves a temporary file.
#[test]
fn a_limit_of_file_sizes_is_an_error_of_creation() {
    watched(|| {
        let Some(mut first) = child_with("1m", "100") else { return };
        first.order("create any 1");
        let bytes: u64 = first.ask("size any").parse().unwrap();
        first.order("close");
        for limit in [0, 1, 4096, bytes - 1] {
            let Some(mut child) = child_with("1m", "100") else { return };
            child.order(&format!("limit-files {limit}"));
            for call in ["create any 1", "open-or-create any 1", "create-persistent any 1"] {
                let answer = child.ask(call);
                assert!(answer.starts_with("error Io: "), "{limit}: {answer}");
                for part in ["`any`", "File too large", "RLIMIT_FSIZE", "ulimit -f"] {
                    assert!(answer.contains(part), "{limit}: {answer}");
                }
                assert_eq!(child.ask("files"), "files ", "{limit}");
            }
        }
        let Some(mut child) = child_with("1m", "100") else { return };
        child.order(&format!("limit-files {bytes}"));
        child.order("create any 1");
    });
}

/// Who may make no file at all can use and remove the regions that there are, and their other users
/// learn of it.
#[test]
fn a_limit_of_file_sizes_stops_no_removal() {
    watched(|| {
        let name = Name::new("limited");
        let mut user = child!("talk");
        user.order(&format!("create {name} 1"));
        let mut child = child!("talk");
        child.order("limit-files 0");
        child.order(&format!("open {name}"));
        child.order("add 1");
        child.order("row-update 7");
        child.order("transaction 3");
        user.tell("wait 3600000");
        user.expect("since 3");
        child.order(&format!("unlink {name}"));
        assert!(user.line().starts_with("error Retired"));
        assert_eq!(user.ask("current"), "false");
        child.order("close");

        // The one that is left dead, and the last one's own.
        user.order(&format!("create {name} 1"));
        user.kill();
        assert_eq!(child.ask(&format!("remove-dead {name}")), "true");
        let mut user = child!("talk");
        user.order(&format!("create {name} 1"));
        child.order(&format!("open {name}"));
        user.order("close");
        child.order("close");
        assert!(!name.exists());
    });
}

/// The kernel gives memory that it does not have, and ends a process when it is used: most likely
/// the one that reserves it.
#[test]
fn no_more_memory_is_reserved_than_there_is() {
    watched(|| {
        for (little, much, whose) in [
            ("machine 3000 500", "machine 3000 9000", "machine"),
            ("group-1 5000000 1500000 400000", "group-1 9000000 9000000 8000000", "control group"),
            ("group-2 5000000 1500000 400000", "group-2 9000000 9000000 8000000", "control group"),
        ] {
            let mut child = child!("low-memory");
            match child.line().as_str() {
                "ok" => {}
                refused => return skip(&format!("mounting is {refused}")),
            }
            child.order("machine 9000 0");
            child.order("create any");
            child.order(little);
            let answer = child.ask("create any");
            assert!(answer.starts_with("error NoSpace: "), "{little}: {answer}");
            assert!(answer.contains(whose), "{little}: {answer}");
            assert_eq!(child.ask("left"), "0");
            child.order(much);
            child.order("create any");
            assert_eq!(child.ask("left"), "0");
        }
    });
}
