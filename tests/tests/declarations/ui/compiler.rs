//! The compiler, and the crates that the programs use, as the build of the tests has left them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use shma_tests::switched::target_directory;

/// The workspace, seen from where tests run.
const WORKSPACE: &str = "..";

/// A build that takes exactly these crates, and makes none of its own behind one of the whole workspace.
const BUILD: [&str; 8] = [
    "build",
    "--quiet",
    "--locked",
    "--offline",
    "--workspace",
    "--example=accepted",
    "--message-format=json",
    "--manifest-path=../Cargo.toml",
];

/// What programs may name.
const CRATES: [&str; 2] = ["shma_core", "shma_tests_macros"];

/// How the compiler is called.
pub struct Compiler {
    rustc: OsString,
    crates: Vec<(&'static str, PathBuf)>,
    /// Where it would write, if it accepted a program.
    scratch: PathBuf,
}

impl Compiler {
    pub fn new() -> Self {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let target = target_directory();
        let output =
            Command::new(cargo).args(BUILD).arg("--target-dir").arg(&target).output().unwrap();
        let complaints = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "the crates were not built:\n{complaints}");
        let messages: Vec<Value> = serde_json::Deserializer::from_slice(&output.stdout)
            .into_iter()
            .collect::<Result<_, _>>()
            .unwrap();
        Self {
            rustc: std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()),
            crates: CRATES.map(|name| (name, built(&messages, name))).into(),
            scratch: target.join("tmp"),
        }
    }

    pub fn version(&self) -> String {
        let output = Command::new(&self.rustc).arg("--version").output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    /// Whether it refuses a program, and what it says of it.
    pub fn check(&self, program: &Path) -> (bool, String) {
        let mut command = Command::new(&self.rustc);
        command
            .args(["--edition=2024", "--crate-name=program", "--emit=metadata"])
            .args(["--color=never", "--diagnostic-width=140", "-Adead_code"])
            .arg("--out-dir")
            .arg(&self.scratch);
        for (name, path) in &self.crates {
            command.arg("--extern").arg(format!("{name}={}", path.display()));
            let folder = path.parent().expect("a file lies in a folder");
            command.arg(format!("-Ldependency={}", folder.display()));
        }
        // From there, because the crates were: so their sources are found, and quoted.
        let output =
            command.current_dir(WORKSPACE).arg(Path::new("tests").join(program)).output().unwrap();
        (!output.status.success(), String::from_utf8(output.stderr).unwrap())
    }
}

/// The library that the build has made of a crate, or has found made.
fn built(messages: &[Value], name: &str) -> PathBuf {
    let of_it = |message: &&Value| {
        message["reason"] == "compiler-artifact"
            && message["target"]["name"] == name
            && message["target"]["kind"][0] != "example"
    };
    let message = messages.iter().find(of_it).unwrap_or_else(|| panic!("`{name}` is not built"));
    let files = message["filenames"].as_array().expect("a list of files");
    let paths = files.iter().map(|file| Path::new(file.as_str().expect("a path")));
    // Not the metadata alone, of which there may be some without code.
    let mut libraries = paths.filter(|path| path.extension().is_some_and(|it| it != "rmeta"));
    libraries.next().unwrap_or_else(|| panic!("no library of `{name}`: {message}")).to_owned()
}
