//! A `/dev/shm` without room. A small one is mounted where nobody else sees it.

use shma_tests::child::Child;
use shma_tests::peer;
use shma_tests::region::Name;
use shma_tests::skip::skip;
use shma_tests::watchdog::watched;

/// A peer with a `/dev/shm` of this size, with room for so many files.
fn peer_with(bytes: &str, files: &str) -> Option<Child> {
    let mut peer = peer!("small-shm", bytes, files);
    match peer.line().as_str() {
        "ok" => Some(peer),
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

/// The file can be made as long as anybody likes; its pages are not there. Who finds out by writing
/// is ended by SIGBUS, and what was begun stays behind and takes the last of the room.
#[test]
fn a_region_that_does_not_fit_ends_its_creator_or_stays() {
    watched(|| {
        let Some(mut peer) = peer_with("28k", "100") else { return };
        for call in ["create large 1", "open-or-create large 1", "create-persistent large 1"] {
            let (needed, free) = no_space(&peer.ask(call));
            assert!(needed > 4 * 8192 && free <= 28 << 10 && free < needed, "{needed} {free}");
            assert_eq!(peer.ask("files"), "files ");
        }
    });
}

/// The second of two does not fit: the first goes on, and makes room when it goes.
#[test]
fn a_region_that_does_not_fit_harms_another() {
    watched(|| {
        let Some(mut peer) = peer_with("64k", "100") else { return };
        peer.order("create first 1");
        peer.order("add 1");
        // The handle to the first stays, since the second never comes to be.
        let (needed, free) = no_space(&peer.ask("create second 1"));
        assert!(free < needed, "{needed} {free}");
        assert_eq!(peer.ask("files"), "files shma.first");
        peer.order("row-write 7");
        peer.order("add 1");
        assert_eq!((peer.ask("read"), peer.ask("read-row")), ("3".into(), "7".into()));
        peer.order("close");
        peer.order("create second 1");
        assert_eq!(peer.ask("files"), "files shma.second");
    });
}

/// There is room for bytes, but not for one more file.
#[test]
fn a_directory_without_room_for_a_file_is_some_other_error() {
    watched(|| {
        // The directory itself takes one.
        let Some(mut peer) = peer_with("1m", "1") else { return };
        no_space(&peer.ask("create any 1"));
        assert_eq!(peer.ask("files"), "files ");
    });
}

/// There is room, but not for this process.
#[test]
fn a_limit_of_the_process_is_a_want_of_room() {
    watched(|| {
        let name = Name::new("limited");
        let mut peer = peer!("talk");
        peer.order("limit-files 4096");
        let answer = peer.ask(&format!("create {name} 1"));
        assert!(answer.starts_with("error Io: "), "{answer}");
        assert!(answer.contains(&*name) && answer.contains("File too large"), "{answer}");
        assert!(!name.exists());
    });
}
