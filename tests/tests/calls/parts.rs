//! Parts of arrays that change more than they should, or less, or stay behind.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use shma_core::{Access, Field, Shm, ShmState};
use shma_tests::child::Child;
use shma_tests::notes::Notes;
use shma_tests::panics::panic_of;
use shma_tests::parts::{BEGUN, ENDED, Parts, change, difference, look};
use shma_tests::region::Name;
use shma_tests::rng::Rng;
use shma_tests::sizes;
use shma_tests::slot_counts::{self, SlotCounts};
use shma_tests::switched;
use shma_tests::watchdog::{until, watched};

fn create(hint: &str) -> (Name, Shm<Parts>) {
    let name = Name::new(hint);
    let shared = Parts::create(&name, &Parts::zeroed()).unwrap();
    (name, shared)
}

#[track_caller]
fn agree<A: Access>(shared: &Shm<Parts, A>, model: &Parts, when: &str) {
    if let Some(difference) = difference(&shared.snapshot(), model) {
        panic!("{when}: {difference}, first in shared memory and then in the model");
    }
}

/// Changes of all kinds in random order, whole and in part, in arrays of all element sizes and all
/// numbers of slots. The region holds what a plain array does. Two handles take turns, since a part
/// depends on what others have changed.
#[test]
fn parts_change_what_a_plain_array_would() {
    watched(|| {
        let (name, shared) = create("model");
        let seen = Parts::open_read_only(&name).unwrap();
        let second = Parts::open(&name).unwrap();
        let mut model = Parts::zeroed();
        let seed = Rng::seed();
        for number in 0..sizes::either(1_500, 4_000) {
            let rng = Rng::new(seed ^ number);
            let by = if number % 3 == 0 { &second } else { &shared };
            change(Some(by), &mut model, rng.clone());
            look(&seen, &mut model, rng);
            if number % 100 == 0 {
                agree(&shared, &model, &format!("after change {number}"));
            }
        }
        agree(&seen, &model, "at the end");
    });
}

/// Ranges as people write them.
#[test]
fn every_kind_of_range_means_what_it_says() {
    watched(|| {
        let (_name, shared) = create("ranges");
        let field = &shared.bytes4;
        let last = 30_000;
        field.update_range(.., |new, _| new.fill(1));
        field.update_range(..5, |new, _| new.fill(2));
        field.update_range(..=2, |new, _| new.fill(3));
        field.update_range(last.., |new, _| new.fill(4));
        field.update_range(10..13, |new, _| new.fill(5));
        field.update_range(13..=13, |new, _| new.fill(6));
        field.update_range(20..20, |new, old| assert!(new.is_empty() && old.is_empty()));
        field.update_range(last + 1.., |new, _| assert!(new.is_empty()));
        let mut start = [0; 15];
        field.read_range(..15, &mut start);
        assert_eq!(start, [3, 3, 3, 2, 2, 1, 1, 1, 1, 1, 5, 5, 5, 6, 1]);
        assert_eq!((field.get(last - 1), field.get(last)), (1, 4));
        field.read_range(7..7, &mut []);
        let result = shared.rows2.update_range(430.., |new, _| {
            new[0][6][4] = 9;
            "the row's"
        });
        assert_eq!((result, shared.rows2.get(430)[6]), ("the row's", [0, 0, 0, 0, 9]));
    });
}

/// An index past the end would be the next slot's.
#[test]
fn a_part_out_of_range_panics() {
    watched(|| {
        let (name, shared) = create("neighbour");
        let field = &shared.rows4;
        let row = [[0; 5]; 7];
        for panic in [
            panic_of(|| field.set(431, row)),
            panic_of(|| _ = field.get(431)),
            panic_of(|| _ = field.get(usize::MAX)),
            panic_of(|| field.update_range(430..432, |_, _| ())),
            panic_of(|| field.update_range(..=431, |_, _| ())),
            panic_of(|| field.update_range(432.., |_, _| ())),
            panic_of(|| field.update_range(..=usize::MAX, |_, _| ())),
            #[expect(clippy::reversed_empty_ranges, reason = "it is to be refused")]
            panic_of(|| field.update_range(5..4, |_, _| ())),
            panic_of(|| _ = field.read_range(430..432, &mut [row; 2])),
            panic_of(|| _ = field.read_range(0..3, &mut [row; 2])),
            panic_of(|| _ = field.read_range(0..3, &mut [row; 4])),
            panic_of(|| _ = field.read_range(.., &mut [])),
        ] {
            assert!(panic.contains("`rows4`") && panic.contains(&*name), "{panic}");
        }
        assert_eq!(u64::from(field.version()), 1, "such a call is none");
        field.update_range(431.., |new, _| assert!(new.is_empty()));
        field.try_update(|_, _| ()).expect("the semaphore is free");
        agree(&shared, &Parts::zeroed(), "after all of it");
    });
}

/// A closure has changed its copy when it panics, and the slot is prepared or not. Nothing of it
/// may show, also not later, when that slot is brought up to date.
#[test]
fn a_panic_in_a_part_publishes_nothing() {
    watched(|| {
        let (name, shared) = create("panic");
        let seen = Parts::open_read_only(&name).unwrap();
        let mut model = Parts::zeroed();
        for number in 0..sizes::either(30, 100) {
            let before = shared.particles2.version();
            let first = number as usize * 3;
            let panic = panic_of(|| {
                shared.particles2.update_range(first..first + 50, |new, _| {
                    new.iter_mut().for_each(|particle| particle.id = 666);
                    panic!("enough {number}");
                });
            });
            assert_eq!(panic, format!("enough {number}"), "the panic is the closure's");
            assert_eq!(shared.particles2.version(), before);
            agree(&seen, &model, "after a panic");
            (0..3).for_each(|_| change(Some(&shared), &mut model, Rng::new(number)));
        }
        agree(&seen, &model, "at the end");
    });
}

