//! Programs of this package built with the test switches of the library. The switches are no
//! features, so each set of them takes a build of its own. Only the workspace's packages are built
//! anew: a wrapper of the compiler gives the switches to them, and the others are taken from the
//! ordinary build. Sanitizers are for every package.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// A set of switches, and how the programs that have it are built.
#[derive(Debug)]
struct Build {
    /// Where the programs lie, and which wrapper beside this package gives the switches.
    name: &'static str,
    /// What every package is built with.
    flags: Option<&'static str>,
    configuration: &'static [&'static str],
}

/// What sanitizers are built for. That it is named keeps them out of programs that run in builds.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Whether there are any here.
const HAS_SANITIZERS: bool = cfg!(all(target_arch = "x86_64", target_env = "gnu"));

/// Without optimisation, as users build at first. It is the faster build, and the one in which a
/// large value that passes through the stack does not fit.
const HELPERS: Build = Build {
    name: "helpers",
    flags: None,
    configuration: &["--config=profile.dev.package.shma-core.opt-level=0"],
};

/// Optimised as the ordinary tests are, and without counters.
const MUTANTS: Build = Build { name: "mutants", flags: None, configuration: &[] };

/// Under ThreadSanitizer, by a compiler that need not have a standard library built for that.
const THREADS: Build = Build {
    name: "threads",
    flags: Some(
        "--cfg shma_mutant --cfg shma_tsan -Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer",
    ),
    configuration: &[
        "--config=profile.dev.debug='line-tables-only'",
        "--config=profile.dev.build-override.debug=0",
        // To optimise instrumented code takes longer than it runs here.
        "--config=profile.dev.package.shma-campaigns.opt-level=0",
    ],
};

/// Under AddressSanitizer, likewise.
const ADDRESSES: Build = Build {
    name: "addresses",
    flags: Some("-Zsanitizer=address -Cunsafe-allow-abi-mismatch=sanitizer"),
    configuration: THREADS.configuration,
};

/// The program that runs the campaigns.
const CAMPAIGN: &str = "campaign";

/// Builds a helper program, and says where it is. It has stop points at which it can be killed or
/// stopped, counters of copied bytes, and faults that `SHMA_MUTANT` switches on.
///
/// Call it outside of a watchdog: it takes as long as it takes.
pub fn program(name: &str) -> PathBuf {
    HELPERS.program(name)
}

/// Builds the program that runs the campaigns with faults that `SHMA_MUTANT` switches on, and with stop
/// points, and says where it is. Like [`program`], it takes as long as it takes.
pub fn campaign() -> PathBuf {
    MUTANTS.program(CAMPAIGN)
}

/// Builds the program that runs the campaigns under ThreadSanitizer, with faults as [`campaign`]
/// has them, and says where it is. `None` where there is no ThreadSanitizer.
pub fn threads() -> Option<PathBuf> {
    HAS_SANITIZERS.then(|| THREADS.program(CAMPAIGN))
}

/// Builds the program that runs the campaigns under AddressSanitizer, and says where it is. `None`
/// where there is no AddressSanitizer.
pub fn addresses() -> Option<PathBuf> {
    HAS_SANITIZERS.then(|| ADDRESSES.program(CAMPAIGN))
}

impl Build {
    fn program(&self, name: &str) -> PathBuf {
        static BUILT: Mutex<BTreeMap<PathBuf, PathBuf>> = Mutex::new(BTreeMap::new());
        let target = target_directory().join(self.name);
        let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
        built.entry(target.join(name)).or_insert_with(|| self.build(&target, name)).clone()
    }

    fn build(&self, target: &Path, name: &str) -> PathBuf {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        // As a workspace, because that decides on the features of what is taken from elsewhere.
        command
            .args(["build", "--quiet", "--locked", "--offline", "--workspace", "--bin", name])
            .arg("--manifest-path")
            .arg(here.join("../Cargo.toml"))
            .args(self.configuration)
            .arg("--target-dir")
            .arg(target);
        if let Some(switches) = self.flags {
            let flags = std::env::var("RUSTFLAGS").unwrap_or_default();
            command
                .args(["--target", TARGET])
                // What runs in builds is the same for all sanitizers.
                .env("CARGO_BUILD_BUILD_DIR", target_directory().join("sanitized"))
                .env("RUSTFLAGS", format!("{flags} {switches}"))
                .env_remove("CARGO_ENCODED_RUSTFLAGS")
                // The stable compiler has sanitizers, and asks to be told that one means it.
                .env("RUSTC_BOOTSTRAP", "1");
        } else {
            command
                // With it go the packages that tests use, so what comes from elsewhere is as they have it.
                .args(["--example", "accepted"])
                .env("CARGO_BUILD_BUILD_DIR", build_directory())
                .env("RUSTC_WORKSPACE_WRAPPER", here.join("switches").join(self.name));
        }
        let output = command.output().unwrap();
        let complaints = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "`{name}` was not built for {self:?}:\n{complaints}");
        let sanitized = self.flags.map(|_| TARGET.into());
        let triple = sanitized.or_else(other_target).unwrap_or_default();
        let program = target.join(triple).join("debug").join(name);
        assert!(program.exists(), "{} is not there", program.display());
        program
    }
}

/// What programs are built for, if it is not what the compiler runs on: cargo asks the same.
fn other_target() -> Option<OsString> {
    std::env::var_os("CARGO_BUILD_TARGET")
}

/// Where cargo keeps what it has built before, for all targets.
fn build_directory() -> PathBuf {
    let mut here = target_directory();
    if other_target().is_some_and(|target| here.ends_with(target)) {
        here.pop();
    }
    here
}

/// Where the running program was built: the directory that cargo has marked.
pub fn target_directory() -> PathBuf {
    let program = std::env::current_exe().unwrap();
    let marked = program.ancestors().find(|directory| directory.join("CACHEDIR.TAG").exists());
    marked.expect("a program of the tests lies in a target directory").to_owned()
}
