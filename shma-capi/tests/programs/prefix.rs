//! The library as a user has it: installed by the script that the page of docs names.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Where this package lies.
pub const PACKAGE: &str = env!("CARGO_MANIFEST_DIR");

/// Where it is installed. The tests of one run share it.
pub fn prefix() -> &'static Path {
    static PREFIX: OnceLock<PathBuf> = OnceLock::new();
    PREFIX.get_or_init(|| {
        let prefix = scratch().join("prefix");
        let script = Path::new(PACKAGE).join("install");
        let mut install = Command::new(script);
        install.arg(&prefix).arg("--from").arg(built());
        run(&mut install);
        prefix
    })
}

/// Where Cargo has put the library: beside the tests that depend on it.
fn built() -> PathBuf {
    let tests = std::env::current_exe().unwrap();
    tests.parent().unwrap().to_owned()
}

/// A folder for what is compiled.
pub fn scratch() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
}

/// What a command prints, which has to succeed.
#[track_caller]
pub fn run(command: &mut Command) -> String {
    let ran = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (said, errors) =
        (String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    assert!(ran.status.success(), "{command:?}: {}\n{said}{errors}", ran.status);
    said.into_owned()
}

/// Whether a program is here.
pub fn has(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|ran| ran.status.success())
}
