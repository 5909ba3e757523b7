//! Helper programs built with the test switches of the library: stop points at which they can be
//! killed or stopped, and counters of copied bytes.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// What is switched on; see the workspace's lints.
const SWITCHES: &str = "--cfg shma_stop --cfg shma_count";

/// Without optimisation, as users build at first: it is the faster build, and the one in which a
/// large value that passes through the stack does not fit.
const PROFILE: [&str; 4] = [
    "--config=profile.dev.package.shma-core.opt-level=0",
    "--config=profile.dev.package.shma-tests.opt-level=0",
    "--config=profile.dev.debug=0",
    "--config=profile.dev.build-override.debug=0",
];

/// Builds a helper program of this package with the switches on, and says where it is. They are
/// no features, so it takes a build of its own; its files lie beside those of the ordinary build.
///
/// Call it outside of a watchdog: it takes as long as it takes.
pub fn program(name: &str) -> PathBuf {
    static BUILT: Mutex<BTreeMap<String, PathBuf>> = Mutex::new(BTreeMap::new());
    let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
    built.entry(name.to_owned()).or_insert_with(|| build(name)).clone()
}

fn build(name: &str) -> PathBuf {
    let target = target_directory().join("switched");
    let flags = std::env::var("RUSTFLAGS").unwrap_or_default();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let output = Command::new(cargo)
        .args(["build", "--quiet", "--locked", "--offline", "--bin", name, "--manifest-path"])
        .arg(manifest)
        .args(PROFILE)
        .arg("--target-dir")
        .arg(&target)
        .env("RUSTFLAGS", format!("{flags} {SWITCHES}"))
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .output()
        .unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "`{name}` was not built with {SWITCHES}:\n{complaints}");
    let program = target.join("debug").join(name);
    assert!(program.exists(), "{} is not there", program.display());
    program
}

/// Of the running test, which lies in `PROFILE/deps` of it.
fn target_directory() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    test.ancestors().nth(3).expect("a test lies in a target directory").to_owned()
}
