//! A writer that never pauses, and readers beside it, each on a processor of its own where there are
//! enough. The content follows from the version, so a mixture shows.
//!
//! A reader starves if a read takes more of *its own* processor's time than thousands of copies
//! would. How long it takes by the clock depends on which other processes want to run.

mod payload;
mod reader;
mod writer;

use std::time::Duration;

use self::reader::read;
use self::writer::write;
use crate::campaign::Campaign;
use crate::outcome;
use crate::outcome::{Failure, Outcome};
use crate::plan::Plan;
use shma_tests::child::Child;
use shma_tests::region::Name;
use shma_tests::rng::Rng;

pub(super) const CAMPAIGN: Campaign = Campaign {
    name: "tear",
    about: "reads values of 8 B to 1 MiB beside a writer that never pauses",
    run,
    work,
};

/// Words of the values.
const SIZES: [&str; 6] = ["1", "8", "33", "512", "8192", "131072"];

/// Fields by their number of slots. With two, readers of large values depend on the semaphore.
const FIELDS: [&str; 3] = ["usual", "narrow", "wide"];

const WAYS: [&str; 5] = ["write", "update", "update_with", "transaction", "hold"];

/// Calls a generic function for a number of words.
macro_rules! for_words {
    ($words:expr, $function:ident($($argument:expr),* $(,)?)) => {
        match $words {
            "1" => $function::<1>($($argument),*),
            "8" => $function::<8>($($argument),*),
            "33" => $function::<33>($($argument),*),
            "512" => $function::<512>($($argument),*),
            "8192" => $function::<8192>($($argument),*),
            "131072" => $function::<131_072>($($argument),*),
            other => panic!("no value has {other} words"),
        }
    };
}

fn run(plan: &Plan, outcome: &mut Outcome) {
    let mut rng = plan.rng();
    let mut rounds = plan.rounds_for("values read", Duration::from_secs(6));
    let (mut read, mut round) = (0, 0);
    let mut longest = 0;
    while rounds.reach(read) && !outcome.failed() {
        let storm = Storm {
            words: SIZES[round % SIZES.len()],
            field: FIELDS[round / SIZES.len() % FIELDS.len()],
            way: rng.pick(&WAYS),
        };
        round += 1;
        match storm.blow(plan, &mut rng) {
            Ok(calm) => {
                read += calm.reads;
                longest = longest.max(calm.longest);
                outcome.count("publications", calm.publications);
            }
            Err(what) => outcome.fail(Failure::new(format!("{storm:?}"), what)),
        }
    }
    outcome.count("values read", read);
    outcome.count("µs of a processor at most for one", longest);
}

/// One writer and its readers.
#[derive(Debug)]
struct Storm {
    words: &'static str,
    field: &'static str,
    way: &'static str,
}

/// What a storm came to.
struct Calm {
    reads: u64,
    publications: u64,
    /// What the worst read took of its processor's time, in microseconds.
    longest: u64,
}

impl Storm {
    fn blow(&self, plan: &Plan, rng: &mut Rng) -> Result<Calm, String> {
        let Self { words, field, way } = *self;
        let name = Name::new("tear");
        let _keeper = for_words!(words, writer_create(&name));
        let mut writer =
            Child::start_command(&mut plan.worker(&["write", &name, words, field, way]));
        writer.expect("ready");
        // Who has no write permission depends on luck with two slots.
        let readers = if field == "narrow" { ["open", "open"] } else { ["open", "read-only"] };
        let mut readers: Vec<Child> = (1_u64..)
            .zip(readers)
            .map(|(place, access)| {
                let (place, seed) = (place.to_string(), rng.next_u64().to_string());
                let arguments = ["read", &name, words, field, access, &place, &seed];
                Child::start_command(&mut plan.worker(&arguments))
            })
            .collect();
        readers.iter_mut().for_each(|reader| reader.expect("ready"));
        writer.tell("go");
        writer.expect("writing");
        readers.iter_mut().for_each(|reader| reader.tell("go"));
        let mut calm = Calm { reads: 0, publications: 0, longest: 0 };
        for reader in &mut readers {
            let line = said(reader)?;
            let numbers = line.strip_prefix("read ").and_then(|line| line.split_once(' '));
            let (reads, longest) = numbers.ok_or(line.clone())?;
            calm.reads += reads.parse::<u64>().unwrap();
            calm.longest = calm.longest.max(longest.parse().unwrap());
        }
        writer.tell("stop");
        let line = said(&mut writer)?;
        let publications = line.strip_prefix("published ").ok_or(line.clone())?;
        calm.publications = publications.parse().unwrap();
        Ok(calm)
    }
}

/// What a process says next, or why it says nothing more.
fn said(child: &mut Child) -> Result<String, String> {
    let mut line = None;
    outcome::caught(|| line = child.next_line())?;
    line.ok_or_else(|| "a process has ended by itself".into())
}

/// The region, with what its type is forgotten.
fn writer_create<const WORDS: usize>(name: &str) -> Box<dyn std::any::Any> {
    Box::new(writer::create::<WORDS>(name))
}

/// `write region words field way`, `read region words field access place seed`.
fn work(arguments: &[&str]) {
    let done = outcome::caught(|| match *arguments {
        ["write", name, words, field, way] => for_words!(words, write(name, field, way)),
        ["read", name, words, field, access, place, seed] => {
            let (place, seed) = (place.parse().unwrap(), seed.parse().unwrap());
            for_words!(words, read(name, field, access, place, Rng::new(seed)));
        }
        _ => panic!("{arguments:?}"),
    });
    if let Err(what) = done {
        println!("{what:?}");
    }
}
