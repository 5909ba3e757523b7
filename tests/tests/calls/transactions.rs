//! Transactions that publish too little, too much, or keep what they hold.

use std::time::Duration;

use shma_core::{Error, Shm, ShmState};
use shma_tests::child;
use shma_tests::five_fields::{self, FiveFields, transact, versions};
use shma_tests::panics::panic_of;
use shma_tests::region::Name;
use shma_tests::watchdog::{PATIENCE, until, watched};

fn create(hint: &str) -> (Name, Shm<FiveFields>) {
    let name = Name::new(hint);
    let state = FiveFields::create(&name, &FiveFields::with([1, 1, 1, 1, 1])).unwrap();
    (name, state)
}

/// Another process is woken by a version, reads, and finds what it had: each needless publication
/// costs all readers a copy.
#[test]
fn only_changed_fields_are_published() {
    watched(|| {
        let (name, state) = create("unchanged");
        let other = FiveFields::open(&name).unwrap();
        transact(&state, &["first", "odd"], 2, || ());
        assert_eq!(versions(&other), [2, 1, 2, 1, 1]);
        assert_eq!(other.snapshot().numbers(), [2, 1, 2, 1, 1]);
        // Changed and changed back; and the last byte of a field that ends between words.
        state.transaction(|new, old| {
            new.large[7] = 5;
            new.large[7] = old.large[7];
            new.odd[6][2] = 7;
        });
        assert_eq!(versions(&other), [2, 1, 3, 1, 1]);
        assert_eq!(other.odd.get(6), [2, 0, 7]);
        let result = state.transaction(|new, old| {
            *new.first = *old.first;
            new.pair.copy_from_slice(old.pair);
            "nothing"
        });
        assert_eq!(result, "nothing");
        assert_eq!(versions(&other), [2, 1, 3, 1, 1], "a transaction that changes nothing");
        assert_eq!(name.bytes().u64(shma_tests::region::header::COMMIT) % 2, 0);
    });
}

/// Equality is that of bytes: a float that is not equal to itself did not change, and one that is
/// equal to another did.
#[test]
fn changes_are_compared_bit_by_bit() {
    #[derive(Debug, ShmState)]
    struct Floats {
        nan: f64,
        zero: [f32; 3],
    }
    watched(|| {
        let name = Name::new("floats");
        let floats = Floats::create(&name, &Floats { nan: f64::NAN, zero: [0.0; 3] }).unwrap();
        floats.transaction(|new, old| *new.nan = *old.nan);
        assert_eq!(u64::from(floats.nan.version()), 1);
        floats.transaction(|new, _| new.zero[2] = -0.0);
        assert_eq!(u64::from(floats.zero.version()), 2);
        assert!(floats.zero.get(2).is_sign_negative());
    });
}

/// The closure has changed its copies when it panics; none of them may come out, and all
/// semaphores have to.
#[test]
fn a_panic_commits_nothing_and_frees_every_semaphore() {
    watched(|| {
        let (name, state) = create("panic");
        let other = FiveFields::open(&name).unwrap();
        for round in 1..=10 {
            let panic = panic_of(|| {
                transact(&state, &["first", "pair", "large"], 666, || panic!("enough {round}"));
            });
            assert_eq!(panic, format!("enough {round}"), "the panic is the closure's");
            assert_eq!(other.snapshot().numbers(), [round, round, round, 1, round]);
            other.first.try_update(|_, _| ()).expect("the semaphore is free");
            other.still.try_update(|_, _| ()).expect("the semaphore is free");
            other.large.try_update(|_, _| ()).expect("the semaphore is free");
            // Its private copies were those of the panic.
            let next = round + 1;
            transact(&state, &["first", "pair", "odd", "large"], next, || ());
            assert_eq!(other.snapshot().numbers(), [next, next, next, 1, next]);
        }
    });
}

/// A thread that holds all semaphores would wait for itself for ever.
#[test]
fn reentry_from_a_transaction_panics() {
    watched(|| {
        let (name, state) = create("reentry");
        let second = FiveFields::open(&name).unwrap();
        for handle in [&state, &second] {
            state.transaction(|new, _| {
                *new.first += 1;
                for panic in [
                    panic_of(|| handle.transaction(|_, _| ())),
                    panic_of(|| handle.first.update(|_, _| ())),
                    panic_of(|| handle.large.write(&[1; 2048])),
                    panic_of(|| handle.large.set(0, 1)),
                    panic_of(|| handle.pair.update_range(.., |_, _| ())),
                ] {
                    assert!(panic.contains("inside an update of field"), "{panic}");
                }
                let late = handle.large.update_timeout(PATIENCE, |_, _| ());
                assert!(matches!(late, Err(Error::Reentrant { .. })), "{late:?}");
            });
        }
        assert_eq!(state.snapshot().numbers(), [3, 1, 1, 1, 1]);
        assert_eq!(versions(&state), [3, 1, 1, 1, 1]);
    });
}

/// And so would one that holds one semaphore, whichever: those before it are released.
#[test]
fn a_transaction_inside_an_update_panics() {
    watched(|| {
        let (name, state) = create("inside");
        let other = FiveFields::open(&name).unwrap();
        let refused = |held: &str| {
            let panic = panic_of(|| other.transaction(|_, _| unreachable!("it holds not all")));
            assert!(panic.contains(held), "{panic}");
        };
        state.first.update(|_, _| refused("`first`"));
        state.odd.update_range(1..2, |_, _| refused("`odd`"));
        state.large.update(|_, _| {
            refused("`large`");
            let first = std::thread::scope(|scope| {
                scope.spawn(|| other.first.try_update(|_, _| ())).join().unwrap()
            });
            first.expect("the refused transaction has released it");
        });
        transact(&other, &["first"], 2, || ());
        assert_eq!(other.snapshot().numbers(), [2, 1, 1, 1, 1]);
    });
}

