//! Programs in C and C++, compiled under every standard.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use shma_tests::sizes;
use shma_tests::skip::skip;
use tempfile::{TempDir, tempdir};

/// Each standard, and what compilers call it that came before it.
const STANDARDS: [(&str, &str, &str); 9] = [
    ("cc", "c99", "c99"),
    ("cc", "c11", "c11"),
    ("cc", "c17", "c17"),
    ("cc", "c23", "c2x"),
    ("c++", "c++11", "c++11"),
    ("c++", "c++14", "c++14"),
    ("c++", "c++17", "c++17"),
    ("c++", "c++20", "c++2a"),
    ("c++", "c++23", "c++2b"),
];

/// Those under which programs also run: the oldest and the newest of each language.
const RUN: [&str; 4] = ["c99", "c23", "c++11", "c++23"];

/// Those that are tried by default: the oldest of each language.
const FEW: [&str; 2] = ["c99", "c++11"];

/// A folder with headers and a program.
#[derive(Debug)]
pub struct Sources(TempDir);

impl Sources {
    pub fn new() -> Self {
        Self(tempdir().unwrap())
    }

    pub fn path(&self, file: &str) -> PathBuf {
        self.0.path().join(file)
    }

    pub fn write(&self, file: &str, text: &str) {
        std::fs::write(self.path(file), text).unwrap();
    }

    /// Checks `program` under each standard that a compiler here knows, without a warning, and
    /// returns it built under the oldest and the newest of each language. By default, under the oldest alone.
    #[track_caller]
    pub fn compiled(&self, program: &str) -> Vec<PathBuf> {
        self.write("program.c", program);
        let mut compiled = Vec::new();
        for (standard, known) in STANDARDS.iter().zip(known()) {
            let (compiler, standard, _) = *standard;
            if !sizes::all() && !FEW.contains(&standard) {
                continue;
            }
            let Some(known) = known else {
                skip(&format!("there is no {compiler} that knows {standard}"));
                continue;
            };
            let to = self.path(&format!("program-{standard}"));
            let mut command = compiler_for(compiler, known);
            command.args(["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"]);
            command.args(["-Wundef", "-D_GNU_SOURCE", sizes::either("-O0", "-O1")]);
            if RUN.contains(&standard) {
                command.arg("-o").arg(&to);
                compiled.push(to);
            } else {
                command.arg("-fsyntax-only");
            }
            let ran = command.arg(self.path("program.c")).output().unwrap();
            let errors = String::from_utf8_lossy(&ran.stderr);
            assert!(ran.status.success(), "{standard}: {errors}");
        }
        compiled
    }

    /// Compiles `program` under each standard that has the classes of `shma.hpp`, without a warning. By
    /// default, under the oldest alone.
    #[track_caller]
    pub fn checked_with_classes(&self, program: &str) {
        self.write("program.cpp", program);
        let include = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shma-capi/include");
        for (compiler, standard, early) in STANDARDS {
            let knows = |standard: &&str| knows(compiler, standard);
            let modern =
                standard == "c++17" || (sizes::all() && matches!(standard, "c++20" | "c++23"));
            let Some(standard) = [standard, early].into_iter().find(|it| modern && knows(it))
            else {
                continue;
            };
            let mut command = compiler_for(compiler, standard);
            command.args(["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Werror", "-I"]);
            command.arg(&include).arg("-fsyntax-only").arg(self.path("program.cpp"));
            let ran = command.output().unwrap();
            let errors = String::from_utf8_lossy(&ran.stderr);
            assert!(ran.status.success(), "{standard}: {errors}");
        }
    }

    /// Why `program.c` does not compile as C11; nothing without a compiler.
    #[track_caller]
    pub fn refused(&self, program: &str) -> Option<String> {
        self.write("program.c", program);
        let mut command = compiler_for("cc", "c11");
        let ran = command.arg("-fsyntax-only").arg(self.path("program.c")).output().ok()?;
        assert!(!ran.status.success());
        Some(String::from_utf8_lossy(&ran.stderr).into_owned())
    }
}

fn compiler_for(compiler: &str, standard: &str) -> Command {
    let language = if compiler == "cc" { "c" } else { "c++" };
    let mut command = Command::new(compiler);
    command.args(["-x", language]).arg(format!("-std={standard}"));
    command
}

/// What the compilers here call each standard; nothing where they do not know it.
fn known() -> &'static [Option<&'static str>] {
    static KNOWN: OnceLock<Vec<Option<&str>>> = OnceLock::new();
    let find = |(compiler, standard, early): &(&str, &'static str, &'static str)| {
        [*standard, *early].into_iter().find(|standard| knows(compiler, standard))
    };
    KNOWN.get_or_init(|| STANDARDS.iter().map(find).collect())
}

fn knows(compiler: &str, standard: &str) -> bool {
    let mut command = compiler_for(compiler, standard);
    command.args(["-fsyntax-only", "/dev/null"]).output().is_ok_and(|ran| ran.status.success())
}

/// What a program prints.
#[track_caller]
pub fn output_of(program: &Path, arguments: &[&Path]) -> String {
    let ran = Command::new(program).args(arguments).output().unwrap();
    let errors = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{}: {} {errors}", program.display(), ran.status);
    String::from_utf8(ran.stdout).unwrap()
}
