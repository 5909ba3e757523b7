//! The programs as a person starts them.

#[cfg(feature = "mpi")]
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output};

/// Runs a program in a folder that goes; its region names begin with its process number, so that what is
/// left can be told.
fn run(program: &str, arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let child = Command::new(program)
        .args(arguments)
        .current_dir(&folder)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let beginning = format!("-{}-", child.id());
    let output = child.wait_with_output().unwrap();
    let left: Vec<PathBuf> = std::fs::read_dir("/dev/shm")
        .unwrap()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.to_string_lossy().contains(&beginning))
        .collect();
    assert!(left.is_empty(), "left behind: {left:?}");
    output
}

fn said(output: &Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {errors}", output.status);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Alone each host is below half, with bridges both are above 90 %, also if all bridges are killed: the
/// program ends with 0 only then.
#[test]
fn two_hosts_learn_all_digits_though_each_has_half() {
    let output = run(env!("CARGO_BIN_EXE_digits"), &["--kill-bridge"]);
    let text = said(&output);
    assert!(text.contains("host  digits   alone  with bridges"), "{text}");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("killed all bridges by SIGKILL"), "{errors}");
    assert!(errors.contains("started the bridges again"), "{errors}");
}

/// The plate of `heat` after 400 steps has this checksum; `heat --steps 400` prints it.
#[test]
fn two_hosts_come_to_the_bits_of_heat() {
    for kill in [&[][..], &["--kill-bridge"]] {
        let text = said(&run(env!("CARGO_BIN_EXE_plate"), &[&["--steps", "400"], kill].concat()));
        assert!(text.contains("checksum  87b5112875ad1c48"), "{text}");
    }
}

/// The same with bridges that a launcher starts, of which the ranks are killed.
#[cfg(feature = "mpi")]
#[test]
fn bridges_may_be_the_ranks_of_an_mpi_job() {
    if shma_bridge::engine::Mpi::launcher().is_none() {
        let _ = writeln!(std::io::stderr(), "skipped: there is no launcher of this MPI library");
        return;
    }
    for kill in [&[][..], &["--kill-bridge"]] {
        let arguments = [&["--mpirun", "--steps", "400"], kill].concat();
        let text = said(&run(env!("CARGO_BIN_EXE_plate"), &arguments));
        assert!(text.contains("checksum  87b5112875ad1c48"), "{text}");
    }
    let output = run(env!("CARGO_BIN_EXE_digits"), &["--mpirun", "--kill-bridge"]);
    let text = said(&output);
    assert!(text.contains("host  digits   alone  with bridges"), "{text}");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(errors.contains("started the bridges again"), "{errors}");
}
