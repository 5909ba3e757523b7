//! Python, where it is to be had.

use std::path::Path;
use std::process::Command;

use crate::skip::skip;

/// Runs a script that imports these modules, with a path as its argument, and returns what it prints.
/// `None`, said on standard error, where there is no such Python.
///
/// # Panics
///
/// If the script fails, with what it says.
#[track_caller]
pub fn python(modules: &str, script: &str, file: &Path) -> Option<String> {
    let imports = format!("import {modules}\n");
    let found = Command::new("python3").args(["-c", &imports]).output();
    if !found.is_ok_and(|ran| ran.status.success()) {
        skip(&format!("there is no python3 with {modules}"));
        return None;
    }
    let script = format!("{imports}import sys\nfile = sys.argv[1]\n{script}");
    let ran = Command::new("python3").args(["-c", &script]).arg(file).output().unwrap();
    let complaints = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{script}\n{complaints}");
    Some(String::from_utf8(ran.stdout).unwrap())
}
