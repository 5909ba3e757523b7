//! A state whose fields change together: publication n of a transaction makes each of them n.

use shma_core::{Access, Shm, ShmState};

/// Fields of several shapes, sizes and numbers of slots. One is left alone by transactions.
#[derive(Debug, ShmState)]
pub struct Ledger {
    pub first: u64,
    #[shm(slots = 2)]
    pub pair: [u64; 100],
    /// Ends between words.
    pub odd: [[u8; 3]; 7],
    pub still: [u64; 4],
    #[shm(slots = 8, timed)]
    pub large: [u64; 2048],
    #[shm(atomic)]
    pub hits: [u64; 2],
}

/// The fields that a transaction can change, by name, in declaration order.
pub const FIELDS: [&str; 5] = ["first", "pair", "odd", "still", "large"];

/// What each field holds.
pub type Numbers = [u64; FIELDS.len()];

impl Ledger {
    /// A ledger with these numbers.
    pub fn with(numbers: Numbers) -> Box<Self> {
        let mut ledger = Self::zeroed();
        let [first, pair, odd, still, large] = numbers;
        ledger.first = first;
        ledger.pair.fill(pair);
        ledger.odd.fill(odd_bytes(odd));
        ledger.still.fill(still);
        ledger.large.fill(large);
        ledger
    }

    /// What its fields hold.
    ///
    /// # Panics
    ///
    /// If one of them is a mixture.
    #[track_caller]
    pub fn numbers(&self) -> Numbers {
        let odd = the_same(&self.odd, "odd");
        [
            self.first,
            the_same(&self.pair, "pair"),
            u64::from_le_bytes([odd[0], odd[1], odd[2], 0, 0, 0, 0, 0]),
            the_same(&self.still, "still"),
            the_same(&self.large, "large"),
        ]
    }

    /// Where the partition of a field starts.
    pub fn partition(field: &str) -> usize {
        let found = Self::MANIFEST.fields.iter().find(|found| found.name == field);
        found.expect("a field of the ledger").offset
    }
}

/// A number that fits in three bytes.
pub fn odd_bytes(number: u64) -> [u8; 3] {
    let [a, b, c, rest @ ..] = number.to_le_bytes();
    assert_eq!(rest, [0; 5]);
    [a, b, c]
}

#[track_caller]
fn the_same<T: Copy + PartialEq + std::fmt::Debug>(values: &[T], field: &str) -> T {
    let first = values[0];
    if let Some(at) = values.iter().position(|value| *value != first) {
        panic!("`{field}` is mixed: {first:?} at 0, {:?} at {at}", values[at]);
    }
    first
}

/// Changes the named fields to a number, as one, and tells `inside` while it does.
pub fn transact(ledger: &Shm<Ledger>, fields: &[&str], number: u64, inside: impl FnOnce()) {
    ledger.transaction(|new, _| {
        for field in fields {
            match *field {
                "first" => *new.first = number,
                "pair" => new.pair.fill(number),
                "odd" => new.odd.fill(odd_bytes(number)),
                "still" => new.still.fill(number),
                "large" => new.large.fill(number),
                other => panic!("no field is called {other}"),
            }
        }
        inside();
    });
}

/// Publishes a field as it is, each in another way.
pub fn touch(ledger: &Shm<Ledger>, field: &str) {
    match field {
        "first" => ledger.first.update(|_, _| ()),
        "pair" => ledger.pair.update_range(99.., |_, _| ()),
        "odd" => ledger.odd.update_range(2..5, |_, _| ()),
        "still" => _ = ledger.still.update_with(&[0; 4], |_, old| old),
        "large" => ledger.large.update_range(100..900, |_, _| ()),
        other => panic!("no field is called {other}"),
    }
}

/// The versions of the fields that transactions can change.
pub fn versions<A: Access>(ledger: &Shm<Ledger, A>) -> Numbers {
    [
        ledger.first.version(),
        ledger.pair.version(),
        ledger.odd.version(),
        ledger.still.version(),
        ledger.large.version(),
    ]
    .map(u64::from)
}
