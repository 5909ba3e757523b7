//! This program once more, without the other peers, and with the library built to count the bytes
//! that it copies. Counting takes time, so nothing but counts is taken from it.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// What is switched on.
const SWITCH: &str = "--cfg shma_count";

/// Builds it, beside this one, and says where it is.
pub fn build() -> Result<PathBuf> {
    let program = std::env::current_exe()?;
    let target = program.parent().context("a program lies in a folder")?.join("counting");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    let output = Command::new(cargo)
        .args(["build", "--release", "--quiet", "--locked", "--no-default-features"])
        .arg("--manifest-path")
        .arg(manifest)
        .arg("--target-dir")
        .arg(&target)
        .env("RUSTFLAGS", SWITCH)
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .output()
        .context("running cargo")?;
    let complaints = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "the program that counts was not built:\n{complaints}");
    Ok(target.join("release").join(env!("CARGO_PKG_NAME")))
}
