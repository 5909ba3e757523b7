//! Forks in the middle of a call: by another thread, or by the handler of a signal.

use shma_core::ShmState;
use shma_tests::child;
use shma_tests::region::Name;
use shma_tests::states::Inside;
use shma_tests::watchdog::watched;

/// Another thread may be anywhere in the process's first copy when a child is made, which has no
/// such thread to finish what it began.
#[test]
fn children_read_whatever_other_threads_were_doing() {
    watched(|| {
        let name = Name::new("first-copy");
        let _state = Inside::create(&name, &Inside::zeroed()).unwrap();
        let mut parent = child!("first-copy", &name);
        parent.expect("all have read");
        assert!(parent.close().success());
    });
}

fn interrupt(call: &'static str) {
    watched(move || {
        let name = Name::new("interrupted");
        let _state = Inside::create(&name, &Inside::zeroed()).unwrap();
        let mut parent = child!("interrupted", call, &name);
        let said = parent.line();
        println!("{call}: {said}");
        assert!(said.contains("children"), "{said}");
        assert!(parent.close().success());
    });
}

#[test]
fn no_child_of_write_publishes() {
    interrupt("write");
}

#[test]
fn no_child_of_write_one_publishes() {
    interrupt("write-one");
}

#[test]
fn no_child_of_update_publishes() {
    interrupt("update");
}

#[test]
fn no_child_of_try_update_publishes() {
    interrupt("try_update");
}

#[test]
fn no_child_of_update_if_publishes() {
    interrupt("update_if");
}

#[test]
fn no_child_of_update_when_publishes() {
    interrupt("update_when");
}

#[test]
fn no_child_of_update_range_if_publishes() {
    interrupt("update_range_if");
}

#[test]
fn no_child_of_write_flat_publishes() {
    interrupt("write_flat");
}

#[test]
fn no_child_of_update_with_flat_publishes() {
    interrupt("update_with_flat");
}

#[test]
fn no_child_of_update_with_publishes() {
    interrupt("update_with");
}

#[test]
fn no_child_of_merge_publishes() {
    interrupt("merge");
}

#[test]
fn no_child_of_set_publishes() {
    interrupt("set");
}

#[test]
fn no_child_of_update_range_publishes() {
    interrupt("update_range");
}

#[test]
fn no_child_of_writer_publishes() {
    interrupt("writer");
}

#[test]
fn no_child_of_whole_state_publishes() {
    interrupt("whole-state");
}

#[test]
fn no_child_of_transaction_publishes() {
    interrupt("transaction");
}

#[test]
fn no_child_of_atomic_set_publishes() {
    interrupt("atomic-set");
}

#[test]
fn no_child_of_atomic_add_publishes() {
    interrupt("atomic-add");
}

#[test]
fn no_child_of_atomic_update_with_publishes() {
    interrupt("atomic-update_with");
}
