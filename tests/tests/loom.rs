//! The models of the protocols, under loom. They live in the library, beside what they explore, and
//! need it built with `--cfg loom`, so they have a build of their own.

use std::fs;
use std::path::Path;
use std::process::Command;

/// What the library is built with; loom's atomics take the place of the standard library's.
const SWITCH: &str = "--cfg loom";

fn core() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../shma-core"))
}

/// How many models are declared.
fn declared() -> usize {
    let files = fs::read_dir(core().join("src/models")).unwrap();
    let texts = files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
    texts.map(|text| text.lines().filter(|line| line.trim() == "#[test]").count()).sum()
}

/// Runs all models, and returns what they printed. It takes as long as it takes, so there is no
/// watchdog.
fn explore() -> String {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let flags = std::env::var("RUSTFLAGS").unwrap_or_default();
    // May download loom, which no other build needs, so it is not offline.
    let output = Command::new(cargo)
        .args(["test", "--locked", "--release", "--lib", "--manifest-path"])
        .arg(core().join("Cargo.toml"))
        .arg("--target-dir")
        .arg(Path::new(env!("CARGO_TARGET_TMPDIR")).join("loom"))
        .args(["models::", "--", "--show-output"])
        .env("RUSTFLAGS", format!("{flags} {SWITCH}"))
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .output()
        .unwrap();
    let (said, complained) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    println!("{said}");
    assert!(output.status.success(), "a model fails, or was not built:\n{complained}");
    said.into_owned()
}

/// An order of memory is weakened, or a step moved, and no test on this processor notices.
#[test]
fn a_protocol_holds_on_this_processor_only() {
    let (said, declared) = (explore(), declared());
    assert!(declared > 0, "there are no models");
    let verdict = format!("test result: ok. {declared} passed; 0 failed; 0 ignored");
    assert!(said.contains(&verdict), "{declared} models are declared, and not all of them ran");
}
