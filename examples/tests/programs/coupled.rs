//! `coupled`: a solver in C++ and one in Rust come to the bits of `heat`, also if both are killed.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use shma_core::ShmState;
use shma_tests::region::Name;
use shma_tests::skip::skip;

use crate::program::regions_beginning;

const STEPS: &str = "4000";

const PACKAGE: &str = env!("CARGO_MANIFEST_DIR");

/// What a command prints; `None` without the program.
fn said(command: &mut Command) -> Option<String> {
    let ran = command.output().ok()?;
    let errors = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{command:?}: {}\n{errors}", ran.status);
    Some(String::from_utf8(ran.stdout).unwrap())
}

/// The library, installed as a user would, from what Cargo has put beside the tests.
fn prefix(hint: &str) -> PathBuf {
    let prefix = Path::new(env!("CARGO_TARGET_TMPDIR")).join(hint);
    let built = std::env::current_exe().unwrap().parent().unwrap().to_owned();
    let mut install = Command::new(Path::new(PACKAGE).join("../shma-capi/install"));
    said(install.arg(&prefix).arg("--from").arg(built)).unwrap();
    prefix
}

/// Compiles a program of `coupled`; `None`, and the reason, without the compiler.
fn built(compiler: &str, source: &str, prefix: &Path) -> Option<PathBuf> {
    let to = prefix.join(source.replace('.', "-"));
    let lib = prefix.join("lib");
    let mut command = Command::new(compiler);
    command.args(["-O2", "-Wall", "-Wextra", "-Werror", "-ffp-contract=off", "-o"]).arg(&to);
    command.arg(Path::new(PACKAGE).join("coupled").join(source));
    command.arg("-I").arg(prefix.join("include")).arg("-L").arg(&lib);
    command.arg(format!("-Wl,-rpath,{}", lib.display())).arg("-lshma");
    if said(&mut command).is_none() {
        skip(&format!("there is no {compiler}"));
        return None;
    }
    Some(to)
}

fn checksum(said: &str) -> String {
    let line = said.lines().find_map(|line| line.strip_prefix("checksum")).unwrap();
    line.trim().to_owned()
}

#[test]
fn both_languages_come_to_the_bits_of_heat_whichever_is_killed() {
    let prefix = prefix("coupled");
    let Some(solver) = built("g++", "solver.cpp", &prefix) else { return };
    let mut heat = Command::new(env!("CARGO_BIN_EXE_heat"));
    heat.args(["--grid", "64", "--workers", "1", "--steps", STEPS, "--plot"]);
    let heat = checksum(&said(heat.arg(prefix.join("heat.svg"))).unwrap());
    for kill in [&[][..], &["--kill-one"]] {
        let mut coupled = Command::new(env!("CARGO_BIN_EXE_coupled"));
        coupled.arg("--solver").arg(&solver).args(["--steps", STEPS]).args(kill);
        let coupled = coupled.stdout(Stdio::piped()).spawn().unwrap();
        let names = format!("coupled-{}-", coupled.id());
        let ran = coupled.wait_with_output().unwrap();
        assert!(ran.status.success(), "{}", ran.status);
        let said = String::from_utf8(ran.stdout).unwrap();
        assert_eq!(checksum(&said), heat, "{kill:?}");
        assert_eq!(regions_beginning(&names), [""; 0]);
        let killed = format!("{STEPS}, {} solvers killed", kill.len() * 2);
        assert!(said.contains(&killed), "{said}");
    }
}

/// What `coupled` declares.
#[derive(Debug, ShmState)]
struct Plate {
    lower: [[f64; 65]; 34],
    upper: [[f64; 65]; 34],
}

#[test]
fn a_program_in_fortran_reads_the_plate() {
    let prefix = prefix("fortran");
    let Some(look) = built("gfortran", "look.f90", &prefix) else { return };
    let name = Name::new("fortran");
    let mut plate = Plate::zeroed();
    plate.lower[1][0] = 12.0;
    plate.lower[7][64] = 0.25;
    plate.lower[33][3] = 9.0;
    let _plate = Plate::create(&name, &plate).unwrap();
    assert_eq!(said(Command::new(look).arg(&*name)).unwrap(), "step 12, at most 0.250000\n");
}

/// The list that a user of CMake copies.
#[test]
fn cmake_builds_the_solver() {
    let prefix = prefix("cmake");
    let build = prefix.join("build");
    let mut configure = Command::new("cmake");
    configure.arg("-S").arg(Path::new(PACKAGE).join("coupled")).arg("-B").arg(&build);
    if said(configure.arg(format!("-DCMAKE_PREFIX_PATH={}", prefix.display()))).is_none() {
        return skip("there is no cmake");
    }
    said(Command::new("cmake").arg("--build").arg(&build)).unwrap();
    assert!(build.join("solver").exists());
}
