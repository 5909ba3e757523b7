//! A fast path that has become longer. Time is too noisy to tell, but instructions can be counted.
//!
//! `counts.txt` beside this file has the counts of each compiler and processor that have been
//! recorded; where it says nothing, there is nothing to compare. To record them here:
//!
//! ```sh
//! SHMA_COUNTS=record cargo test -p shma-campaigns --test campaigns instruction_counts
//! ```

mod callgrind;
mod record;

use std::path::{Path, PathBuf};
use std::process::Command;

use shma_tests::region::Name;
use shma_tests::skip::skip;

use self::callgrind::Callgrind;
use self::record::{Counts, Record};

/// What the counts may differ by, in each direction: a path that has become shorter is to be
/// recorded, lest it become longer again.
const TOLERANCE: f64 = 0.05;

/// What two counts of the same program differ by, since its start is not always the same.
const BLUR: f64 = 0.3;

/// Two numbers of calls. The difference of two runs is what the calls between them take, without
/// start and end of the program.
const FEW: u64 = 1_000;
const MANY: u64 = 21_000;

const RECORD: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/tests/campaigns/instruction_counts/counts.txt");

#[test]
fn fast_paths_stay_short() {
    let callgrind = match Callgrind::find(Path::new(env!("CARGO_TARGET_TMPDIR"))) {
        Ok(callgrind) => callgrind,
        Err(reason) => return skip(&reason),
    };
    let program = build("paths");
    let here = format!("rustc {}, {}", compiler(), callgrind.says(&program, &["processor"]).trim());
    let counts = count(&callgrind, &program);
    let mut record = Record::read(RECORD.as_ref());
    if std::env::var_os("SHMA_COUNTS").is_some_and(|wish| wish == "record") {
        record.replace(&here, counts);
        return record.write(RECORD.as_ref());
    }
    match record.find(&here) {
        Some(recorded) => compare(recorded, &counts),
        None => skip(&format!("no instruction counts are recorded for `{here}`")),
    }
}

/// Builds a helper program as users build theirs: whatever flags are in the environment is not for
/// it, and the tests' own build is not optimised in the same way.
fn build(name: &str) -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("release");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let output = Command::new(cargo)
        .args(["build", "--release", "--quiet", "--locked", "--offline", "--bin", name])
        .arg("--manifest-path")
        .arg(manifest)
        .arg("--target-dir")
        .arg(&target)
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .output()
        .unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "`{name}` was not built:\n{complaints}");
    target.join("release").join(name)
}

/// The version of the compiler.
fn compiler() -> String {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let said = Command::new(rustc).arg("--version").output().unwrap().stdout;
    let said = String::from_utf8(said).unwrap();
    said.split(' ').nth(1).expect("`rustc --version` names itself first").to_owned()
}

/// Instructions per call, path by path.
fn count(callgrind: &Callgrind, program: &Path) -> Counts {
    let list = Command::new(program).arg("list").output().unwrap().stdout;
    let list = String::from_utf8(list).unwrap();
    // A creation looks at all files beside its own, and other tests make and remove some meanwhile.
    let directory =
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("paths-{}", std::process::id()));
    std::fs::create_dir(&directory).unwrap();
    let paths = list.lines().map(|path| {
        let [few, many] = [FEW, MANY].map(|times| {
            let (name, times) = (Name::new("counts"), times.to_string());
            callgrind
                .instructions(program, &["walk", path, directory.to_str().unwrap(), &name, &times])
        });
        let count = many.saturating_sub(few) as f64 / (MANY - FEW) as f64;
        println!("{path}: {count:.1}");
        (path.to_owned(), count)
    });
    let counts = paths.collect();
    std::fs::remove_dir(&directory).unwrap();
    counts
}

#[track_caller]
fn compare(recorded: &Counts, counted: &Counts) {
    let names = |counts: &Counts| counts.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(recorded), names(counted), "other paths than recorded; record anew");
    let differs = |old: f64, new: f64| (new - old).abs() > (TOLERANCE * old).max(BLUR);
    let complaints: Vec<String> = recorded
        .iter()
        .zip(counted)
        .filter(|((_, old), (_, new))| differs(*old, *new))
        .map(|((name, old), (_, new))| format!("{name}: {new:.1}, recorded are {old:.1}"))
        .collect();
    assert!(
        complaints.is_empty(),
        "instructions per call, now and as recorded; if the change is meant, record it with\n\
         SHMA_COUNTS=record cargo test -p shma-campaigns --test campaigns instruction_counts\n{}",
        complaints.join("\n")
    );
}
