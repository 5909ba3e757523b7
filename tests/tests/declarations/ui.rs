//! What the derives refuse, and with which words: one file for each refusal, in a folder named
//! after the kind of fault.
//!
//! The `.stderr` beside a file is what the compiler prints. `TRYBUILD=overwrite` writes them anew;
//! read each one before it is committed.

use std::process::Command;

use shma_tests::skip::skip;
use trybuild::TestCases;

/// Kinds of fault that the derives find and word.
const WORDED_BY_THE_DERIVES: [&str; 9] = [
    "shape",
    "parameters",
    "field",
    "attribute",
    "name",
    "slots",
    "atomic",
    "fingerprint",
    "element",
];

/// Kinds of fault that the compiler finds in what the derives generate: a bound that does not hold,
/// a constant that has no value, and what a mirror refuses.
const WORDED_BY_THE_COMPILER: [&str; 6] =
    ["bound", "changed", "constant", "limit", "uniform", "mirror"];

/// The compiler whose words are in the second kind of files.
const COMPILER: &str = "rustc 1.95.";

fn check(folders: &[&str]) {
    let cases = TestCases::new();
    for folder in folders {
        cases.compile_fail(format!("ui/{folder}/*.rs"));
    }
}

#[test]
fn refusals_say_what_to_write_instead() {
    check(&WORDED_BY_THE_DERIVES);
}

#[test]
fn refusals_by_the_compiler_come_alone_and_name_the_fault() {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc).arg("--version").output().unwrap().stdout;
    if !version.starts_with(COMPILER.as_bytes()) {
        return skip(&format!("the words in `ui` are those of {COMPILER}"));
    }
    check(&WORDED_BY_THE_COMPILER);
}

/// A folder that is in no list would never be checked.
#[test]
fn every_folder_is_in_a_list() {
    let listed = [&WORDED_BY_THE_DERIVES[..], &WORDED_BY_THE_COMPILER[..]].concat();
    for entry in std::fs::read_dir("ui").unwrap() {
        let folder = entry.unwrap().file_name();
        assert!(listed.iter().any(|known| folder == *known), "{folder:?} is in no list");
    }
}
