//! What the derives refuse, and with which words: one file for each refusal, in a folder named
//! after the kind of fault.
//!
//! The `.stderr` beside a file is what the compiler prints. `SHMA_UI=overwrite` writes them anew;
//! read each one before it is committed.

mod compiler;
mod words;

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::{fs, thread};

use shma_tests::sizes;
use shma_tests::skip::skip;

use compiler::Compiler;

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

/// Has each program of the folders checked, and compares what is said of it.
fn check(folders: &[&str]) {
    check_with(&Compiler::new(), folders);
}

fn check_with(compiler: &Compiler, folders: &[&str]) {
    let mut programs: Vec<PathBuf> =
        folders.iter().flat_map(|folder| programs_in(folder)).collect();
    let programs = Mutex::new(programs.drain(..));
    let faults = Mutex::new(String::new());
    let next = || programs.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || {
        while let Some(program) = next() {
            if let Err(fault) = refusal_of(compiler, &program) {
                let mut faults = faults.lock().unwrap_or_else(PoisonError::into_inner);
                writeln!(faults, "{}: {fault}", program.display()).expect("a String takes it");
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let faults = faults.into_inner().unwrap_or_else(PoisonError::into_inner);
    assert!(faults.is_empty(), "{faults}");
}

fn programs_in(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(Path::new("ui").join(folder)).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "rs"));
    assert!(!files.is_empty(), "`ui/{folder}` is empty");
    files.sort_unstable();
    // By default each kind of fault is tried, by the first of each three.
    files.into_iter().step_by(sizes::either(3, 1)).collect()
}

/// Compares what the compiler says of a program with the file beside it.
fn refusal_of(compiler: &Compiler, program: &Path) -> Result<(), String> {
    let (refused, said) = compiler.check(program);
    if !refused {
        return Err(format!("the compiler accepts it\n{said}"));
    }
    let (kept, beside) = (words::kept(&said), program.with_extension("stderr"));
    if std::env::var_os("SHMA_UI").is_some_and(|how| how == "overwrite") {
        return fs::write(beside, kept).map_err(|error| error.to_string());
    }
    let expected = fs::read_to_string(&beside).map_err(|error| format!("{beside:?}: {error}"))?;
    if words::compared(&expected) == words::compared(&kept) {
        return Ok(());
    }
    Err(format!("other words\n-- expected\n{expected}\n-- said\n{kept}"))
}

#[test]
fn refusals_say_what_to_write_instead() {
    check(&WORDED_BY_THE_DERIVES);
}

#[test]
fn refusals_by_the_compiler_come_alone_and_name_the_fault() {
    let compiler = Compiler::new();
    if !compiler.version().starts_with(COMPILER) {
        return skip(&format!("the words in `ui` are those of {COMPILER}"));
    }
    check_with(&compiler, &WORDED_BY_THE_COMPILER);
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
