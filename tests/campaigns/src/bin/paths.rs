//! The fast paths of the library, each called as often as it is told, for `instruction_counts`. Calls
//! without the struct, and those of C, stand beside the typed ones.

use std::ffi::{CString, c_void};
use std::hint::black_box;
use std::ptr::{null, null_mut};

use shma::{shma_field, shma_options, shma_state};
use shma_core::untyped::{self, Wait};
use shma_core::{Shm, ShmState};

/// Three small fields.
#[derive(ShmState)]
struct State {
    values: [f64; 8],
    step: u64,
    flags: [u32; 4],
}

/// The state, and its values as others have them.
struct Handles {
    typed: Shm<State>,
    untyped: untyped::Field,
    c: C,
}

/// Calls it so often.
type Path = fn(&Handles, u64);

/// Paths that publish nothing. The first is what the counting itself costs.
const LOOKS: [(&str, Path); 9] = [
    ("nothing", |_, times| repeat(times, || ())),
    ("version", |state, times| repeat(times, || state.typed.values.version())),
    ("read 64 B", |state, times| repeat(times, || state.typed.values.read())),
    ("try_read 64 B", |state, times| {
        let mut values = [0.0; 8];
        repeat(times, || state.typed.values.try_read(&mut values).unwrap());
    }),
    ("read_newer, nothing newer", |state, times| {
        let (seen, mut values) = (state.typed.values.version(), [0.0; 8]);
        repeat(times, || assert!(state.typed.values.read_newer(seen, &mut values).is_none()));
    }),
    ("get 8 B", |state, times| repeat(times, || state.typed.values.get(black_box(3)))),
    ("snapshot 3 fields", |state, times| {
        let mut copy = State::zeroed();
        repeat(times, || state.typed.snapshot_into(&mut copy));
    }),
    ("untyped read 64 B", |state, times| {
        let mut bytes = [0; 64];
        repeat(times, || state.untyped.read(&mut bytes).unwrap());
    }),
    ("C read 64 B", |state, times| {
        let mut bytes = [0; 64];
        repeat(times, || state.c.read(&mut bytes));
    }),
];

/// Paths that publish the values once a call. No waiter waits for them.
const CHANGES: [(&str, Path); 13] = [
    ("write 64 B", |state, times| repeat(times, || state.typed.values.write(black_box(&[1.0; 8])))),
    ("update 64 B", |state, times| {
        repeat(times, || {
            state.typed.values.update(|new, old| {
                for (new, old) in new.iter_mut().zip(old) {
                    *new = old + 1.0;
                }
            });
        });
    }),
    ("update_with 64 B", |state, times| {
        repeat(times, || {
            state.typed.values.update_with(black_box(&[1.0; 8]), |new, old| old + new)
        });
    }),
    ("update_range 16 B", |state, times| {
        repeat(times, || state.typed.values.update_range(2..4, |new, old| new[0] = old[1] + 1.0));
    }),
    ("set 8 B", |state, times| repeat(times, || state.typed.values.set(black_box(3), 1.0))),
    ("transaction 3 fields", |state, times| {
        repeat(times, || state.typed.transaction(|new, old| new.values[0] = old.values[0] + 1.0));
    }),
    ("transaction_of 2 of 3 fields", |state, times| {
        let typed = &state.typed;
        repeat(times, || {
            typed.transaction_of((&typed.values, &typed.step), |(values, step), (old, _)| {
                values[0] = old[0] + 1.0;
                *step += 1;
            });
        });
    }),
    ("untyped write 64 B", |state, times| {
        repeat(times, || state.untyped.write(black_box(&[1; 64]), Wait::Forever).unwrap());
    }),
    ("untyped update 64 B", |state, times| {
        repeat(times, || state.untyped.update(Wait::Forever, |new, _| new[0] += 1).unwrap());
    }),
    ("untyped hold, load, publish 64 B", |state, times| {
        let mut bytes = [0; 64];
        repeat(times, || {
            let held = state.untyped.hold(Wait::Forever).unwrap();
            held.load(&mut bytes).unwrap();
            bytes[0] += 1;
            held.publish(&bytes).unwrap()
        });
    }),
    ("C write 64 B", |state, times| repeat(times, || state.c.write(black_box(&[1; 64])))),
    ("C update 64 B", |state, times| repeat(times, || state.c.update(true))),
    ("C update 64 B, old value not asked for", |state, times| {
        repeat(times, || state.c.update(false));
    }),
];

/// The field of a region as C has it.
struct C {
    state: *mut shma_state,
    field: *mut shma_field,
}

impl C {
    fn open(directory: &str, region: &str) -> Self {
        let [directory, region] = [directory, region].map(|text| CString::new(text).unwrap());
        let options = shma_options {
            size: size_of::<shma_options>() as u32,
            mode: 0,
            read_only: 0,
            persistent: 0,
            prefault: 0,
            huge_pages: 0,
            wait_ms: 0,
            dir: directory.as_ptr(),
        };
        let (mut state, mut field) = (null_mut(), null_mut());
        // SAFETY: text, options and a place of this function.
        let code = unsafe { shma::shma_open(region.as_ptr(), null(), &options, &mut state) };
        assert_eq!(code, 0);
        let name = c"values".as_ptr();
        // SAFETY: a state that was opened, text and a place.
        let code = unsafe { shma::shma_field_open(state, name, null(), &mut field) };
        assert_eq!(code, 0);
        Self { state, field }
    }

    fn read(&self, into: &mut [u8; 64]) {
        let into = into.as_mut_ptr().cast();
        // SAFETY: a field that was opened, and memory of its size.
        assert_eq!(unsafe { shma::shma_read(self.field, into, 64, null_mut()) }, 0);
    }

    fn write(&self, value: &[u8; 64]) {
        let value = value.as_ptr().cast();
        // SAFETY: a field that was opened, and memory of its size.
        assert_eq!(unsafe { shma::shma_write(self.field, value, 64, -1, null_mut()) }, 0);
    }

    fn update(&self, with_old: bool) {
        let (mut new, mut old, mut update) = (null_mut(), null::<c_void>(), null_mut());
        let old = if with_old { &raw mut old } else { null_mut() };
        // SAFETY: a field that was opened, and places of this function.
        let code = unsafe { shma::shma_update_begin(self.field, -1, &mut new, old, &mut update) };
        assert_eq!(code, 0);
        // SAFETY: the first byte of the new value.
        unsafe { new.cast::<u8>().write(3) };
        // SAFETY: an update under way.
        assert_eq!(unsafe { shma::shma_update_commit(update, null_mut()) }, 0);
    }
}

impl Drop for C {
    fn drop(&mut self) {
        // SAFETY: not used again.
        unsafe { shma::shma_field_close(self.field) };
        // SAFETY: not used again.
        unsafe { shma::shma_close(self.state) };
    }
}

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
    let typed = State::options().dir(directory).create(region, &State::zeroed()).unwrap();
    let untyped = untyped::options().dir(directory).open(region, None).unwrap();
    let untyped = untyped.field("values").unwrap().clone();
    let state = Handles { typed, untyped, c: C::open(directory, region) };
    let publications = if let Some(look) = find(&LOOKS) {
        look(&state, times);
        0
    } else {
        find(&CHANGES).unwrap_or_else(|| panic!("there is no path `{path}`"))(&state, times);
        times
    };
    assert_eq!(
        u64::from(state.typed.values.version()),
        1 + publications,
        "a call did something else"
    );
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
