//! Processes in containers, which number processes each for themselves and share `/dev/shm`.

use std::time::Duration;

use shma_core::{Error, ShmState};
use shma_tests::child;
use shma_tests::child::Child;
use shma_tests::region::Name;
use shma_tests::skip::skip;
use shma_tests::states::Board;
use shma_tests::watchdog::{until, watched};

/// A child that is process 1 in a namespace of its own.
fn first_process(name: &Name) -> Option<Child> {
    let mut child = child!("first-process");
    match child.line().as_str() {
        "ok" => {
            child.order(&format!("open {name}"));
            Some(child)
        }
        refused => {
            skip(&format!("a PID namespace is {refused}"));
            None
        }
    }
}

/// Two processes are number 1, and neither is there as the other sees it. A library that took
/// process ids for owners would find the holder dead, or be the holder itself.
#[test]
fn equal_process_ids_are_two_owners() {
    watched(|| {
        let name = Name::new("containers");
        let board = Board::create(&name, &Board::with(7)).unwrap();
        let Some(mut one) = first_process(&name) else { return };
        let Some(mut two) = first_process(&name) else { return };
        assert_eq!(one.ask("hold"), "holding");
        for _ in 0..3 {
            let answer = two.ask("try-add 1");
            assert!(answer.starts_with("error WouldBlock"), "{answer}");
            assert!(two.ask("add-within 20 1").starts_with("error Timeout"));
        }
        let result = board.count.update_timeout(Duration::from_millis(20), |_, _| ());
        let Err(Error::Timeout { holder: Some(holder), .. }) = result else { panic!("{result:?}") };
        assert_eq!((holder.pid, holder.own), (1, false), "its number where it lives");
        two.tell("add 1");
        let [count, ..] = Board::partitions();
        until("it queues", || name.bytes().has_waiters(count));
        assert_eq!(one.ask("publish 10"), "ok");
        two.expect("ok");
        assert_eq!(board.count.read(), 11);
    });
}

/// One container is killed as a whole; the other one has to find out.
#[test]
fn the_death_of_a_container_is_seen() {
    watched(|| {
        let name = Name::new("dead-container");
        let board = Board::create(&name, &Board::with(7)).unwrap();
        let Some(mut one) = first_process(&name) else { return };
        let Some(mut two) = first_process(&name) else { return };
        assert_eq!(one.ask("hold"), "holding");
        assert!(two.ask("try-add 1").starts_with("error WouldBlock"));
        one.kill();
        two.order("add 1");
        assert_eq!((board.count.read(), u64::from(board.count.version())), (8, 2));
        two.tell("wait 3600000");
        two.expect("since 2");
        board.count.update(|new, old| *new = old + 1);
        two.expect("3");
    });
}
