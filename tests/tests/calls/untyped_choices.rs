//! Transactions of some fields without the struct, and semaphores that keep their handle: each misuse is an
//! error.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use shma_core::untyped::{self, Field, State, Wait};
use shma_core::{Error, Shm, ShmState};
use shma_tests::region::Name;
use shma_tests::watchdog::{PATIENCE, watched};

#[derive(ShmState)]
struct Desk {
    first: u64,
    /// Ends between words.
    odd: [u8; 21],
    large: [u64; 2048],
    #[shm(atomic)]
    calls: u64,
    last: [f64; 3],
}

fn create(hint: &str) -> (Name, Shm<Desk>, State) {
    let name = Name::new(hint);
    let desk = Desk::create(&name, &Desk::zeroed()).unwrap();
    let state = untyped::options().open(&name, None).unwrap();
    (name, desk, state)
}

fn versions(desk: &Shm<Desk>) -> [u64; 4] {
    [desk.first.version(), desk.odd.version(), desk.large.version(), desk.last.version()]
        .map(u64::from)
}

const NOW: Wait = Wait::No;

/// The order of the list is the caller's. What changed is published, as one, and nothing else.
#[test]
fn an_untyped_choice_is_published_as_one_whatever_its_order() {
    watched(|| {
        let (_name, desk, state) = create("untyped-choice");
        desk.last.write(&[1.0, 2.0, 3.0]);
        let fields = ["last", "first", "odd"].map(|name| state.field(name).unwrap());
        let result = state.transaction_of(&fields, NOW, |new, old| {
            assert_eq!(old[0], bytemuck::bytes_of(&[1.0, 2.0, 3.0]));
            assert_eq!([old[1].len(), old[2].len()], [8, 21]);
            assert!(new.iter().zip(old).all(|(new, old)| new == old), "the copies start equal");
            assert!(new.iter().all(|new| new.as_ptr().addr().is_multiple_of(16)));
            assert!(old.iter().all(|old| old.as_ptr().addr().is_multiple_of(16)));
            new[1].copy_from_slice(&7_u64.to_ne_bytes());
            // Changed and changed back.
            new[2][20] = 9;
            new[2][20] = old[2][20];
            assert_eq!(desk.first.read(), 0, "nothing is visible yet");
            "result"
        });
        assert_eq!(result.unwrap(), "result");
        assert_eq!((desk.first.read(), versions(&desk)), (7, [2, 1, 1, 2]));
        state.transaction_of(&fields[2..], NOW, |new, _| new[0][20] = 9).unwrap();
        assert_eq!((desk.odd.get(20), versions(&desk)), (9, [2, 2, 1, 2]));
        state
            .transaction_of(&[], NOW, |new, old| assert!(new.is_empty() && old.is_empty()))
            .unwrap();
        // A field over the size of a page.
        let large = state.field("large").unwrap();
        state.transaction_of(&[large], NOW, |new, _| new[0][16_383] = 1).unwrap();
        assert_eq!(desk.large.get(2047), 1 << 56);
    });
}

/// Typed readers and untyped committers: what moves from one field to the other is always in one of the two.
#[test]
fn an_untyped_choice_is_seen_whole_or_not_at_all() {
    watched(|| {
        let (_name, desk, state) = create("untyped-whole");
        desk.first.write(&1000);
        let fields = ["first", "last"].map(|name| state.field(name).unwrap());
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..3000 {
                    let moved =
                        state.transaction_of(&fields, Wait::AtMost(PATIENCE), |new, old| {
                            let first = u64::from_ne_bytes(old[0].try_into().unwrap());
                            let last = f64::from_ne_bytes(old[1][..8].try_into().unwrap());
                            new[0].copy_from_slice(&first.wrapping_sub(1).to_ne_bytes());
                            new[1][..8].copy_from_slice(&(last + 1.0).to_ne_bytes());
                        });
                    moved.unwrap();
                }
                done.store(true, Ordering::Relaxed);
            });
            while !done.load(Ordering::Relaxed) {
                let (mut first, mut last) = (0, [0.0; 3]);
                desk.snapshot_of((&desk.first, &desk.last), (&mut first, &mut last));
                assert_eq!(first.wrapping_add(last[0] as u64), 1000);
            }
        });
        assert_eq!(desk.last.get(0), 3000.0);
    });
}

