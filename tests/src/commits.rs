//! Committers of a state that end at a place of the commit that is named, and what every process
//! has to see then.

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use shma_core::{Access, Error, ReadOnly, Shm, ShmState, Version};

use crate::child::Child;
use crate::five_fields::{FIELDS, FiveFields, Numbers, touch, transact, versions};
use crate::region::{Name, header};

/// Where a committer comes by before the transaction has happened.
pub const BEFORE: [&str; 6] = [
    "acquire.acquired",
    "transaction.acquired",
    "publish.begun",
    "publish.marked",
    "commit.slot",
    "commit.stored",
];

/// And from then on.
pub const AFTER: [&str; 6] = [
    "commit.happened",
    "publish.stored",
    "publish.published",
    "commit.version",
    "commit.done",
    "wake.released",
];

/// Those of who takes over from the dead, up to and after its own publication.
pub const RECOVERY: [&str; 10] = [
    "acquire.taken_over",
    "recover.version",
    "recover.done",
    "recover.woken",
    "acquire.acquired",
    "publish.begun",
    "publish.caught_up",
    "publish.marked",
    "publish.published",
    "wake.released",
];

/// The fields that take part.
pub const PART_TAKERS: &str = "first,pair,odd,large";

/// A state, and what it has to hold.
#[derive(Debug)]
pub struct Story {
    program: PathBuf,
    pub name: Name,
    pub state: Shm<FiveFields>,
    pub seen: Shm<FiveFields, ReadOnly>,
    /// What all hold that transactions change.
    pub number: u64,
    versions: Numbers,
    /// How committers are told to commit: by a transaction of all fields, or of those it changes.
    pub call: &'static str,
}

/// Both ways to commit.
pub const CALLS: [&str; 2] = ["transact", "transact-of"];

impl Story {
    /// The committers are this program, built with stop points.
    pub fn new(program: &Path) -> Self {
        let name = Name::new("deaths");
        let state = FiveFields::create(&name, &FiveFields::with([1, 1, 1, 7, 1])).unwrap();
        let seen = FiveFields::open_read_only(&name).unwrap();
        Self {
            program: program.into(),
            name,
            state,
            seen,
            number: 1,
            versions: [1; 5],
            call: CALLS[0],
        }
    }

    /// Starts the program, to end at this place, or to stop there.
    pub fn start(&self, stop: &str, arguments: &[&str]) -> Child {
        Child::start_command(Command::new(&self.program).args(arguments).env("SHMA_STOP", stop))
    }

    /// Starts the next transaction, which ends at this place.
    pub fn commit(&self, stop: &str) -> Child {
        let next = (self.number + 1).to_string();
        self.start(stop, &[self.call, &self.name, &next, PART_TAKERS])
    }

    /// Whether a transaction died at this place; it may be past all of them.
    pub fn dies(&self, stop: &str) -> bool {
        killed(self.commit(stop))
    }

    /// The transaction under way counts from now on.
    pub fn happened(&mut self) {
        self.number += 1;
        [0, 1, 2, 4].iter().for_each(|field| self.versions[*field] += 1);
    }

    /// A process has published a field as it was.
    pub fn touched(&mut self, field: &str) {
        let index = FIELDS.iter().position(|name| *name == field).unwrap();
        self.versions[index] += 1;
    }

    /// Every process sees just that, by whatever call.
    #[track_caller]
    pub fn stands(&self, when: &str) {
        stands(&self.state, self.number, self.versions, when);
        stands(&self.seen, self.number, self.versions, when);
    }

    /// What those see who have seen all that was before these versions of `first` and `still`:
    /// whether there is something newer.
    #[track_caller]
    pub fn is_newer(&self, since: [Version; 2], expected: bool) {
        let number = expected.then_some(self.number);
        newer(&self.state, since, number);
        newer(&self.seen, since, number);
    }

    /// Takes over by a call on one field or on all, and goes through every slot.
    pub fn take_over(&mut self, by: &str) {
        match by {
            "transaction" => {
                transact(&self.state, &["first", "pair", "odd", "large"], self.number + 1, || ());
                self.happened();
            }
            "first" => {
                self.state.first.try_update(|_, _| ()).expect("a dead owner is replaced");
                self.touched(by);
            }
            field => {
                touch(&self.state, field);
                self.touched(field);
            }
        }
        self.stands(by);
        assert_eq!(self.name.bytes().u64(header::COMMIT) % 2, 0, "the commit has ended");
        for _ in 0..8 {
            for field in FIELDS {
                touch(&self.state, field);
                self.touched(field);
            }
            self.stands("all slots");
        }
    }
}

/// Whether it was killed; if not, it has ended well.
pub fn killed(child: Child) -> bool {
    let status = child.end();
    assert!(status.success() || status.signal() == Some(libc::SIGKILL), "{status}");
    !status.success()
}

#[track_caller]
fn stands<A: Access>(state: &Shm<FiveFields, A>, number: u64, expected: Numbers, when: &str) {
    let numbers = [number, number, number, 7, number];
    assert_eq!(versions(state), expected, "{when}");
    assert_eq!(state.snapshot().numbers(), numbers, "{when}");
    assert_eq!(state.read_boxed().numbers(), numbers, "{when}");
    let mut copy = FiveFields::zeroed();
    state.try_snapshot_into(&mut copy).unwrap();
    assert_eq!(copy.numbers(), numbers, "{when}");
    assert_eq!((state.first.read(), state.pair.get(50)), (number, number), "{when}");
    assert_eq!(u64::from(state.large.try_read(&mut copy.large).unwrap()), expected[4], "{when}");
    let mut part = [0; 900];
    let version = state.large.read_range(100..1000, &mut part);
    assert_eq!((u64::from(version), part), (expected[4], [number; 900]), "{when}");
}

#[track_caller]
fn newer<A: Access>(state: &Shm<FiveFields, A>, since: [Version; 2], number: Option<u64>) {
    let [first, still] = since;
    let waited = state.first.wait_newer(first, Duration::ZERO);
    let mut value = 0;
    let read = state.first.read_newer(first, &mut value);
    match number {
        None => {
            assert!(matches!(waited, Err(Error::Timeout { .. })), "{waited:?}");
            assert_eq!(read, None);
        }
        Some(number) => {
            assert_eq!(u64::from(waited.unwrap()), u64::from(first) + 1);
            assert_eq!((read.map(u64::from), value), (Some(u64::from(first) + 1), number));
        }
    }
    assert_eq!(state.still.read_newer(still, &mut [0; 4]), None, "it takes no part");
}

/// Tells a story for the first time that a process reaches a place, for the second, and so on, as
/// long as one does, which the story returns.
pub fn at_every(place: &str, mut story: impl FnMut(&str) -> bool) {
    let passed = (1..).take_while(|count| story(&format!("{place}:{count}"))).count();
    assert!(passed > 0, "no process reaches `{place}`");
}
