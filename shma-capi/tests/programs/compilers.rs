//! Compiling a program under a standard.

use std::path::{Path, PathBuf};
use std::process::Command;

use shma_tests::sizes;
use shma_tests::skip::skip;

use crate::prefix::{PACKAGE, has, prefix, run, scratch};

/// A compiler and a standard that it knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dialect {
    pub compiler: &'static str,
    pub standard: &'static str,
}

/// Compilers for C and for C++. By default the first that there is serves for all.
const COMPILERS: [(&str, &str); 2] = [("gcc", "g++"), ("clang", "clang++")];

/// Each standard, and what compilers call it that came before it.
const C: [(&str, &str); 4] = [("c99", "c99"), ("c11", "c11"), ("c17", "c18"), ("c23", "c2x")];
const CPP: [(&str, &str); 5] = [
    ("c++11", "c++11"),
    ("c++14", "c++14"),
    ("c++17", "c++17"),
    ("c++20", "c++2a"),
    ("c++23", "c++2b"),
];

impl Dialect {
    pub fn is_cpp(self) -> bool {
        self.standard.starts_with("c++")
    }

    fn command(self) -> Command {
        let mut command = Command::new(self.compiler);
        command.args(["-x", if self.is_cpp() { "c++" } else { "c" }]);
        command.arg(format!("-std={}", self.standard));
        command
    }

    fn is_known(self) -> bool {
        let mut command = self.command();
        command.args(["-fsyntax-only", "/dev/null"]);
        command.output().is_ok_and(|ran| ran.status.success())
    }

    /// Only looks whether a program compiles.
    #[track_caller]
    pub fn check(self, source: &str) {
        let mut command = self.strict();
        run(command.arg("-fsyntax-only").arg(source_path(source)));
    }

    /// Compiles a program of `tests/c` or `tests/cpp`. `more` goes to the compiler too.
    #[track_caller]
    pub fn build(self, source: &str, more: &[&str]) -> PathBuf {
        let kind: String = more.concat().chars().filter(char::is_ascii_alphanumeric).collect();
        let stem = source.replace(['/', '.'], "-");
        let to = scratch().join(format!("{stem}-{}-{}-{kind}", self.compiler, self.standard));
        let lib = prefix().join("lib");
        let mut command = self.strict();
        command.args(["-g", sizes::either("-O0", "-O1")]).args(more).arg(source_path(source));
        command.arg("-L").arg(&lib).arg(format!("-Wl,-rpath,{}", lib.display()));
        run(command.args(["-lshma", "-pthread", "-o"]).arg(&to));
        to
    }

    fn strict(self) -> Command {
        let mut command = self.command();
        command.args(["-Wall", "-Wextra", "-Werror", "-pedantic", "-Wshadow", "-D_GNU_SOURCE"]);
        command.arg("-I").arg(prefix().join("include"));
        command.arg("-I").arg(Path::new(PACKAGE).join("tests/c"));
        command
    }
}

fn source_path(source: &str) -> PathBuf {
    Path::new(PACKAGE).join("tests").join(source)
}

fn known(
    standards: &[(&'static str, &'static str)],
    pick: fn((&'static str, &'static str)) -> &'static str,
) -> Vec<Dialect> {
    let mut known = Vec::new();
    for pair in COMPILERS {
        if !known.is_empty() && !sizes::all() {
            break;
        }
        let compiler = pick(pair);
        if !has(compiler) {
            skip(&format!("there is no {compiler}"));
            continue;
        }
        for (standard, early) in standards {
            let dialects = [standard, early].map(|standard| Dialect { compiler, standard });
            match dialects.into_iter().find(|dialect| dialect.is_known()) {
                Some(dialect) => known.push(dialect),
                None => skip(&format!("{compiler} does not know {standard}")),
            }
        }
    }
    known
}

/// C of each standard, by each compiler.
pub fn c() -> Vec<Dialect> {
    known(&C, |(c, _)| c)
}

/// C++ of each standard, by each compiler.
pub fn cpp() -> Vec<Dialect> {
    known(&CPP, |(_, cpp)| cpp)
}

/// One of each compiler and language.
pub fn one_each() -> Vec<Dialect> {
    let mut one: Vec<Dialect> = c();
    one.extend(cpp());
    one.retain(|dialect| matches!(dialect.standard, "c99" | "c++17"));
    one
}

/// C99 by gcc.
pub fn gcc() -> Option<Dialect> {
    c().into_iter().find(|dialect| dialect.compiler == "gcc" && dialect.standard == "c99")
}
