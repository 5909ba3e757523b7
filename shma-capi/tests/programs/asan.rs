//! The same stories under AddressSanitizer and UndefinedBehaviorSanitizer.

use std::process::Command;

use shma_tests::region::Name;
use shma_tests::sizes;
use shma_tests::skip::skip;
use shma_tests::watchdog::watched;

use crate::compilers::{Dialect, gcc};
use crate::prefix::{run, scratch};
use crate::stories::tell;

const SANITIZED: [&str; 3] =
    ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"];

/// Whether programs can be built with them.
fn is_here() -> bool {
    let to = scratch().join("sanitized");
    let mut command = Command::new("g++");
    command.args(["-x", "c++", "-", SANITIZED[0], "-o"]).arg(to);
    command.stdin(std::process::Stdio::piped()).stderr(std::process::Stdio::null());
    let Ok(mut compiler) = command.spawn() else { return false };
    let mut program = compiler.stdin.take().unwrap();
    let written = std::io::Write::write_all(&mut program, b"int main() { return 0; }");
    drop(program);
    compiler.wait().is_ok_and(|status| status.success() && written.is_ok())
}

#[test]
fn the_sanitizers_find_nothing() {
    watched(|| {
        let Some(gcc) = gcc() else { return };
        if !is_here() {
            return skip("g++ is not here, or has no AddressSanitizer");
        }
        // The others take long to build. Each runs by itself in any case, and most under Valgrind.
        let sources = ["c/threads.c", "c/calls.c", "c/errors.c", "c/kept.c", "c/forks.c"];
        for source in &sources[..sizes::either(1, sources.len())] {
            tell(&gcc.build(source, &SANITIZED));
        }
        if sizes::all() {
            let cpp = Dialect { compiler: "g++", standard: "c++17" };
            tell(&cpp.build("cpp/classes.cpp", &SANITIZED));
        }
        let (name, program) = (Name::new("asan"), gcc.build("c/cycles.c", &SANITIZED));
        let second = Name::told(&format!("{}-2", &*name));
        run(Command::new(program).arg(&*name).args(["50", "200"]));
        drop((second, name));
    });
}
