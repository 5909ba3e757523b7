//! Snapshots that are no cut.

use std::process::Command;

use shma_core::{Access, Error, Shm, ShmState};
use shma_tests::child;
use shma_tests::child::Child;
use shma_tests::five_fields::{FiveFields, Numbers, transact};
use shma_tests::region::Name;
use shma_tests::sizes;
use shma_tests::switched;
use shma_tests::watchdog::{until, watched};

fn create(hint: &str) -> (Name, Shm<FiveFields>) {
    let name = Name::new(hint);
    let state = FiveFields::create(&name, &FiveFields::with([0; 5])).unwrap();
    (name, state)
}

fn churn(name: &Name, how: &str) -> Child {
    let mut child = child!("churn", name, how);
    child.expect("going");
    child
}

fn end(mut child: Child) {
    let turns = child.ask("stop");
    assert!(turns.ends_with(" turns") && turns != "0 turns", "{turns}");
    assert!(child.end().success());
}

/// Takes so many snapshots in every way, and checks each. Returns how many tries gave up.
fn look<A: Access>(state: &Shm<FiveFields, A>, times: u64, check: impl Fn(Numbers)) -> u64 {
    let mut copy = FiveFields::zeroed();
    let mut gave_up = 0;
    for turn in 0..times {
        match turn % 3 {
            0 => state.snapshot_into(&mut copy),
            1 => copy = state.snapshot(),
            _ => match state.try_snapshot_into(&mut copy) {
                Ok(()) => {}
                Err(Error::Contended { .. }) => {
                    gave_up += 1;
                    continue;
                }
                Err(error) => panic!("{error}"),
            },
        }
        check(copy.numbers());
    }
    gave_up
}

/// Transactions without pause: every snapshot holds one of them, whole.
#[test]
fn no_snapshot_mixes_two_transactions() {
    watched(|| {
        let (name, state) = create("mixes");
        let seen = FiveFields::open_read_only(&name).unwrap();
        let writers = [churn(&name, "transactions"), churn(&name, "transactions")];
        let whole = |numbers: Numbers| {
            let [first, pair, odd, still, large] = numbers;
            assert_eq!([pair, odd, still, large], [first, first, 0, first]);
        };
        look(&state, 1_000, whole);
        look(&seen, 1_000, whole);
        writers.into_iter().for_each(end);
    });
}

/// A writer counts in `first` and then in `pair`. There is no instant at which `pair` is ahead, or
/// behind by more than one.
#[test]
fn a_snapshot_with_the_effect_has_the_cause() {
    watched(|| {
        let (name, state) = create("cause");
        let seen = FiveFields::open_read_only(&name).unwrap();
        let mut writer = child!("pace", &name, "first-then-pair");
        writer.expect("going");
        let in_order = |[first, pair, ..]: Numbers| {
            assert!(first == pair || first == pair + 1, "{first} and {pair}");
        };
        look(&state, 2_000, in_order);
        look(&seen, 2_000, in_order);
        end(writer);
    });
}

/// Two writers count in two fields, without regard to each other. A reader may see either of two
/// counts first, but all readers have to agree. Of any two snapshots, by any processes, one is not
/// older in both fields.
#[test]
fn snapshots_agree_on_one_order() {
    watched(|| {
        let (name, state) = create("order");
        let mut writers = ["first", "pair"].map(|how| child!("pace", &name, how));
        let witnesses = ["writer", "reader", "writer"];
        let mut witnesses =
            witnesses.map(|access| child!("witness", &name, access, sizes::either(100, 300)));
        writers.iter_mut().for_each(|writer| writer.expect("going"));
        witnesses.iter_mut().for_each(|witness| witness.expect("ready"));
        witnesses.iter_mut().for_each(|witness| witness.tell("go"));
        let mut seen = Vec::new();
        for witness in &mut witnesses {
            loop {
                let line = witness.line();
                let Some((first, pair)) = line.split_once(' ') else { break };
                seen.push([first, pair].map(|number| number.parse::<u64>().unwrap()));
            }
        }
        writers.into_iter().for_each(end);
        seen.sort_unstable();
        for two in seen.windows(2) {
            assert!(two[0][1] <= two[1][1], "{:?} and {:?}", two[0], two[1]);
        }
        assert!(state.first.read() >= seen.last().unwrap()[0]);
    });
}

