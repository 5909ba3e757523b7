//! Readers beside a writer that never pauses: what they read must be one publication, whole, and
//! they must get it.

use shma_core::ShmState;
use shma_tests::child;
use shma_tests::region::Name;
use shma_tests::states::{Uniform, the_one};
use shma_tests::watchdog::watched;

/// Sizes from one word to a MiB, and how often to read each.
const SIZES: [(&str, u64); 5] =
    [("1", 50_000), ("8", 50_000), ("512", 25_000), ("8192", 4_000), ("131072", 200)];

/// Publication 1 holds 1, as all that follow hold their number.
fn create<const WORDS: usize>(name: &Name) -> Box<dyn std::any::Any> {
    let mut init = Uniform::<WORDS>::zeroed();
    init.words.fill(1);
    init.narrow.fill(1);
    init.wide.fill(1);
    Box::new(Uniform::create(name, &init).unwrap())
}

fn create_any(words: &str, name: &Name) -> Box<dyn std::any::Any> {
    match words {
        "1" => create::<1>(name),
        "8" => create::<8>(name),
        "512" => create::<512>(name),
        "8192" => create::<8192>(name),
        "131072" => create::<131_072>(name),
        other => panic!("{other} words"),
    }
}

/// Starts a writer and then readers, which check every value that they get and count them. They
/// end only with all their reads done: that is the other half of the promise.
fn read_beside(words: &str, write: &str, readers: &[&str], times: u64) {
    let name = Name::new("storm");
    let _state = create_any(words, &name);
    let mut writer = child!("storm", &name, words, write);
    writer.expect("writing");
    for how in readers {
        let mut reader = child!("look", &name, words, how, times);
        let line = reader.line();
        let gave_up: u64 = line.strip_prefix("gave up ").expect(&line).parse().unwrap();
        assert!(gave_up == 0 || how.ends_with("try"), "{how}: {line}");
        assert!(reader.end().success());
    }
    assert!(writer.ask("stop").starts_with("published "));
}

/// A reader that trusts the version alone accepts a slot that is being overwritten.
#[test]
fn no_read_beside_writes_is_mixed() {
    watched(|| {
        for (words, times) in SIZES {
            read_beside(words, "write", &["into", "boxed", "try"], times);
        }
    });
}

/// Element-wise calls store block by block, so their publications are under way for longer.
#[test]
fn no_read_beside_element_wise_updates_is_mixed() {
    watched(|| {
        for (words, times) in SIZES {
            read_beside(words, "elementwise", &["into", "newer"], times / 2);
        }
    });
}

/// The closure's private copy must be one publication as well.
#[test]
fn no_read_beside_updates_is_mixed() {
    watched(|| {
        for (words, times) in SIZES {
            read_beside(words, "update", &["into", "try"], times / 2);
        }
    });
}

/// A holder that publishes without a pause blocks no reader, and cannot be locked out.
#[test]
fn a_read_beside_a_held_writer_starves_or_mixes() {
    watched(|| {
        for (words, times) in SIZES {
            read_beside(words, "kept", &["into", "try", "newer", "readonly-into"], times / 4);
        }
    });
}

/// Who may not write cannot fall back to the semaphore, and must get through all the same.
#[test]
fn read_only_readers_neither_starve_nor_mix() {
    watched(|| {
        for (words, times) in SIZES {
            read_beside(words, "write", &["readonly-into", "readonly-boxed"], times / 2);
        }
    });
}

/// With two slots nearly every optimistic read of a large value is overtaken: only the fallback to
/// the semaphore gets the reader through.
#[test]
fn readers_of_two_slots_do_not_starve() {
    watched(|| {
        for (words, times) in SIZES {
            read_beside(words, "narrow-write", &["narrow-into"], times / 10);
        }
    });
}

/// With eight the slots go round in another way.
#[test]
fn readers_of_eight_slots_do_not_mix() {
    watched(|| {
        for (words, times) in SIZES {
            read_beside(words, "wide-write", &["wide-into"], times / 10);
        }
    });
}

/// Several writers take turns, each adding one; whatever is read is the number of its publication.
#[test]
fn several_writers_do_not_mix_their_values() {
    watched(|| {
        let name = Name::new("crowd");
        let mut state = Uniform::<8192>::zeroed();
        state.words.fill(1);
        let shared = Uniform::create(&name, &state).unwrap();
        let mut writers: Vec<_> = ["update", "update_with"]
            .iter()
            .map(|how| child!("add", "array-8192", &name, how, 3_000))
            .collect();
        writers.iter_mut().for_each(|writer| writer.expect("ready"));
        writers.iter_mut().for_each(|writer| writer.tell("go"));
        while u64::from(shared.words.version()) < 6_001 {
            let version = u64::from(shared.words.read_into(&mut state.words));
            assert_eq!(the_one(&state.words), version);
        }
        writers.iter_mut().for_each(|writer| writer.expect("done"));
    });
}
