//! The programs that explore: tests, of builds of their own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use shma_tests::switched::target_directory;

/// What the library is built with for its models; loom's atomics take the place of the standard
/// library's.
const SWITCH: &str = "--cfg loom";

/// What is built for the models and does not run in them, and takes longest to optimise.
const UNUSED: [&str; 8] = [
    "nix",
    "rayon",
    "rayon-core",
    "regex-automata",
    "regex-syntax",
    "rustix",
    "serde_json",
    "tracing-subscriber",
];

/// Explores the library's own code, and returns what the models say. They live in the library,
/// beside what they explore.
pub(super) fn loom(long: bool) -> Result<String, String> {
    let core = here().join("../../shma-core");
    let declared = declared(&core);
    let flags = std::env::var("RUSTFLAGS").unwrap_or_default();
    let mut command = cargo();
    // It may download loom, which no other build needs, so it is not offline.
    command
        .args(["test", "--locked", "--release", "--lib"])
        .args(UNUSED.map(|name| format!("--config=profile.release.package.{name}.opt-level=0")))
        .arg("--manifest-path")
        .arg(core.join("Cargo.toml"))
        .arg("--target-dir")
        .arg(target_directory().join("loom"))
        .args(["models::", "--", "--show-output"])
        .env("RUSTFLAGS", format!("{flags} {SWITCH}"))
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    let said = explore(command, long)?;
    let verdict = format!("test result: ok. {declared} passed; 0 failed; 0 ignored");
    if declared > 0 && said.contains(&verdict) {
        Ok(said)
    } else {
        Err(format!("{declared} models are declared, and not all of them ran:\n{said}"))
    }
}

/// Explores the abstract machine's models.
pub(super) fn explorer(long: bool) -> Result<String, String> {
    let mut command = cargo();
    command.args(["test", "--locked", "--offline", "--tests", "--manifest-path"]);
    command.arg(here().join("../explorer/Cargo.toml")).arg("--target-dir").arg(target_directory());
    command.args(["--", "--show-output"]);
    explore(command, long)
}

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// It takes as long as it takes, so there is no watchdog.
fn explore(mut command: Command, long: bool) -> Result<String, String> {
    if long {
        command.env("SHMA_LONG", "1");
    } else {
        command.env_remove("SHMA_LONG");
    }
    let output = command.output().map_err(|error| format!("cargo cannot be run: {error}"))?;
    let [said, complained] =
        [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned());
    if output.status.success() { Ok(said) } else { Err(format!("{said}\n{complained}")) }
}

/// How many models of the library there are.
fn declared(core: &Path) -> usize {
    let texts = files(&core.join("src/protocol/models")).into_iter().map(fs::read_to_string);
    texts.map(|text| text.unwrap().lines().filter(|line| line.trim() == "#[test]").count()).sum()
}

fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "rs"));
    files.sort();
    files
}
