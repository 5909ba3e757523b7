//! Runs the campaigns: `campaign kill --minutes 10 --seed 7`. `campaign --help` lists them.
//!
//! Shows progress, prints each failure with all that is known of it, and, last, one line with what
//! was tried and what failed. Ends with 1 if anything failed, and with 2 if it was not understood.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::{Arg, ArgAction, ArgGroup, ArgMatches, Command, value_parser};
use rustix::process::{Signal, set_parent_process_death_signal};
use shma_campaigns::arena::Arena;
use shma_campaigns::{ALL, Campaign, Effort, Outcome, Plan, find};
use shma_tests::region;
use shma_tests::rng::Rng;

/// For victims that have to go the same way each time.
#[global_allocator]
static ALLOCATOR: Arena = Arena;

fn main() -> ExitCode {
    let matches = command().get_matches();
    if let Some(directory) = matches.get_one::<PathBuf>("dir") {
        region::choose(directory);
    }
    let passed = match matches.subcommand() {
        Some(("list", _)) => list(),
        Some(("worker", matches)) => work(matches),
        Some(("all", matches)) => run_all(matches),
        Some((name, matches)) => run_one(find(name).expect("a command for each"), matches),
        None => unreachable!("a command is required"),
    };
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn command() -> Command {
    let campaigns =
        ALL.iter().map(|campaign| with_effort(Command::new(campaign.name).about(campaign.about)));
    let all = Command::new("all").about("runs one campaign after the other, each with this effort");
    let worker = Command::new("worker").hide(true).arg(Arg::new("campaign").required(true));
    let arguments = Arg::new("arguments").num_args(0..).allow_hyphen_values(true);
    let dir = Arg::new("dir").long("dir").global(true).value_parser(parse_directory);
    let dir = dir.value_name("DIR").help("where regions lie; by default in /dev/shm");
    Command::new("campaign")
        .about("Tries to break the promises of shma")
        .subcommand_required(true)
        .arg_required_else_help(true)
        .arg(dir)
        .subcommands(campaigns)
        .subcommand(with_effort(all))
        .subcommand(Command::new("list").about("lists the names of the campaigns"))
        .subcommand(worker.arg(arguments))
}

fn with_effort(command: Command) -> Command {
    let minutes = Arg::new("minutes").long("minutes").value_parser(parse_minutes);
    let count = Arg::new("count").long("count").value_parser(value_parser!(u64));
    let seed = Arg::new("seed").long("seed").value_parser(value_parser!(u64));
    let short = Arg::new("short").long("short").action(ArgAction::SetTrue);
    command
        .arg(short.help("as it runs with the tests, which is what it does if nothing is said"))
        .arg(minutes.value_name("M").help("for so many minutes"))
        .arg(count.value_name("N").help("so many times"))
        .group(ArgGroup::new("effort").args(["short", "minutes", "count"]))
        .arg(seed.value_name("S").help("repeats what an earlier run drew by lot"))
}

/// Up to a year of them.
fn parse_minutes(text: &str) -> Result<f64, String> {
    let minutes: f64 = text.parse().map_err(|error| format!("{error}"))?;
    let sensible = (0.0..=525_600.0).contains(&minutes);
    if sensible { Ok(minutes) } else { Err("give from 0 to 525600 minutes".into()) }
}

/// A directory, from wherever it will be looked at.
fn parse_directory(text: &str) -> Result<PathBuf, String> {
    let directory = Path::new(text).canonicalize().map_err(|error| error.to_string())?;
    if directory.is_dir() { Ok(directory) } else { Err("it is no directory".into()) }
}

fn list() -> bool {
    ALL.iter().for_each(|campaign| println!("{}", campaign.name));
    true
}

fn work(matches: &ArgMatches) -> bool {
    // A last resort against staying behind when the campaign is ended from outside.
    set_parent_process_death_signal(Some(Signal::KILL)).expect("any process can ask for it");
    let name: &String = matches.get_one("campaign").expect("required");
    let campaign = find(name).unwrap_or_else(|| panic!("no campaign is called {name}"));
    let arguments = matches.get_many::<String>("arguments").unwrap_or_default();
    let arguments: Vec<&str> = arguments.map(String::as_str).collect();
    (campaign.work)(&arguments);
    true
}

fn run_one(campaign: &Campaign, matches: &ArgMatches) -> bool {
    let seed = matches.get_one("seed").copied().unwrap_or_else(Rng::fresh);
    let plan = Plan { name: campaign.name, seed, effort: effort(matches) };
    let began = Instant::now();
    let outcome = campaign.execute(&plan);
    report(&plan, &outcome, began.elapsed());
    !outcome.failed()
}

/// Each in a process of its own: one that crashes, or that changes what its process sees, does so
/// for itself.
fn run_all(matches: &ArgMatches) -> bool {
    let passes = |campaign: &&Campaign| {
        let mut one = std::process::Command::new("/proc/self/exe");
        one.arg(campaign.name).args(same_effort(matches));
        one.env(region::VARIABLE, region::directory());
        one.status().is_ok_and(|status| status.success())
    };
    let failed: Vec<&Campaign> = ALL.iter().filter(|campaign| !passes(campaign)).collect();
    let names: Vec<&str> = failed.iter().map(|campaign| campaign.name).collect();
    match names[..] {
        [] => println!("all: {} campaigns, 0 failed", ALL.len()),
        _ => println!("all: {} campaigns, failed: {}", ALL.len(), names.join(", ")),
    }
    names.is_empty()
}

/// The arguments that say how much is to be tried, once more.
fn same_effort(matches: &ArgMatches) -> Vec<String> {
    let mut arguments = Vec::new();
    if let Some(minutes) = matches.get_one::<f64>("minutes") {
        arguments.extend(["--minutes".to_owned(), minutes.to_string()]);
    }
    for name in ["count", "seed"] {
        if let Some(number) = matches.get_one::<u64>(name) {
            arguments.extend([format!("--{name}"), number.to_string()]);
        }
    }
    arguments
}

fn effort(matches: &ArgMatches) -> Effort {
    let minutes: Option<&f64> = matches.get_one("minutes");
    let count: Option<&u64> = matches.get_one("count");
    match (minutes, count) {
        (Some(minutes), _) => Effort::Time(Duration::from_secs_f64(minutes * 60.0)),
        (None, Some(count)) => Effort::Count(*count),
        (None, None) => Effort::Short,
    }
}

fn report(plan: &Plan, outcome: &Outcome, took: Duration) {
    for reason in outcome.skips() {
        println!("{}: skipped: {reason}", plan.name);
    }
    for failure in outcome.failures() {
        println!("{}: FAILED with seed {}: {failure}", plan.name, plan.seed);
    }
    println!("{}: seed {}, {:.1} s, {outcome}", plan.name, plan.seed, took.as_secs_f64());
}
