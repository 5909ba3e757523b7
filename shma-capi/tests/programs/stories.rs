//! Programs that tell one story each, and check it themselves.

use std::path::Path;
use std::process::Command;

use shma_tests::region::Name;
use shma_tests::sizes;
use shma_tests::skip::skip;
use shma_tests::watchdog::watched;

use crate::compilers::{Dialect, c, cpp, gcc, one_each};
use crate::prefix::{has, run};

/// Runs a program on names that are free.
#[track_caller]
pub fn tell(program: &Path) {
    let name = Name::new("c");
    let second = Name::told(&format!("{}-2", &*name));
    run(Command::new(program).arg(&*name));
    drop((second, name));
}

#[track_caller]
fn told(dialects: Vec<Dialect>, source: &str) {
    for dialect in dialects {
        tell(&dialect.build(source, &[]));
    }
}

/// A header that only one standard takes is of no use to the others.
#[test]
fn programs_compile_under_every_standard() {
    watched(|| {
        for dialect in c().into_iter().chain(cpp()) {
            for source in ["c/calls.c", "c/errors.c", "c/hostile.c"] {
                dialect.check(source);
            }
        }
    });
}

#[test]
fn every_function_does_what_the_header_says() {
    watched(|| told(one_each(), "c/calls.c"));
}

#[test]
fn every_function_gives_each_of_its_errors() {
    watched(|| told(one_each(), "c/errors.c"));
}

/// The header for C++ compiles from C++17 on, with every compiler; by default with C++17 alone.
#[test]
fn classes_own_their_handles_and_throw() {
    watched(|| {
        let modern = |it: &Dialect| !matches!(it.standard, "c++11" | "c++14");
        for dialect in cpp().into_iter().filter(modern) {
            match dialect.standard {
                "c++17" => tell(&dialect.build("cpp/classes.cpp", &[])),
                _ if sizes::all() => dialect.check("cpp/classes.cpp"),
                _ => {}
            }
        }
    });
}

#[test]
fn an_update_belongs_to_the_thread_that_began_it() {
    watched(|| told(gcc().into_iter().collect(), "c/threads.c"));
}

#[test]
fn what_a_field_keeps_of_its_updates_is_no_others() {
    watched(|| told(gcc().into_iter().collect(), "c/kept.c"));
}

/// To be cancelled is to be unwound, which would end the process inside of a call.
#[test]
fn a_cancelled_thread_returns_from_its_call_first() {
    watched(|| told(gcc().into_iter().collect(), "c/cancelled.c"));
}

#[test]
fn a_fork_child_ends_no_update_of_its_parent() {
    watched(|| told(gcc().into_iter().collect(), "c/forks.c"));
}

/// Reads of memory that is not there or not set, and memory that is never freed.
#[test]
fn valgrind_finds_nothing() {
    watched(|| {
        if !has("valgrind") {
            return skip("there is no valgrind");
        }
        let Some(gcc) = gcc() else { return };
        let sources = [
            ("c/calls.c", &[][..]),
            ("c/errors.c", &[]),
            ("c/kept.c", &[]),
            ("c/cycles.c", &["20", "40"]),
        ];
        for (source, more) in &sources[..sizes::either(1, sources.len())] {
            let name = Name::new("valgrind");
            let second = Name::told(&format!("{}-2", &*name));
            let mut command = Command::new("valgrind");
            command.args(["--quiet", "--error-exitcode=9", "--leak-check=full"]);
            command.args(["--errors-for-leak-kinds=definite,indirect"]);
            run(command.arg(gcc.build(source, &[])).arg(&*name).args(*more));
            drop((second, name));
        }
    });
}
