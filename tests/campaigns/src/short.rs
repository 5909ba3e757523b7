//! The short form of a campaign as a test, and the test that it can fail.

use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Mutex, PoisonError};

/// Each loads all processors, but for those of [`LIGHT`].
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// One thread that leads one traced child, and waits for it most of the time. They go on beside others.
const LIGHT: [&str; 3] = ["checkpoint", "full", "step-kill"];

/// Runs a campaign in its short form by the program `campaign`.
///
/// # Panics
///
/// If anything fails, with what the program says.
pub fn passes(program: &str, campaign: &str) {
    succeeds(campaign, Command::new(program).args([campaign, "--short"]));
}

/// Runs the short form of a campaign by a program whose library has been changed in a way that is no
/// fault; see `switched::campaign`.
///
/// # Panics
///
/// If the campaign does not pass.
pub fn passes_with(program: &Path, change: &str, campaign: &str) {
    let mut command = Command::new(program);
    succeeds(campaign, command.args([campaign, "--short"]).env("SHMA_MUTANT", change));
}

/// Runs a campaign by the program `campaign` with its regions in a directory.
///
/// # Panics
///
/// As [`passes`].
pub fn passes_in(program: &str, directory: &Path, campaign: &str, count: &str) {
    let mut command = Command::new(program);
    succeeds(campaign, command.args([campaign, "--count", count, "--dir"]).arg(directory));
}

fn succeeds(campaign: &str, command: &mut Command) {
    let output = run(campaign, command);
    let text = text(&output);
    assert!(output.status.success(), "{text}");
    // Tells the reader of the log what the test did and did not do.
    println!("{text}");
}

/// Runs a campaign by a program whose library has this fault; see `switched::campaign`.
///
/// # Panics
///
/// If the campaign does not notice, or ends in some other way.
pub fn is_caught(program: &Path, mutant: &str, arguments: &[&str]) {
    let output =
        run(arguments[0], Command::new(program).args(arguments).env("SHMA_MUTANT", mutant));
    let text = text(&output);
    let noticed = output.status.code() == Some(1) && !text.contains(", 0 failed");
    assert!(noticed, "{arguments:?} does not notice `{mutant}`: {}\n{text}", output.status);
    println!("{text}");
}

fn run(campaign: &str, command: &mut Command) -> Output {
    // A campaign that has failed in another test says nothing about this one.
    let alone = || ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let _alone = (!LIGHT.contains(&campaign)).then(alone);
    command.output().unwrap()
}

fn text(output: &Output) -> String {
    let said = [&output.stderr, &output.stdout].map(|bytes| String::from_utf8_lossy(bytes));
    said.concat()
}
