//! The fast paths of the library, each called as often as it is told, for `instruction_counts`.

use std::hint::black_box;

use shma_core::{Shm, ShmState};

/// Three small fields.
#[derive(ShmState)]
struct State {
    values: [f64; 8],
    step: u64,
    flags: [u32; 4],
}

/// Calls it so often.
type Path = fn(&Shm<State>, u64);

/// Paths that publish nothing. The first is what the counting itself costs.
const LOOKS: [(&str, Path); 7] = [
    ("nothing", |_, times| repeat(times, || ())),
    ("version", |state, times| repeat(times, || state.values.version())),
    ("read 64 B", |state, times| repeat(times, || state.values.read())),
    ("try_read 64 B", |state, times| {
        let mut values = [0.0; 8];
        repeat(times, || state.values.try_read(&mut values).unwrap());
    }),
    ("read_newer, nothing newer", |state, times| {
        let (seen, mut values) = (state.values.version(), [0.0; 8]);
        repeat(times, || assert!(state.values.read_newer(seen, &mut values).is_none()));
    }),
    ("get 8 B", |state, times| repeat(times, || state.values.get(black_box(3)))),
    ("snapshot 3 fields", |state, times| {
        let mut copy = State::zeroed();
        repeat(times, || state.snapshot_into(&mut copy));
    }),
];

/// Paths that publish the values once a call. No waiter waits for them.
const CHANGES: [(&str, Path); 6] = [
    ("write 64 B", |state, times| repeat(times, || state.values.write(black_box(&[1.0; 8])))),
    ("update 64 B", |state, times| {
        repeat(times, || {
            state.values.update(|new, old| {
                for (new, old) in new.iter_mut().zip(old) {
                    *new = old + 1.0;
                }
            });
        });
    }),
    ("update_with 64 B", |state, times| {
        repeat(times, || state.values.update_with(black_box(&[1.0; 8]), |new, old| old + new));
    }),
    ("update_range 16 B", |state, times| {
        repeat(times, || state.values.update_range(2..4, |new, old| new[0] = old[1] + 1.0));
    }),
    ("set 8 B", |state, times| repeat(times, || state.values.set(black_box(3), 1.0))),
    ("transaction 3 fields", |state, times| {
        repeat(times, || state.transaction(|new, old| new.values[0] = old.values[0] + 1.0));
    }),
];

fn repeat<R>(times: u64, mut call: impl FnMut() -> R) {
    for _ in 0..times {
        black_box(call());
    }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["list"] => LOOKS.iter().chain(&CHANGES).for_each(|(name, _)| println!("{name}")),
        ["processor"] => println!("{}", processor()),
        ["walk", path, directory, region, times] => {
            walk(path, directory, region, times.parse().unwrap());
        }
        _ => panic!("unknown arguments {arguments:?}"),
    }
}

fn walk(path: &str, directory: &str, region: &str, times: u64) {
    let find = |paths: &[(&str, Path)]| paths.iter().find(|(name, _)| *name == path).map(|it| it.1);
    let state = State::options().dir(directory).create(region, &State::zeroed()).unwrap();
    let publications = if let Some(look) = find(&LOOKS) {
        look(&state, times);
        0
    } else {
        find(&CHANGES).unwrap_or_else(|| panic!("there is no path `{path}`"))(&state, times);
        times
    };
    assert_eq!(u64::from(state.values.version()), 1 + publications, "a call did something else");
}

/// What the library may choose its ways by.
fn processor() -> String {
    #[cfg(target_arch = "x86_64")]
    let features = [
        ("avx", std::is_x86_feature_detected!("avx")),
        ("avx2", std::is_x86_feature_detected!("avx2")),
        ("avx512f", std::is_x86_feature_detected!("avx512f")),
        ("ermsb", std::is_x86_feature_detected!("ermsb")),
    ];
    #[cfg(not(target_arch = "x86_64"))]
    let features: [(&str, bool); 0] = [];
    let present = features.iter().filter(|(_, present)| *present).map(|(name, _)| *name);
    std::iter::once(std::env::consts::ARCH).chain(present).collect::<Vec<_>>().join(" ")
}
