//! The writer that never pauses.

use std::io::{Write, stdin, stdout};
use std::sync::atomic::{AtomicBool, Ordering};

use shma_core::untyped::Wait;
use shma_core::{Field, Shm, ShmState};

use super::payload::{expected, fill, stay};
use shma_tests::region::{self, InDirectory};
use shma_tests::states::Uniform;

/// A region in which every field has the value of its first version.
pub(super) fn create<const WORDS: usize>(name: &str) -> Shm<Uniform<WORDS>> {
    let mut first = Uniform::<WORDS>::zeroed();
    fill(&mut first.words, 1);
    fill(&mut first.narrow, 1);
    fill(&mut first.wide, 1);
    Uniform::in_directory().create(name, &first).unwrap()
}

/// Publishes until it is told to stop, and says how often.
pub(super) fn write<const WORDS: usize>(name: &str, field: &str, way: &str) {
    let state = Uniform::<WORDS>::in_directory().open(name).unwrap();
    let going = AtomicBool::new(true);
    say("ready");
    wait();
    let published = std::thread::scope(|scope| {
        let publisher = scope.spawn(|| publish(&state, field, way, &going));
        say("writing");
        wait();
        // Relaxed, here and below: a flag of its own.
        going.store(false, Ordering::Relaxed);
        publisher.join().unwrap()
    });
    say(&format!("published {published}"));
}

pub(super) fn say(line: &str) {
    let mut out = stdout().lock();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}

pub(super) fn wait() {
    stdin().read_line(&mut String::new()).unwrap();
}

/// The field of this name.
pub(super) fn choose<'s, const WORDS: usize, A: shma_core::Access>(
    state: &'s Shm<Uniform<WORDS>, A>,
    field: &str,
) -> &'s Field<[u64; WORDS], A> {
    match field {
        "usual" => &state.words,
        "narrow" => &state.narrow,
        "wide" => &state.wide,
        other => panic!("no field is called {other}"),
    }
}

/// What the manifest calls it.
pub(super) fn field_name(field: &str) -> &str {
    if field == "usual" { "words" } else { field }
}

fn publish<const WORDS: usize>(
    state: &Shm<Uniform<WORDS>>,
    field: &str,
    way: &str,
    going: &AtomicBool,
) -> u64 {
    stay(0);
    let chosen = choose(state, field);
    let mut value = state.words.read_boxed();
    let untyped = region::untyped().open(state.name(), None).unwrap();
    let untyped = untyped.field(field_name(field)).unwrap();
    let first = u64::from(chosen.version());
    let mut version = first;
    while going.load(Ordering::Relaxed) {
        version += 1;
        match way {
            "write" => {
                fill(&mut value[..], version);
                chosen.write(&value);
            }
            "update" => chosen.update(|new, _| fill(new, version)),
            "update_with" => {
                let mut at = 0..;
                chosen.update_with(&value, |_, _| {
                    expected(version, at.next().expect("it has no end"))
                });
            }
            "transaction" => state.transaction(|new, _| {
                fill(
                    match field {
                        "usual" => new.words,
                        "narrow" => new.narrow,
                        _ => new.wide,
                    },
                    version,
                );
            }),
            "hold" => {
                let held = untyped.hold(Wait::Forever).unwrap();
                fill(&mut value[..], version);
                held.publish(bytemuck::cast_slice(&value[..])).unwrap();
            }
            other => panic!("no way of writing is called {other}"),
        }
    }
    version - first
}
