//! The region in which victims publish, and what it has to hold.

use shma_core::{Field, Shm, ShmState};

use crate::forked::{End, Forked};
use shma_tests::region::{Bytes, InDirectory, Name, control};
use shma_tests::rng::Rng;

/// A field of each size, with different numbers of slots, and one that is never changed.
#[derive(Debug, ShmState)]
pub struct Plot {
    #[shm(slots = 2)]
    pub tiny: [u64; 1],
    pub middle: [u64; 32],
    #[shm(slots = 8)]
    pub large: [u64; 512],
    pub still: u64,
}

/// How many fields are published to.
pub const FIELDS: usize = 3;

/// Their lengths in elements.
pub const LENGTHS: [usize; FIELDS] = [1, 32, 512];

/// What the field that is never changed holds.
const STILL: u64 = 0x5711;

/// What a field holds, and the number of the publication that made it so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    pub version: u64,
    pub elements: Vec<u64>,
}

/// What all fields hold.
pub type Contents = [Content; FIELDS];

/// The region, and what it has to hold as far as is known.
#[derive(Debug)]
pub struct Site {
    pub name: Name,
    pub bytes: Bytes,
    pub plot: Shm<Plot>,
    pub now: Contents,
    /// As they were given.
    rng: Rng,
}

impl Site {
    /// A new region, in which some was published before: the same from the same rng, so that a call
    /// goes the same way.
    pub fn new(mut rng: Rng) -> Self {
        let again = rng.clone();
        let name = Name::new("step-kill");
        let mut first = Plot::zeroed();
        first.still = STILL;
        let plot = Plot::in_directory().create(&name, &first).expect("the name is new");
        let now = LENGTHS.map(|length| Content { version: 1, elements: vec![0; length] });
        let mut site = Self { bytes: name.bytes(), name, plot, now, rng: again };
        let Self { plot, now: [tiny, middle, large], .. } = &mut site;
        let mut rounds = |slots: usize| rng.below(2 * slots) as u64;
        let gone = go_round(&plot.tiny, rounds(2), tiny)
            .and_then(|()| go_round(&plot.middle, rounds(4), middle))
            .and_then(|()| go_round(&plot.large, rounds(8), large));
        gone.expect("no other process is there");
        site
    }

    /// Another one, as this one was when it was new.
    pub fn another(&self) -> Self {
        Self::new(self.rng.clone())
    }

    /// Where a field's partition starts.
    pub fn partition(&self, field: usize) -> usize {
        Plot::MANIFEST.fields[field].offset
    }

    /// Finds the contents to be one of these, for every process that looks: by fields, by parts,
    /// and as of one instant. From now on it is what has to be there.
    pub fn settle_on(&mut self, choices: &[Contents]) -> Result<(), String> {
        let found = self.snapshot()?;
        let read = self.read();
        if read != found {
            return Err(format!("a snapshot is another: {}", all_differ(&found, &read)));
        }
        if !choices.contains(&found) {
            let last = choices.last().expect("something is expected");
            return Err(all_differ(&found, last));
        }
        self.now = found;
        Ok(())
    }

    /// All fields, each read by itself, and once more in two parts.
    fn read(&self) -> Contents {
        [read(&self.plot.tiny), read(&self.plot.middle), read(&self.plot.large)]
    }

    /// All fields as of one instant.
    fn snapshot(&self) -> Result<Contents, String> {
        let mut all = Plot::zeroed();
        self.plot.try_snapshot_into(&mut all).map_err(|error| error.to_string())?;
        if all.still != STILL {
            return Err(format!("the field that is never changed holds {:#x}", all.still));
        }
        let elements = [all.tiny.to_vec(), all.middle.to_vec(), all.large.to_vec()];
        let plot = &self.plot;
        let versions = [plot.tiny.version(), plot.middle.version(), plot.large.version()];
        let mut versions = versions.into_iter().map(u64::from);
        Ok(elements
            .map(|elements| Content { version: versions.next().expect("one for each"), elements }))
    }

