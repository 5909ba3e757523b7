//! Transactions and snapshots of a choice of fields, and transactions that may publish nothing.

use std::thread;
use std::time::Duration;

use shma_core::{Error, Shm, ShmState, Version};
use shma_tests::panics::panic_of;
use shma_tests::region::Name;
use shma_tests::watchdog::{PATIENCE, watched};

#[derive(ShmState)]
struct Desk {
    first: u64,
    /// Ends between words.
    odd: [[u8; 3]; 7],
    large: [u64; 2048],
    #[shm(atomic)]
    calls: u64,
    last: [f64; 3],
}

fn create(hint: &str) -> (Name, Shm<Desk>) {
    let name = Name::new(hint);
    let desk = Desk::create(&name, &Desk::zeroed()).unwrap();
    (name, desk)
}

fn versions(desk: &Shm<Desk>) -> [u64; 4] {
    let Desk { .. } = *desk.snapshot();
    [desk.first.version(), desk.odd.version(), desk.large.version(), desk.last.version()]
        .map(u64::from)
}

/// The order of the tuple is the caller's, that of the semaphores is the declaration's.
#[test]
fn a_choice_is_published_as_one_whatever_its_order() {
    watched(|| {
        let (name, desk) = create("choice");
        let other = Desk::open(&name).unwrap();
        let result = desk.transaction_of(
            (&desk.last, &desk.first, &desk.odd),
            |(last, first, odd), (old_last, old_first, old_odd)| {
                assert_eq!((*old_last, *old_first, *old_odd), ([0.0; 3], 0, [[0; 3]; 7]));
                assert_eq!((*last, *first), ([0.0; 3], 0), "the copies start equal");
                (*last, *first) = ([1.0, 2.0, 3.0], 7);
                // Changed and changed back.
                odd[6][2] = 9;
                odd[6][2] = old_odd[6][2];
                assert_eq!(other.first.read(), 0, "nothing is visible yet");
                "result"
            },
        );
        assert_eq!(result, "result");
        assert_eq!(versions(&other), [2, 1, 1, 2], "fields that did not change stay");
        assert_eq!((other.first.read(), other.last.read()), (7, [1.0, 2.0, 3.0]));
        desk.transaction_of((&desk.odd,), |(odd,), (old,)| odd[6][2] = old[6][2] + 9);
        assert_eq!(versions(&other), [2, 2, 1, 2]);
        assert_eq!(other.odd.get(6), [0, 0, 9]);
    });
}

/// Eight fields are the most.
#[test]
fn every_length_of_tuple_publishes_all_that_it_names() {
    #[derive(ShmState)]
    struct Eight {
        a: u64,
        b: u32,
        c: [u8; 5],
        d: f64,
        e: [u16; 3],
        f: i8,
        g: u128,
        h: [[f32; 2]; 2],
    }
    macro_rules! choose {
        ($state:ident; $($field:ident)+) => {{
            let before = [$($state.$field.version()),+].map(u64::from);
            $state.transaction_of(($(&$state.$field,)+), |($($field,)+), _| {
                $(shma_core::bytemuck::bytes_of_mut($field)[0] ^= 1;)+
            });
            let mut values = Eight::zeroed();
            let seen =
                $state.snapshot_of(($(&$state.$field,)+), ($(&mut values.$field,)+));
            let ($($field,)+) = seen;
            assert_eq!([$($field),+].map(u64::from), before.map(|version| version + 1));
            let whole = $state.snapshot();
            $(assert_eq!(values.$field, whole.$field);)+
        }};
    }
    watched(|| {
        let name = Name::new("eight");
        let eight = Eight::create(&name, &Eight::zeroed()).unwrap();
        choose!(eight; a);
        choose!(eight; b a);
        choose!(eight; c a b);
        choose!(eight; d c b a);
        choose!(eight; a b c d e);
        choose!(eight; f a e b d c);
        choose!(eight; g f e d c b a);
        choose!(eight; h b g a f c e d);
        assert_eq!(u64::from(eight.h.version()), 2);
        assert_eq!(u64::from(eight.a.version()), 9);
    });
}

/// The region that the handle is of would be locked, and another one written.
#[test]
fn fields_of_another_handle_and_a_field_named_twice_are_refused() {
    watched(|| {
        let (name, desk) = create("strange");
        let (_other_name, other) = create("other");
        let again = Desk::open(&name).unwrap();
        for strange in [&other, &again] {
            let panic = panic_of(|| desk.transaction_of((&desk.first, &strange.odd), |_, _| ()));
            assert!(panic.contains("`odd`") && panic.contains("another handle"), "{panic}");
            let mut first = 0;
            let panic = panic_of(|| _ = desk.snapshot_of((&strange.first,), (&mut first,)));
            assert!(panic.contains("`first`") && panic.contains("another handle"), "{panic}");
        }
        let fields = (&desk.last, &desk.first, &desk.last);
        let panic = panic_of(|| desk.transaction_of(fields, |_, _| ()));
        assert!(panic.contains("`last`") && panic.contains("twice"), "{panic}");
        assert_eq!(versions(&desk), [1; 4]);
        desk.first.try_update(|_, _| ()).expect("no semaphore is held");
    });
}