/// None of these panics, as their typed sisters do, and each leaves all semaphores free and all values.
#[test]
fn every_misuse_of_an_untyped_choice_is_an_error() {
    watched(|| {
        let (name, desk, state) = create("untyped-misuse");
        let other = untyped::options().open(&name, None).unwrap();
        let reader = untyped::options().open_read_only(&name, None).unwrap();
        let field = |state: &State, name: &str| state.field(name).unwrap().clone();
        let [first, odd, calls] = ["first", "odd", "calls"].map(|name| field(&state, name));
        let foreign = field(&other, "first");
        let refused = |state: &State, fields: &[&Field], wait| {
            state.transaction_of(fields, wait, |_, _| -> () { panic!("it is called") }).unwrap_err()
        };
        for fields in [&[&first, &first][..], &[&odd, &first, &odd], &[&first, &calls], &[&foreign]]
        {
            let error = refused(&state, fields, NOW);
            assert!(matches!(error, Error::WrongField { .. }), "{error}");
        }
        let error = refused(&reader, &[&field(&reader, "first")], NOW);
        assert!(matches!(error, Error::ReadOnly { .. }), "{error}");
        let no_field = state.field("none").unwrap_err();
        assert!(matches!(no_field, Error::NoField { .. }), "{no_field}");

        // The field that is held is none of those that are named: all semaphores are acquired.
        let held = field(&other, "last").hold(NOW).unwrap();
        let error = refused(&state, &[&first], Wait::Forever);
        assert!(matches!(error, Error::Reentrant { .. }), "{error}");
        thread::scope(|scope| {
            scope.spawn(|| {
                let error = refused(&state, &[&first], NOW);
                assert!(
                    matches!(&error, Error::WouldBlock { place, .. }
                    if place.to_string().contains("`last`")),
                    "{error}"
                );
                let error = refused(&state, &[&first], Wait::AtMost(Duration::from_millis(5)));
                assert!(matches!(error, Error::Timeout { holder: Some(_), .. }), "{error}");
                first.write(&[0; 8], NOW).expect("it was released");
            });
        });
        drop(held);

        let panics = catch_unwind(AssertUnwindSafe(|| {
            state.transaction_of(&[&first], NOW, |new, _| {
                new[0][0] = 1;
                panic!("the closure's own")
            })
        }));
        assert!(panics.is_err());
        // Another slice in place of the one that was given is no value of the field.
        let error = state.transaction_of(&[&first], NOW, |new, _| new[0] = &mut []).unwrap_err();
        assert!(matches!(error, Error::WrongSize { expected: 8, found: 0, .. }), "{error}");
        assert_eq!((desk.first.read(), versions(&desk)), (0, [2, 1, 1, 1]));
        state.transaction_of(&[&first], NOW, |new, _| new[0][0] = 1).expect("all is released");
    });
}

/// The handle comes back, whatever happens, and works on.
#[test]
fn a_semaphore_gives_its_handle_back() {
    watched(|| {
        let (name, desk, state) = create("untyped-keeping");
        let mut first = state.field("first").unwrap().clone();
        for round in 1..=3_u64 {
            let held = first.into_held(NOW).unwrap();
            let (field, error) = held.publish_part_keeping(4, &[0; 5]).unwrap_err();
            assert!(matches!(error, Error::OutOfRange { .. }), "{error}");
            let held = field.into_held(NOW).expect("it was released");
            let (field, version) = held.publish_part_keeping(0, &round.to_ne_bytes()).unwrap();
            assert_eq!((u64::from(version), desk.first.read()), (1 + round, round));
            let field = field.into_held(NOW).unwrap().into_field();
            let held = field.hold(NOW).unwrap();
            let (field, error) = field.into_held(Wait::Forever).unwrap_err();
            assert!(matches!(error, Error::Reentrant { .. }), "{error}");
            drop(held);
            first = field;
        }
        let (_, error) = state.field("calls").unwrap().clone().into_held(NOW).unwrap_err();
        assert!(matches!(error, Error::WrongField { .. }), "{error}");
        let reader = untyped::options().open_read_only(&name, None).unwrap();
        let (_, error) = reader.field("first").unwrap().clone().into_held(NOW).unwrap_err();
        assert!(matches!(error, Error::ReadOnly { .. }), "{error}");
        // The last handle keeps the attachment.
        let held = first.into_held(NOW).unwrap();
        drop((state, reader, desk));
        Desk::open(&name).expect("there is an attachment");
        drop(held.into_field());
        let gone = Desk::open(&name).map(drop);
        assert!(matches!(gone, Err(Error::NotFound { .. })), "{gone:?}");
    });
}
