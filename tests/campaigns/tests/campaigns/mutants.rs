//! A campaign that cannot fail shows nothing: each is run against a library with faults, and has to
//! notice every one of them.

use shma_campaigns::is_caught;
use shma_tests::switched;

fn notices(arguments: &[&str], mutants: &[&str]) {
    let program = switched::campaign();
    for mutant in mutants {
        is_caught(&program, mutant, arguments);
    }
}

#[test]
fn kill_notices_faults() {
    notices(&["kill"], &["slots-unchecked", "owners-immortal", "owners-presumed-dead"]);
}

#[cfg(target_arch = "x86_64")]
#[test]
fn step_kill_notices_faults() {
    notices(&["step-kill"], &["slots-own-word-skipped"]);
}

#[test]
fn birth_notices_faults() {
    notices(&["birth", "--count", "2000"], &["attach-unlocked", "leave-first", "replace-living"]);
}

#[cfg(target_arch = "x86_64")]
#[test]
fn full_notices_faults() {
    notices(&["full"], &["reserve-nothing", "create-leaves-behind"]);
}

#[cfg(target_arch = "x86_64")]
#[test]
fn checkpoint_notices_a_fault() {
    notices(&["checkpoint"], &["checkpoint-named-first", "checkpoint-unswept"]);
}

#[test]
fn stop_notices_faults() {
    notices(&["stop"], &["owners-presumed-dead", "read-ignores-commit", "slots-unchecked"]);
}