/// A writer changes part after part, and sometimes all, without pause. What a reader gets of it,
/// whole or in part, has to be what the publication of that version was.
#[test]
fn no_read_beside_partial_updates_is_mixed() {
    watched(|| {
        for field in ["narrow", "usual", "wide"] {
            let name = Name::new("stripes");
            let shared = SlotCounts::create(&name, &SlotCounts::zeroed()).unwrap();
            let seen = SlotCounts::open_read_only(&name).unwrap();
            let program = env!("CARGO_BIN_EXE_child");
            let mut writer = Child::start(program, &["write-slots", &name, field]);
            writer.expect("going");
            match field {
                "narrow" => (read(&shared.narrow), read(&seen.narrow)),
                "usual" => (read(&shared.usual), read(&seen.usual)),
                _ => (read(&shared.wide), read(&seen.wide)),
            };
            writer.tell("stop");
            assert!(writer.end().success());
        }
    });
}

fn read<A: Access, const N: usize>(field: &Field<[u32; N], A>) {
    let mut whole = [0; N];
    let mut rng = Rng::new(7);
    let mut last = field.version();
    let mut publications = 0;
    let enough = sizes::either(60, 200);
    while publications < enough {
        let version = field.read_into(&mut whole);
        slot_counts::check(0, &whole, version.into());
        publications += u32::from(version != last);
        last = version;
        let first = rng.below(N);
        let part = &mut whole[first..][..rng.below(N - first + 1)];
        let version = field.read_range(first..first + part.len(), part);
        slot_counts::check(first, part, version.into());
        let before = u64::from(field.version());
        let element = field.get(first);
        let after = u64::from(field.version());
        let possible =
            (before..=after).any(|version| slot_counts::expected(first, version) == element);
        assert!(possible, "{element} between publications {before} and {after}");
    }
}

/// A writer that is killed, what it has noted, and the array that follows what it does.
struct Chain {
    name: Name,
    notes: Notes,
    shared: Shm<Parts>,
    model: Box<Parts>,
    seed: u64,
    /// The change up to which the model has followed.
    followed: u64,
}

impl Chain {
    fn new() -> Self {
        let (name, shared) = create("chain");
        let notes = Notes::create(&name);
        Self { notes, name, shared, model: Parts::zeroed(), seed: Rng::seed(), followed: 0 }
    }

    /// Starts the next writer, which is going to die.
    fn start(&self, program: &Path, stop: &str) -> Mortal {
        let mut command = Command::new(program);
        command.args(["write-parts", &self.name, self.notes.path(), &self.seed.to_string()]);
        command.env("SHMA_STOP", stop).stdin(Stdio::null()).stdout(Stdio::null());
        Mortal(command.spawn().unwrap())
    }

    /// The writer is dead: the region holds what it was before the change at hand, or after it.
    fn follow(&mut self, when: &str) {
        let (begun, ended) = (self.notes.read(BEGUN), self.notes.read(ENDED));
        for number in self.followed + 1..=ended {
            self.change(number);
        }
        if begun > ended.max(self.followed)
            && difference(&self.shared.snapshot(), &self.model).is_some()
        {
            self.change(begun);
        }
        self.followed = begun;
        agree(
            &self.shared,
            &self.model,
            &format!("{when}, in change {begun} of seed {}", self.seed),
        );
    }

    fn change(&mut self, number: u64) {
        change(None, &mut self.model, Rng::new(self.seed ^ number));
    }
}

/// A process that dies by SIGKILL: its own, or ours.
struct Mortal(std::process::Child);

impl Mortal {
    fn await_death(mut self) {
        let status = self.0.wait().unwrap();
        assert_eq!(status.signal(), Some(libc::SIGKILL), "{status}");
    }
}

impl Drop for Mortal {
    fn drop(&mut self) {
        // Both fail only when it has ended and was reaped.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Writers die one after the other at the places of a publication, each after some more changes.
/// The places lie in the middle of catching up, before and after the range is marked, and before
/// and after the instant.
#[test]
fn a_death_in_a_publication_leaves_every_slot_whole() {
    const PLACES: [&str; 8] = [
        "acquire.acquired",
        "publish.begun",
        "publish.caught_up",
        "publish.caught_up",
        "publish.marked",
        "publish.stored",
        "publish.published",
        "wake.released",
    ];
    let program = switched::program("child");
    watched(move || {
        let mut chain = Chain::new();
        let mut rng = Rng::new(chain.seed);
        for place in PLACES.iter().cycle().take(sizes::either(3, 15) * PLACES.len()) {
            let stop = format!("{place}:{}", 1 + rng.below(20));
            chain.start(&program, &stop).await_death();
            chain.follow(&stop);
        }
        // Every slot of every field has its turn.
        for number in 0..400 {
            change(Some(&chain.shared), &mut chain.model, Rng::new(number));
        }
        agree(&chain.shared, &chain.model, "in the end");
    });
}

/// And at any instruction: in the middle of a copy, of a word's neighbours, of anything.
#[test]
fn a_kill_at_any_instant_leaves_every_slot_whole() {
    watched(|| {
        let mut chain = Chain::new();
        let mut rng = Rng::new(chain.seed);
        for _ in 0..sizes::either(10, 60) {
            let mut writer = chain.start(Path::new(env!("CARGO_BIN_EXE_child")), "");
            let begun = chain.followed;
            until("it writes", || chain.notes.read(BEGUN) > begun);
            std::thread::sleep(Duration::from_micros(rng.below(1500) as u64));
            writer.0.kill().unwrap();
            writer.await_death();
            chain.follow("a kill");
        }
    });
}