/// A choice locks all of the state, so that snapshots see one order of all transactions.
#[test]
fn a_choice_holds_all_semaphores_and_releases_them_on_a_panic() {
    watched(|| {
        let (_name, desk) = create("held");
        let refused =
            |panic: String| assert!(panic.contains("inside an update of field"), "{panic}");
        desk.transaction_of((&desk.odd,), |_, _| {
            refused(panic_of(|| desk.first.write(&1)));
            refused(panic_of(|| desk.last.write(&[1.0; 3])));
            refused(panic_of(|| desk.transaction_of((&desk.large,), |_, _| ())));
            thread::scope(|scope| {
                let other = scope.spawn(|| desk.large.try_update(|_, _| ()));
                let refusal = other.join().unwrap();
                assert!(matches!(refusal, Err(Error::WouldBlock { .. })), "{refusal:?}");
            });
        });
        let panic = panic_of(|| {
            desk.transaction_of((&desk.large, &desk.first), |(large, first), _| {
                (large[5], *first) = (5, 5);
                panic!("enough");
            });
        });
        assert_eq!(panic, "enough");
        assert_eq!(versions(&desk), [1; 4]);
        desk.transaction_of((&desk.large, &desk.first), |(large, first), old| {
            assert_eq!((large[5], *first, old.0[5], *old.1), (0, 0, 0, 0), "copies of the panic");
        });
        refused(panic_of(|| {
            desk.last.update(|_, _| desk.transaction_of((&desk.first,), |_, _| ()))
        }));
        desk.first.try_update(|_, _| ()).expect("no semaphore is held");
    });
}

/// What a snapshot of two fields shows stood at one instant, however often they change.
#[test]
fn a_snapshot_of_a_choice_shows_one_instant() {
    watched(|| {
        let (name, desk) = create("instant");
        let seen = Desk::open_read_only(&name).unwrap();
        let rounds = 20_000;
        thread::scope(|scope| {
            let writer = scope.spawn(|| {
                for n in 1..=rounds {
                    desk.transaction_of((&desk.first, &desk.large), |(first, large), _| {
                        *first = n;
                        large.fill(n);
                    });
                }
            });
            let (mut first, mut large) = (0, [0; 2048]);
            let mut before = (Version::default(), Version::default());
            while !writer.is_finished() {
                let now = seen.snapshot_of((&seen.large, &seen.first), (&mut large, &mut first));
                assert_eq!(large, [first; 2048], "parts of two transactions");
                assert_eq!((u64::from(now.0), u64::from(now.1)), (first + 1, first + 1));
                assert!(now >= before, "{now:?} after {before:?}");
                before = now;
            }
            writer.join().unwrap();
        });
        assert_eq!(seen.first.read(), rounds);
    });
}

/// A publication of nothing wakes all that wait for news, and they find none.
#[test]
fn a_transaction_without_a_result_publishes_nothing_and_wakes_no_waiter() {
    watched(|| {
        let (name, desk) = create("if");
        let notify =
            |field: usize| name.bytes().u64(Desk::MANIFEST.fields[field].offset + 24) & 0xFFFF_FFFF;
        let since = desk.first.version();
        thread::scope(|scope| {
            let waiter = scope.spawn(|| {
                let other = Desk::open(&name).unwrap();
                other.first.wait_newer(since, PATIENCE).unwrap()
            });
            // The waiter announces itself in the lowest bit, and a publisher clears it.
            while notify(0) & 1 == 0 {
                thread::yield_now();
            }
            let announced = notify(0);
            for _ in 0..100 {
                let nothing: Option<()> = desk.transaction_if(|new, old| {
                    *new.first = old.first + 1;
                    new.last[2] = 5.0;
                    None
                });
                assert_eq!(nothing, None);
            }
            assert_eq!(notify(0), announced, "a waiter was woken");
            assert_eq!(versions(&desk), [1; 4]);
            let mut published = desk.transaction_if(|new, old| {
                assert_eq!((*old.first, new.last[2]), (0, 0.0), "copies of what was given up");
                *new.first = old.first + 1;
                Some(*new.first)
            });
            assert_eq!(published.take(), Some(1));
            assert_eq!(waiter.join().unwrap(), desk.first.version());
            assert_eq!(versions(&desk), [2, 1, 1, 1]);
        });
    });
}

/// It waits for one semaphore after the other, and keeps none of them when its time is over.
#[test]
fn a_transaction_that_runs_out_of_time_names_the_holder_and_holds_nothing() {
    watched(|| {
        let (name, desk) = create("timeout");
        let other = Desk::open(&name).unwrap();
        desk.large.update(|_, _| {
            thread::scope(|scope| {
                let late = scope.spawn(|| {
                    let short = Duration::from_millis(20);
                    let late = other.transaction_timeout(short, |_, _| unreachable!());
                    let Err(Error::Timeout { place, holder: Some(holder), .. }) = late else {
                        panic!("{late:?}")
                    };
                    assert!(place.to_string().contains("`large`"), "{place}");
                    assert_eq!(holder.pid, std::process::id());
                    other.first.try_update(|_, _| ()).expect("it was released");
                });
                late.join().unwrap();
            });
            let nested = desk.transaction_timeout(PATIENCE, |_, _| ());
            assert!(matches!(nested, Err(Error::Reentrant { .. })), "{nested:?}");
        });
        let done = other.transaction_timeout(PATIENCE, |new, _| *new.first = 3);
        done.expect("the semaphores are free");
        assert_eq!(desk.first.read(), 3);
    });
}

/// Two regions under one name are told apart by it, in every process alike.
#[test]
fn an_instance_is_the_regions_own() {
    let (name, desk) = create("instance");
    assert_eq!(Desk::open_read_only(&name).unwrap().instance(), desk.instance());
    let (_name, other) = create("instance");
    assert_ne!(other.instance(), desk.instance());
    let seen = desk.instance();
    Desk::unlink(&name).unwrap();
    let again = Desk::create(&name, &Desk::zeroed()).unwrap();
    assert_ne!(again.instance(), seen);
    assert_eq!(desk.instance(), seen);
}
