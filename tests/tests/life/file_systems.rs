//! A `/dev/shm` that is no tmpfs.

use std::process::Command;

use shma_tests::child;
use shma_tests::child::Child;
use shma_tests::skip::skip;
use shma_tests::switched;
use shma_tests::watchdog::watched;

/// Whether the child has its `/dev/shm`.
fn is_ready(child: &mut Child) -> bool {
    let said = child.line();
    if said != "ok" {
        skip(&format!("mounting an overlay is {said}"));
    }
    said == "ok"
}

/// On overlayfs a mapping does not keep the locks of the descriptor it was made from, so each owner
/// would look dead, and be robbed in its closure.
#[test]
fn creation_is_refused_where_mappings_keep_no_locks() {
    watched(|| {
        let mut child = child!("overlay-shm");
        if !is_ready(&mut child) {
            return;
        }
        for call in ["create some 1", "open-or-create some 1", "create-persistent some 1"] {
            let answer = child.ask(call);
            assert!(answer.starts_with("error Io: region `some`"), "{answer}");
            for part in ["self-test of F_OFD_SETLK", "overlayfs", "mount a tmpfs at /dev/shm"] {
                assert!(answer.contains(part), "{answer}");
            }
            assert_eq!(child.ask("files"), "files ");
        }
    });
}

/// Nothing but the self-test says no there.
#[test]
fn only_the_self_test_refuses_such_a_file_system() {
    let program = switched::program("child");
    watched(move || {
        let mut child = Command::new(program);
        let child = child.arg("overlay-shm").env("SHMA_MUTANT", "token-untested");
        let mut child = Child::start_command(child);
        if is_ready(&mut child) {
            child.order("create some 1");
            assert_eq!(child.ask("files"), "files shma.some");
        }
    });
}
