//! Programs of this package built with the test switches of the library. The switches are no
//! features, so each set of them takes a build of its own; its files lie in a directory of their
//! own beside those of the ordinary build.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

/// A set of switches, and how the programs that have it are built.
#[derive(Debug)]
struct Build {
    directory: &'static str,
    switches: &'static str,
    configuration: &'static [&'static str],
    /// Whether there is a sanitizer among the switches.
    sanitized: bool,
}

/// What sanitizers are built for. That it is named keeps them out of programs that run in builds.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// Whether there are any here.
const HAS_SANITIZERS: bool = cfg!(all(target_arch = "x86_64", target_env = "gnu"));

/// Without optimisation, as users build at first: it is the faster build, and the one in which a
/// large value that passes through the stack does not fit.
const HELPERS: Build = Build {
    directory: "switched",
    switches: "--cfg shma_stop --cfg shma_count",
    configuration: &[
        "--config=profile.dev.package.shma-core.opt-level=0",
        "--config=profile.dev.package.shma-tests.opt-level=0",
        "--config=profile.dev.package.shma-campaigns.opt-level=0",
        "--config=profile.dev.debug=0",
        "--config=profile.dev.build-override.debug=0",
    ],
    sanitized: false,
};

/// Optimised as the ordinary tests are.
const MUTANTS: Build = Build {
    directory: "mutants",
    switches: "--cfg shma_mutant --cfg shma_stop",
    configuration: &["--config=profile.dev.debug=0", "--config=profile.dev.build-override.debug=0"],
    sanitized: false,
};

/// Under ThreadSanitizer, by a compiler that need not have a standard library built for that.
const THREADS: Build = Build {
    directory: "threads",
    switches: "--cfg shma_mutant --cfg shma_tsan -Zsanitizer=thread -Cunsafe-allow-abi-mismatch=sanitizer",
    configuration: &[
        "--config=profile.dev.debug='line-tables-only'",
        "--config=profile.dev.build-override.debug=0",
    ],
    sanitized: true,
};

/// Under AddressSanitizer, likewise.
const ADDRESSES: Build = Build {
    directory: "addresses",
    switches: "-Zsanitizer=address -Cunsafe-allow-abi-mismatch=sanitizer",
    configuration: THREADS.configuration,
    sanitized: true,
};

/// The program that runs the campaigns.
const CAMPAIGN: &str = "campaign";

/// Builds a helper program with stop points at which it can be killed or stopped, and with counters
/// of copied bytes, and says where it is.
///
/// Call it outside of a watchdog: it takes as long as it takes.
pub fn program(name: &str) -> PathBuf {
    HELPERS.program(name)
}

/// Builds a program with faults that `SHMA_MUTANT` switches on, and with stop points, and says where it
/// is. Like [`program`], it takes as long as it takes.
pub fn faulty(name: &str) -> PathBuf {
    MUTANTS.program(name)
}

/// The program that runs the campaigns, as [`faulty`] builds it.
pub fn campaign() -> PathBuf {
    faulty(CAMPAIGN)
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
        let target = target_directory().join(self.directory);
        let mut built = BUILT.lock().unwrap_or_else(PoisonError::into_inner);
        built.entry(target.join(name)).or_insert_with(|| self.build(&target, name)).clone()
    }

    fn build(&self, target: &Path, name: &str) -> PathBuf {
        let flags = std::env::var("RUSTFLAGS").unwrap_or_default();
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        // What attacks for a long time is in a package of its own.
        let package = if name == CAMPAIGN { "shma-campaigns" } else { "shma-tests" };
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml");
        let mut command = Command::new(cargo);
        if self.sanitized {
            // The stable compiler has sanitizers, and asks to be told that one means it.
            command.env("RUSTC_BOOTSTRAP", "1");
        }
        command
            .args(["build", "--quiet", "--locked", "--offline", "--manifest-path"])
            .arg(manifest)
            .args(["--package", package, "--bin", name])
            .args(self.configuration)
            .arg("--target-dir")
            .arg(target)
            .args(self.sanitized.then_some(["--target", TARGET]).iter().flatten())
            .env("RUSTFLAGS", format!("{flags} {}", self.switches))
            .env_remove("CARGO_ENCODED_RUSTFLAGS");
        let output = command.output().unwrap();
        let complaints = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "`{name}` was not built for {self:?}:\n{complaints}");
        let built = if self.sanitized { target.join(TARGET) } else { target.to_owned() };
        let program = built.join("debug").join(name);
        assert!(program.exists(), "{} is not there", program.display());
        program
    }
}

/// Where the running program was built: the directory that cargo has marked.
pub fn target_directory() -> PathBuf {
    let program = std::env::current_exe().unwrap();
    let marked = program.ancestors().find(|directory| directory.join("CACHEDIR.TAG").exists());
    marked.expect("a program of the tests lies in a target directory").to_owned()
}
