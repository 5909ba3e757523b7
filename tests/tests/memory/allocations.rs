//! Calls that allocate nothing once they are warm.

use crate::asked_for;
use shma_core::{Shm, ShmState};
use shma_tests::region::Name;

#[track_caller]
fn allocates_nothing_once_warm(what: &str, mut call: impl FnMut()) {
    call();
    let bytes = asked_for(|| (0..100).for_each(|_| call()));
    assert_eq!(bytes, 0, "{what} allocates");
}

#[derive(ShmState)]
struct Few {
    first: u64,
    /// Its copies do not go on the stack.
    large: [u64; 4096],
    #[shm(atomic)]
    calls: [u32; 3],
    last: [f64; 8],
}

/// More fields than a list on the stack has room for.
#[derive(ShmState)]
#[rustfmt::skip]
struct Many {
    a: u64, b: u64, c: u64, d: u64, e: u64, f: u64, g: u64, h: u64, i: u64, j: u64,
    k: u64, l: u64, m: u64, n: u64, o: u64, p: u64, q: u64, r: u64, s: u64, t: u64,
}

fn create<S: ShmState>(hint: &str) -> (Name, Shm<S>) {
    let name = Name::new(hint);
    let state = S::create(&name, &S::zeroed()).unwrap();
    (name, state)
}

/// An allocation takes longer than all the rest of a small call, and may wait for other threads.
#[test]
fn warm_calls_allocate_nothing() {
    let (_name, few) = create::<Few>("few");
    let (_other_name, many) = create::<Many>("many");
    let (mut copy, mut large, mut last) = (Few::zeroed(), Box::new([0; 4096]), [0.0; 8]);
    let mut copy_of_many = Many::zeroed();
    allocates_nothing_once_warm("update", || few.large.update(|new, _| new[7] += 1));
    allocates_nothing_once_warm("read_into", || few.read_into(&mut copy));
    allocates_nothing_once_warm("snapshot_into", || few.snapshot_into(&mut copy));
    allocates_nothing_once_warm("try_snapshot_into", || few.try_snapshot_into(&mut copy).unwrap());
    allocates_nothing_once_warm("snapshot_into of 20", || many.snapshot_into(&mut copy_of_many));
    allocates_nothing_once_warm("snapshot_of", || {
        few.snapshot_of((&few.last, &few.large), (&mut last, &mut *large));
    });
    allocates_nothing_once_warm("transaction", || {
        few.transaction(|new, old| (*new.first, new.last[0]) = (old.first + 1, old.last[0] + 1.0));
    });
    allocates_nothing_once_warm("transaction of 20", || {
        many.transaction(|new, old| (*new.a, *new.t) = (old.t + 1, old.a + 1));
    });
    allocates_nothing_once_warm("transaction_of", || {
        few.transaction_of((&few.large, &few.first), |(large, first), _| {
            (large[4], *first) = (large[4] + 1, *first + 1);
        });
    });
    assert_eq!(u64::from(few.first.version()), 203);
}

/// A state of which there is room for two copies in memory has to be saved and loaded all the same.
#[test]
fn a_checkpoint_copies_the_state_once() {
    #[derive(ShmState)]
    struct Wide {
        rows: [[f32; 1024]; 2048],
        #[shm(atomic)]
        hits: [u64; 1 << 20],
    }
    let (_name, wide) = create::<Wide>("wide");
    let folder = env!("CARGO_TARGET_TMPDIR");
    let file = std::path::Path::new(folder).join(format!("wide-{}", std::process::id()));
    // Headers, messages and records.
    let most = size_of::<Wide>() + (64 << 10);
    let asked = asked_for(|| wide.checkpoint(&file).unwrap());
    assert!(asked <= most, "saving asks for {asked}");
    let asked = asked_for(|| drop(Wide::load(&file).unwrap()));
    std::fs::remove_file(&file).unwrap();
    assert!(asked <= most, "loading asks for {asked}");
}

/// The count itself.
#[test]
#[should_panic(expected = "a box allocates")]
fn an_allocation_is_counted() {
    allocates_nothing_once_warm("a box", || drop(std::hint::black_box(Box::new(1))));
}