/// A state that takes longer to copy than publications take to come. A bounded call must give up,
/// and say so; the other one gets through all the same.
#[test]
fn a_bounded_snapshot_gives_up_and_the_other_ends() {
    watched(|| {
        let (name, state) = create("much");
        let writers = [churn(&name, "first"), churn(&name, "singles")];
        let mut copy = FiveFields::zeroed();
        until("a try gives up", || {
            let tried = state.try_snapshot_into(&mut copy);
            if let Err(error) = &tried {
                assert!(matches!(error, Error::Contended { .. }), "{error}");
                assert!(error.to_string().contains(&*name), "{error}");
            }
            tried.is_err()
        });
        for _ in 0..300 {
            state.snapshot_into(&mut copy);
            let before = copy.first;
            assert!(before <= state.first.read());
            assert_eq!(copy.numbers()[1..], [0; 4]);
        }
        writers.into_iter().for_each(end);
    });
}

/// A snapshot is stopped when it has copied everything, and goes on when the world is another one.
/// What was published meanwhile has to be in it, or it is not one instant.
#[test]
fn a_stopped_snapshot_is_retried() {
    let program = switched::program("child");
    watched(move || {
        let (name, state) = create("stopped");
        let fields = ["first", "pair", "odd", "large"];
        let changes: [&dyn Fn(u64); 4] = [
            &|n| _ = state.first.write(&n),
            &|n| (0..8).for_each(|_| _ = state.large.write(&[n; 2048])),
            &|n| state.pair.update_range(.., |new, _| new.fill(n)),
            &|n| transact(&state, &fields, n, || ()),
        ];
        for access in ["reader", "writer"] {
            for (n, change) in (1..).zip(&changes) {
                let mut command = Command::new(&program);
                command.args(["snapshot", &name, access]);
                let mut child =
                    Child::start_command(command.env("SHMA_STOP", "pause:snapshot.copied"));
                child.await_stopped();
                change(n);
                child.go_on();
                child.expect(&format!("{:?}", state.snapshot().numbers()));
            }
        }
    });
}

/// A reader is stopped when it has found its slot. The slot may be overwritten from the K-th
/// publication on: not only once that is there, but from when it begins.
#[test]
fn a_stopped_read_is_retried() {
    let program = switched::program("child");
    watched(move || {
        let (name, state) = create("read");
        let start = |stop: &str, arguments: &[&str]| {
            Child::start_command(Command::new(&program).args(arguments).env("SHMA_STOP", stop))
        };
        for (field, slots) in [("pair", 2), ("large", 8)] {
            let number = || match field {
                "pair" => state.pair.get(0),
                _ => state.large.get(0),
            };
            for publications in 1..2 * slots {
                for access in ["reader", "writer"] {
                    let before = number();
                    let mut reader = start("pause:read.entered", &["read", &name, access, field]);
                    reader.await_stopped();
                    for n in 1..=publications {
                        transact(&state, &[field], before + n, || ());
                    }
                    // The next one fills its slot and is never published.
                    let dead = start("commit.slot", &["transact", &name, "666666", field]);
                    assert!(!dead.end().success());
                    let last = before + publications;
                    // Its slot is the reader's as soon as there are slots - 1 others.
                    let expected = if publications < slots - 1 { before } else { last };
                    reader.go_on();
                    reader.expect(&expected.to_string());
                    assert_eq!(number(), last);
                }
            }
        }
    });
}

/// What a snapshot holds of an atomic field is whole by element, and there.
#[test]
fn atomic_fields_are_in_a_snapshot() {
    watched(|| {
        let (name, state) = create("atomic");
        let seen = FiveFields::open_read_only(&name).unwrap();
        state.hits.add(&[3, 4]);
        assert_eq!(seen.snapshot().hits, [3, 4]);
        let mut copy = FiveFields::zeroed();
        seen.try_snapshot_into(&mut copy).unwrap();
        assert_eq!(copy.hits, [3, 4]);
        seen.read_into(&mut copy);
        assert_eq!(copy.hits, [3, 4]);
    });
}
