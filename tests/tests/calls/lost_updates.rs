//! Updates of several processes that overwrite each other.

use shma_core::ShmState;
use shma_tests::child;
use shma_tests::child::Child;
use shma_tests::region::Name;
use shma_tests::sizes;
use shma_tests::states::{Board, Uniform, the_one};
use shma_tests::watchdog::watched;

/// One process for each way of adding; all start at once.
fn add(what: &str, name: &Name, ways: &[&str], times: u64) {
    let mut adders: Vec<Child> =
        ways.iter().map(|how| child!("add", what, name, how, times)).collect();
    adders.iter_mut().for_each(|adder| adder.expect("ready"));
    adders.iter_mut().for_each(|adder| adder.tell("go"));
    adders.iter_mut().for_each(|adder| adder.expect("done"));
}

/// Two processes read 5, and both write 6. It shows only if they really meet, so they do it many
/// times, and in every way of updating, since each takes the semaphore for itself.
#[test]
fn no_increment_of_a_scalar_is_lost() {
    watched(|| {
        for ways in [["update"; 4], ["update_with"; 4], ["merge"; 4], ["mixed"; 4]] {
            let name = Name::new("scalar");
            let board = Board::create(&name, &Board::zeroed()).unwrap();
            let each = sizes::either(10_000, 50_000);
            add("scalar", &name, &ways, each);
            assert_eq!(board.count.read(), 4 * each, "{ways:?}");
            assert_eq!(u64::from(board.count.version()), 4 * each + 1, "{ways:?}");
        }
    });
}

/// An update of a MiB takes so long that the others queue behind it, sleep, and are woken.
#[test]
fn no_increment_of_a_large_array_is_lost() {
    watched(|| {
        let name = Name::new("array");
        let state = Uniform::<131_072>::create(&name, &Uniform::zeroed()).unwrap();
        add("array-131072", &name, &["update", "update_with", "merge", "mixed"], 60);
        assert_eq!(the_one(&*state.words.read_boxed()), 240);
        assert_eq!(u64::from(state.words.version()), 241);
    });
}

/// The calls over the whole state take one semaphore after the other; another process may be
/// between any two of them, and updates single fields besides.
#[test]
fn no_increment_of_the_whole_state_is_lost() {
    watched(|| {
        let name = Name::new("whole");
        let board = Board::create(&name, &Board::zeroed()).unwrap();
        let mut whole: Vec<Child> =
            (0..3).map(|_| child!("add", "whole", &name, "both", 2_000)).collect();
        let mut single = child!("add", "scalar", &name, "mixed", 2_000);
        whole.iter_mut().for_each(|adder| adder.expect("ready"));
        single.expect("ready");
        whole.iter_mut().for_each(|adder| adder.tell("go"));
        single.tell("go");
        whole.iter_mut().for_each(|adder| adder.expect("done"));
        single.expect("done");
        assert_eq!(board.count.read(), 8_000);
        assert_eq!(board.later.read(), 6_000);
        assert_eq!(the_one(&board.row.read()), 6_000);
    });
}
