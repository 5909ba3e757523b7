//! Platforms that the library does not run on.

use std::path::Path;
use std::process::Command;

use shma_tests::skip::skip;

/// Constants that overflow, and structs of the C library that differ, would be said in a dozen errors
/// that do not name the cause.
#[test]
fn other_platforms_get_one_error() {
    for target in ["i686-unknown-linux-gnu"] {
        match errors(target) {
            Ok(errors) => {
                let [error] = &errors[..] else { panic!("{target}: {errors:#?}") };
                assert!(error.contains("runs on 64-bit Linux only"), "{target}: {error}");
            }
            Err(reason) => skip(&reason),
        }
    }
}

/// What the compiler has against the library there.
fn errors(target: &str) -> Result<Vec<String>, String> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let said = Command::new(rustc).args(["--print", "target-libdir", "--target", target]).output();
    let said = said.map_err(|error| format!("rustc cannot be run: {error}"))?;
    let libraries = String::from_utf8_lossy(&said.stdout);
    if !Path::new(libraries.trim()).exists() {
        return Err(format!("the standard library for {target} is not installed"));
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["check", "--quiet", "--locked", "--offline", "--target", target, "--manifest-path"])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shma-core/Cargo.toml"))
        .arg("--target-dir")
        .arg(Path::new(env!("CARGO_TARGET_TMPDIR")).join("platforms"))
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .output()
        .map_err(|error| format!("cargo cannot be run: {error}"))?;
    let complaints = String::from_utf8_lossy(&output.stderr);
    if complaints.contains("offline") {
        return Err(format!("dependencies for {target} are not downloaded"));
    }
    // The last one counts the others.
    let errors = complaints.lines().filter(|line| line.starts_with("error"));
    Ok(errors.filter(|line| !line.contains("could not compile")).map(str::to_owned).collect())
}
