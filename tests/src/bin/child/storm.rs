//! A writer that never pauses, and readers beside it.

use std::sync::atomic::{AtomicBool, Ordering};

use shma_core::{Access, Error, Field, Shm, ShmState};
use shma_tests::states::{Uniform, the_one};

use crate::{next_line, say};

/// Calls a function for the number of words that is asked for.
macro_rules! for_words {
    ($words:expr, $function:ident($($argument:expr),*)) => {
        match $words {
            "1" => $function::<1>($($argument),*),
            "8" => $function::<8>($($argument),*),
            "512" => $function::<512>($($argument),*),
            "8192" => $function::<8192>($($argument),*),
            "131072" => $function::<131_072>($($argument),*),
            other => panic!("no state of {other} words"),
        }
    };
}

/// Publishes without pause until the input says so, or ends. Publication n holds n.
pub fn write(name: &str, words: &str, how: &str) {
    for_words!(words, write_uniform(name, how));
}

fn write_uniform<const WORDS: usize>(name: &str, how: &str) {
    let state: Shm<Uniform<WORDS>> = Uniform::open(name).unwrap();
    let going = AtomicBool::new(true);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| publish(&state, how, &going));
        say("writing");
        next_line();
        // Relaxed: a flag of its own.
        going.store(false, Ordering::Relaxed);
        say(&format!("published {}", writer.join().unwrap()));
    });
}

fn publish<const WORDS: usize>(state: &Shm<Uniform<WORDS>>, how: &str, going: &AtomicBool) -> u64 {
    let field = match how.split_once('-') {
        Some(("narrow", _)) => &state.narrow,
        Some(("wide", _)) => &state.wide,
        _ => &state.words,
    };
    let how = how.rsplit('-').next().unwrap();
    let mut value: Box<[u64; WORDS]> = shma_core::bytemuck::zeroed_box();
    let mut n = u64::from(field.version());
    if how == "kept" {
        let mut writer = field.writer().unwrap();
        while going.load(Ordering::Relaxed) {
            n += 1;
            value.fill(n);
            assert_eq!(u64::from(writer.write(&value)), n);
        }
        return n;
    }
    while going.load(Ordering::Relaxed) {
        n += 1;
        match how {
            "write" => {
                value.fill(n);
                field.write(&value);
            }
            "update" => field.update(|new, old| {
                assert_eq!(the_one(old), n - 1);
                new.fill(n);
            }),
            "elementwise" => _ = field.update_with(&value, |_, _| n),
            other => panic!("no way of writing is called {other}"),
        }
    }
    n
}

/// Reads so many times and says how often a bounded read gave up.
pub fn look(name: &str, words: &str, how: &str, times: &str) {
    let times = times.parse().unwrap();
    for_words!(words, look_uniform(name, how, times));
}

fn look_uniform<const WORDS: usize>(name: &str, how: &str, times: u64) {
    let gave_up = match how.split_once('-') {
        Some(("readonly", how)) => {
            let state: Shm<Uniform<WORDS>, _> = Uniform::open_read_only(name).unwrap();
            read(&state.words, how, times)
        }
        Some(("narrow", how)) => {
            let state: Shm<Uniform<WORDS>> = Uniform::open(name).unwrap();
            read(&state.narrow, how, times)
        }
        Some(("wide", how)) => {
            let state: Shm<Uniform<WORDS>> = Uniform::open(name).unwrap();
            read(&state.wide, how, times)
        }
        _ => {
            let state: Shm<Uniform<WORDS>> = Uniform::open(name).unwrap();
            read(&state.words, how, times)
        }
    };
    say(&format!("gave up {gave_up}"));
}

/// Reads so many times, and until it has met the writer often enough. Whatever is read holds the
/// number of its publication, and none older than the last one seen.
fn read<const WORDS: usize, A: Access>(
    field: &Field<[u64; WORDS], A>,
    how: &str,
    times: u64,
) -> u64 {
    let mut value: Box<[u64; WORDS]> = shma_core::bytemuck::zeroed_box();
    let mut gave_up = 0;
    let (mut reads, mut last, mut changes) = (0, 0, 0);
    while reads < times || changes < 20 {
        reads += 1;
        let before = u64::from(field.version());
        let version = match how {
            "into" => u64::from(field.read_into(&mut value)),
            "boxed" => {
                value = field.read_boxed();
                value[0]
            }
            "try" => match field.try_read(&mut value) {
                Ok(version) => u64::from(version),
                Err(Error::Contended { .. }) => {
                    gave_up += 1;
                    continue;
                }
                Err(error) => panic!("{error}"),
            },
            "newer" => match field.read_newer(shma_core::Version::default(), &mut value) {
                Some(version) => u64::from(version),
                None => panic!("there is something newer than nothing"),
            },
            other => panic!("no way of reading is called {other}"),
        };
        assert_eq!(the_one(&*value), version, "the value is that of its version");
        assert!(version >= before, "read {version} after having seen {before}");
        assert!(version >= last, "read {version} after {last}");
        changes += u64::from(version != last);
        last = version;
    }
    gave_up
}