    /// The words as they stand: no publication is more than begun.
    pub fn check_words(&self) -> Result<(), String> {
        for field in 0..FIELDS {
            let partition = self.partition(field);
            let version = self.bytes.u64(partition + control::VERSION);
            let begin = self.bytes.u64(partition + control::BEGIN);
            if begin.wrapping_sub(version) > 1 {
                return Err(format!("version {version} and begin {begin}"));
            }
        }
        Ok(())
    }

    /// The next writer acquires every field, and changes part after part, until each slot has had
    /// its turn. What is there is always what was there before, with that part changed. Then
    /// everything is free.
    pub fn go_round(&mut self) -> Result<(), String> {
        self.let_next_in()?;
        let Self { plot, now: [tiny, middle, large], .. } = self;
        go_round(&plot.tiny, 2, tiny)?;
        go_round(&plot.middle, 4, middle)?;
        go_round(&plot.large, 8, large)?;
        for field in 0..FIELDS {
            let lock = self.bytes.u32(self.partition(field) + control::LOCK);
            if lock != 0 {
                return Err(format!("the lock word is {lock:#x} though no process holds it"));
            }
        }
        Ok(())
    }

    /// A process of its own, because it may be that no process ever acquires it.
    fn let_next_in(&mut self) -> Result<(), String> {
        let elements = self.now.each_mut().map(change_one);
        let mut next = Forked::start(|| {
            let plot: Shm<Plot> = Plot::in_directory().open(&self.name).unwrap();
            let [tiny, middle, large] = elements;
            plot.tiny.set(tiny.0, tiny.1);
            plot.middle.set(middle.0, middle.1);
            plot.large.set(large.0, large.1);
        });
        match next.reap() {
            End::Returned => {}
            end => return Err(format!("the next writer: {end:?}")),
        }
        let found = self.read();
        if found == self.now {
            return Ok(());
        }
        Err(format!("after the next writer: {}", all_differ(&found, &self.now)))
    }
}

/// Changes an element, as a publication; returns where and to what.
fn change_one(content: &mut Content) -> (usize, u64) {
    content.version += 1;
    let at = (content.version * 7) as usize % content.elements.len();
    content.elements[at] = u64::MAX - content.version;
    (at, content.elements[at])
}

fn read<const N: usize>(field: &Field<[u64; N]>) -> Content {
    let mut elements = vec![0; N];
    let version = field.read_range(.., &mut elements).into();
    let (first, second) = elements.split_at(N / 2);
    let mut part = vec![0; second.len()];
    field.read_range(N / 2.., &mut part);
    assert_eq!(part, second, "the second half of what follows {first:?}");
    Content { version, elements }
}

fn go_round<const N: usize>(
    field: &Field<[u64; N]>,
    rounds: u64,
    content: &mut Content,
) -> Result<(), String> {
    for _ in 0..rounds {
        let (at, element) = change_one(content);
        field.set(at, element);
        let found = read(field);
        if found != *content {
            return Err(format!("after the next writers: {}", differs(&found, content)));
        }
    }
    Ok(())
}

/// How what was found differs from what had to be there.
fn differs(found: &Content, expected: &Content) -> String {
    let pairs = found.elements.iter().zip(&expected.elements);
    let at = pairs.clone().position(|(found, expected)| found != expected);
    let element = at.map(|at| {
        format!(", element {at} is {:#x} and not {:#x}", found.elements[at], expected.elements[at])
    });
    format!(
        "publication {} and not {}{}",
        found.version,
        expected.version,
        element.unwrap_or_default()
    )
}

/// How the fields that were found differ from those that had to be there.
fn all_differ(found: &Contents, expected: &Contents) -> String {
    let fields = Plot::MANIFEST.fields.iter().zip(found.iter().zip(expected));
    let different = fields.filter(|(_, (found, expected))| found != expected);
    let texts = different.map(|(field, (found, expected))| {
        format!("`{}` is {}", field.name, differs(found, expected))
    });
    texts.collect::<Vec<_>>().join("; ")
}