/// Another region is another matter, inside as outside.
#[test]
fn a_transaction_inside_another_regions_is_refused() {
    watched(|| {
        let (_name, one) = create("one");
        let (_other_name, other) = create("other");
        transact(&one, &["first"], 2, || {
            transact(&other, &["pair"], 3, || ());
            other.first.update(|new, old| *new = old + 1);
        });
        assert_eq!(one.snapshot().numbers(), [2, 1, 1, 1, 1]);
        assert_eq!(other.snapshot().numbers(), [2, 3, 1, 1, 1]);
    });
}

/// Whatever looks while the closure runs sees what was, through any handle and in any process.
#[test]
fn reads_inside_a_transaction_see_the_published_values() {
    watched(|| {
        let (name, state) = create("look");
        let other = FiveFields::open(&name).unwrap();
        let seen = FiveFields::open_read_only(&name).unwrap();
        let fields = ["first", "pair", "odd", "large"];
        transact(&state, &fields, 2, || {
            for numbers in [
                state.snapshot().numbers(),
                other.snapshot().numbers(),
                seen.snapshot().numbers(),
                state.read_boxed().numbers(),
            ] {
                assert_eq!(numbers, [1; 5]);
            }
            let mut copy = FiveFields::zeroed();
            state.try_snapshot_into(&mut copy).expect("no process publishes");
            assert_eq!((state.first.read(), state.pair.get(99)), (1, 1));
            assert_eq!((versions(&state), versions(&seen)), ([1; 5], [1; 5]));
            let newer = seen.large.wait_newer(seen.large.version(), Duration::from_millis(1));
            assert!(matches!(newer, Err(Error::Timeout { .. })), "{newer:?}");
            let mut child = child!("snapshot", &name, "reader");
            child.expect("[1, 1, 1, 1, 1]");
        });
        assert_eq!(seen.snapshot().numbers(), [2, 2, 2, 1, 2]);
    });
}

/// A counter of attempts has to count those that fail, and a copy of it must not move.
#[test]
fn atomic_fields_do_not_wait_for_the_commit() {
    watched(|| {
        let (name, state) = create("atomic");
        let seen = FiveFields::open_read_only(&name).unwrap();
        state.hits.set(0, 5);
        panic_of(|| {
            state.transaction(|new, old| {
                assert_eq!(new.hits.fetch_add(0, 2), 5);
                assert_eq!(seen.hits.get(0), 7, "it is live");
                assert_eq!(*old.hits, [5, 0], "and this is what it was");
                panic!("rolled back: {}", new.hits.get(0));
            });
        });
        assert_eq!(seen.hits.get(0), 7);
        let before = (seen.hits.version(), versions(&seen));
        state.transaction(|new, old| *new.first = old.hits[0]);
        assert_eq!((seen.hits.version(), seen.first.read()), (before.0, 7));
        state.transaction(|new, _| _ = new.hits.fetch_add(1, 1));
        assert_eq!(versions(&seen), [2, 1, 1, 1, 1], "it takes no part");
        assert_eq!(seen.snapshot().hits, [7, 1]);
    });
}

/// Waiters for one of several fields must learn of each.
#[test]
fn waiters_of_every_changed_field_are_woken() {
    watched(|| {
        let (name, state) = create("waiters");
        for n in 2..50 {
            let fields = ["first", "odd", "large"];
            let mut waiters = fields.map(|field| child!("wait", &name, field));
            for waiter in &mut waiters {
                assert_eq!(waiter.line(), format!("since {}", n - 1));
            }
            for field in fields {
                let partition = FiveFields::partition(field);
                until("the waiter sleeps", || name.bytes().has_sleepers(partition));
            }
            transact(&state, &["first", "pair", "odd", "large"], n, || ());
            waiters.iter_mut().for_each(|waiter| waiter.expect(&n.to_string()));
        }
    });
}

/// The closure returns twice when it forks; the child must not commit, count, or give anything
/// back.
#[test]
fn a_fork_inside_the_closure_commits_once() {
    watched(|| {
        let (name, state) = create("fork");
        let mut parent = child!("fork-holding", "inside-transaction", &name);
        for line in [
            "child's atomic: panicked",
            "child's closure: panicked",
            "child again: panicked",
            "child reads [1, 1, 1, 1, 1]",
            "child anew: false",
            "parent's closure: done",
        ] {
            parent.expect(line);
        }
        assert_eq!(state.snapshot().numbers(), [2, 2, 1, 1, 1]);
        assert_eq!((versions(&state), state.hits.get(0)), ([2, 2, 1, 1, 1], 0));
        for field in five_fields::FIELDS {
            five_fields::touch(&state, field);
        }
        transact(&state, &["still"], 9, || ());
        assert_eq!(state.snapshot().numbers(), [2, 2, 1, 9, 1]);
    });
}

/// Writers of single fields queue behind a transaction, and it behind them; none is forgotten.
#[test]
fn a_transaction_wakes_every_queue() {
    watched(|| {
        let (name, state) = create("queue");
        for n in 2..20 {
            let mut holder = child!("hold", &name, n, "first,pair,odd,large");
            holder.expect("holding");
            let mut queue = five_fields::FIELDS.map(|field| child!("touch", &name, field));
            for field in five_fields::FIELDS {
                let partition = FiveFields::partition(field);
                until("a writer queues", || name.bytes().has_waiters(partition));
            }
            holder.tell("commit");
            holder.expect("done");
            queue.iter_mut().for_each(|child| child.expect("done"));
            assert_eq!(state.snapshot().numbers(), [n, n, n, 1, n]);
        }
        assert_eq!(versions(&state), [37, 37, 37, 19, 37]);
    });
}
