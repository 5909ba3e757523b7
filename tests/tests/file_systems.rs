//! A `/dev/shm` that is no tmpfs.

use std::process::Command;

use shma_tests::child::Child;
use shma_tests::peer;
use shma_tests::skip::skip;
use shma_tests::switched;
use shma_tests::watchdog::watched;

/// Whether the peer has its `/dev/shm`.
fn is_ready(peer: &mut Child) -> bool {
    let said = peer.line();
    if said != "ok" {
        skip(&format!("mounting an overlay is {said}"));
    }
    said == "ok"
}

/// On overlayfs a mapping does not keep the locks of the descriptor it was made from, so each owner
/// would look dead, and be robbed in its closure.
#[test]
fn owners_look_dead_where_mappings_keep_no_locks() {
    watched(|| {
        let mut peer = peer!("overlay-shm");
        if !is_ready(&mut peer) {
            return;
        }
        for call in ["create some 1", "open-or-create some 1", "create-persistent some 1"] {
            let answer = peer.ask(call);
            assert!(answer.starts_with("error Io: region `some`"), "{answer}");
            for part in ["self-test of F_OFD_SETLK", "overlayfs", "mount a tmpfs at /dev/shm"] {
                assert!(answer.contains(part), "{answer}");
            }
            assert_eq!(peer.ask("files"), "files ");
        }
    });
}

/// Nothing but the self-test says no there.
#[test]
fn owners_look_alive_to_whoever_does_not_test() {
    let program = switched::faulty("peer");
    watched(move || {
        let mut peer = Command::new(program);
        let peer = peer.arg("overlay-shm").env("SHMA_MUTANT", "token-untested");
        let mut peer = Child::start_command(peer);
        if is_ready(&mut peer) {
            peer.order("create some 1");
            assert_eq!(peer.ask("files"), "files shma.some");
        }
    });
}
