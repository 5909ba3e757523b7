//! A state whose fields change together: publication n of a transaction makes each of them n.

use shma_core::{Access, Shm, ShmState};

/// Fields of several shapes, sizes and numbers of slots. One is left alone by transactions.
#[derive(Debug, ShmState)]
pub struct FiveFields {
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

impl FiveFields {
    /// A state with these numbers.
    pub fn with(numbers: Numbers) -> Box<Self> {
        let mut state = Self::zeroed();
        let [first, pair, odd, still, large] = numbers;
        state.first = first;
        state.pair.fill(pair);
        state.odd.fill(odd_bytes(odd));
        state.still.fill(still);
        state.large.fill(large);
        state
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
        found.expect("a field of the state").offset
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
    // A comparison of memory, which is fast without optimisation too.
    if values[1..] != values[..values.len() - 1] {
        let at = values.iter().position(|value| *value != first).unwrap();
        panic!("`{field}` is mixed: {first:?} at 0, {:?} at {at}", values[at]);
    }
    first
}

/// Changes the named fields to a number, as one, and tells `inside` while it does.
pub fn transact(state: &Shm<FiveFields>, fields: &[&str], number: u64, inside: impl FnOnce()) {
    state.transaction(|new, _| {
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

/// Changes all fields except `still` to a number, by a transaction of these alone, which it names in
/// another order than the declaration.
pub fn transact_of(state: &Shm<FiveFields>, number: u64) {
    let fields = (&state.large, &state.first, &state.odd, &state.pair);
    state.transaction_of(fields, |(large, first, odd, pair), _| {
        *first = number;
        pair.fill(number);
        odd.fill(odd_bytes(number));
        large.fill(number);
    });
}

/// Publishes a field as it is, each in another way.
pub fn touch(state: &Shm<FiveFields>, field: &str) {
    match field {
        "first" => state.first.update(|_, _| ()),
        "pair" => state.pair.update_range(99.., |_, _| ()),
        "odd" => state.odd.update_range(2..5, |_, _| ()),
        "still" => _ = state.still.update_with(&[0; 4], |_, old| old),
        "large" => state.large.update_range(100..900, |_, _| ()),
        other => panic!("no field is called {other}"),
    }
}

/// The versions of the fields that transactions can change.
pub fn versions<A: Access>(state: &Shm<FiveFields, A>) -> Numbers {
    [
        state.first.version(),
        state.pair.version(),
        state.odd.version(),
        state.still.version(),
        state.large.version(),
    ]
    .map(u64::from)
}
