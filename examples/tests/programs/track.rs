//! `writer` and `reader`, as if in two terminals.

use std::process::Output;

use rustix::process::Signal;

use crate::program::{Program, has_mapped, regions_beginning, text, until};

fn region(test: &str) -> String {
    format!("track-test-{test}-{}", std::process::id())
}

fn writer(region: &str) -> Program {
    Program::start(env!("CARGO_BIN_EXE_writer"), region)
}

fn reader(region: &str) -> Program {
    Program::start(env!("CARGO_BIN_EXE_reader"), region)
}

fn wait_for_mapping(program: &Program, region: &str) {
    until("the region to be mapped", || has_mapped(program.pid(), &format!("shma.{region}")));
}

/// Step numbers in the order of printing.
fn steps(output: &Output) -> Vec<u64> {
    let lines = text(&output.stdout);
    let numbers = lines.lines().filter_map(|line| line.strip_prefix("step "));
    numbers.map(|line| line.split(':').next().unwrap().trim().parse().unwrap()).collect()
}

#[test]
fn a_reader_that_came_first_follows_until_the_writer_ends() {
    let region = region("first");
    let reader = reader(&region);
    let writer = writer(&region);
    wait_for_mapping(&reader, &region);
    writer.signal(Signal::INT);
    let (output, _) = writer.finish();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let (output, _) = reader.finish();
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stdout).ends_with("the writer has ended\n"), "{}", text(&output.stdout));
    assert!(steps(&output).is_sorted_by(|a, b| a < b), "{}", text(&output.stdout));
    assert!(!steps(&output).is_empty());
    assert!(regions_beginning(&region).is_empty());
}

#[test]
fn a_killed_writer_is_replaced_and_goes_on_from_its_last_step() {
    let region = region("killed");
    let first = writer(&region);
    wait_for_mapping(&first, &region);
    let reader = reader(&region);
    wait_for_mapping(&reader, &region);
    first.signal(Signal::KILL);
    first.finish();
    let second = writer(&region);
    wait_for_mapping(&second, &region);
    second.signal(Signal::INT);
    let (output, _) = second.finish();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let (output, _) = reader.finish();
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(steps(&output).is_sorted_by(|a, b| a < b), "{}", text(&output.stdout));
    assert!(regions_beginning(&region).is_empty());
}
