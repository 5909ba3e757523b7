//! Files that coverage guides, under AddressSanitizer: libFuzzer, on the stable compiler.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::outcome::{Failure, Outcome};
use shma_tests::region::Name;
use shma_tests::switched::target_directory;

/// What the fuzzer is built with: the passes by which it sees where a file leads, and the sanitizer.
const FLAGS: &str = "-Zsanitizer=address -Cunsafe-allow-abi-mismatch=sanitizer \
    -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares --cfg fuzzing";

/// That it is named keeps the flags out of programs that run in builds.
const TARGET: &str = "x86_64-unknown-linux-gnu";

/// The fuzzer at work.
pub(super) struct Fuzzer {
    process: Child,
    /// What it gives files, so that one who ends it can remove what is left.
    _name: Name,
    /// Where it keeps what it has found; removed in the end.
    corpus: PathBuf,
}

impl Fuzzer {
    /// Starts it for so long; an error says why it cannot be built here.
    pub(super) fn start(time: Duration, seed: u64) -> Result<Self, String> {
        let program = build()?;
        let name = Name::new("fuzz");
        let corpus = std::env::temp_dir().join(format!("{name}.corpus"));
        fs::create_dir(&corpus).unwrap();
        // The template as it is, and with its own text, for each of the calls.
        for call in 0..8_u8 {
            fs::write(corpus.join(format!("template-{call}")), [call, 2]).unwrap();
            fs::write(corpus.join(format!("text-{call}")), [&[call, 1], &b"{}"[..]].concat())
                .unwrap();
        }
        let process = Command::new(program)
            .arg(&corpus)
            .arg(format!("-max_total_time={}", time.as_secs().max(1)))
            // Libfuzzer takes 32 bits, and 0 for none.
            .arg(format!("-seed={}", seed as u32 | 1))
            .arg(format!("-artifact_prefix={}/", corpus.display()))
            .args(["-max_len=4096", "-timeout=20", "-print_final_stats=1"])
            .env("SHMA_FUZZ_NAME", &*name)
            .env("ASAN_OPTIONS", "detect_leaks=0")
            .stdout(Stdio::null())
            .stderr(fs::File::create(said(&corpus)).unwrap())
            .spawn()
            .unwrap();
        Ok(Self { process, _name: name, corpus })
    }

    /// Waits until its time is over.
    pub(super) fn end(mut self, outcome: &mut Outcome) {
        let status = self.process.wait().unwrap();
        let said = fs::read_to_string(said(&self.corpus)).unwrap_or_default();
        let count =
            said.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
        let count = count.and_then(|count| count.trim().parse().ok()).unwrap_or(0);
        outcome.count("files of the fuzzer", count);
        if !status.success() {
            let last: Vec<&str> = said.lines().rev().take(60).collect();
            let last: Vec<&str> = last.into_iter().rev().collect();
            outcome.fail(Failure::new(
                "a file of the fuzzer",
                format!("{status}\n{}", last.join("\n")),
            ));
        }
    }
}

impl Drop for Fuzzer {
    fn drop(&mut self) {
        // Both fail only when it has ended and was reaped.
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = fs::remove_dir_all(&self.corpus);
    }
}

/// Where its messages go. They may be more than a pipe holds.
fn said(corpus: &Path) -> PathBuf {
    corpus.join("messages")
}

fn build() -> Result<PathBuf, String> {
    if !cfg!(all(target_arch = "x86_64", target_env = "gnu")) {
        return Err("there is no AddressSanitizer for this platform".into());
    }
    let target = target_directory().join("fuzz");
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/Cargo.toml");
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        // It may download the fuzzer, which no other build needs, so it is not offline.
        .args(["build", "--quiet", "--locked", "--release", "--target", TARGET, "--manifest-path"])
        .arg(manifest)
        .arg("--target-dir")
        .arg(&target)
        .env("RUSTFLAGS", FLAGS)
        // The stable compiler has sanitizers, and asks to be told that one means it.
        .env("RUSTC_BOOTSTRAP", "1")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .output()
        .map_err(|error| format!("cargo cannot be run: {error}"))?;
    if !output.status.success() {
        let complaints = String::from_utf8_lossy(&output.stderr);
        return Err(format!("the fuzzer was not built:\n{complaints}"));
    }
    Ok(target.join(TARGET).join("release/shma-fuzz"))
}
