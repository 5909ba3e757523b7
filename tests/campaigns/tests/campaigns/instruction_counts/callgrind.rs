//! Counting the instructions of a program, by valgrind's callgrind.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Callgrind, found to work here.
#[derive(Debug)]
pub struct Callgrind {
    /// Where it leaves its counts. One run at a time.
    counts: PathBuf,
}

impl Callgrind {
    /// Looks for it; says why it is not to be had. It will write to `folder`.
    pub fn find(folder: &Path) -> Result<Self, String> {
        let found = Self { counts: folder.join(format!("callgrind.{}", std::process::id())) };
        match found.command("true").output() {
            Err(error) => Err(format!("valgrind does not run: {error}")),
            Ok(output) if !output.status.success() => {
                Err(format!("valgrind does not work: {}", complaint(&output)))
            }
            Ok(_) => Ok(found),
        }
    }

    fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("valgrind");
        let mut file = std::ffi::OsString::from("--callgrind-out-file=");
        file.push(&self.counts);
        command.args(["--tool=callgrind", "--quiet"]).arg(file).arg(program);
        command
    }

    /// What a program says.
    ///
    /// # Panics
    ///
    /// If it fails.
    pub fn says(&self, program: &Path, arguments: &[&str]) -> String {
        let output = self.command(program).args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", complaint(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    /// How many instructions a program has carried out, from its start to its end.
    ///
    /// # Panics
    ///
    /// If it fails.
    pub fn instructions(&self, program: &Path, arguments: &[&str]) -> u64 {
        self.says(program, arguments);
        let counts = std::fs::read_to_string(&self.counts).unwrap();
        let total = counts.lines().find_map(|line| line.strip_prefix("totals: "));
        total.expect("callgrind writes a line of totals").trim().parse().unwrap()
    }
}

impl Drop for Callgrind {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.counts);
    }
}

fn complaint(output: &Output) -> String {
    format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr))
}
