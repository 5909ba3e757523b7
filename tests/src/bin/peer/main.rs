//! The other process of the tests: does what it is told, a line at a time, and ends when its input
//! does.

mod alarms;
mod descriptors;
mod fork;
#[cfg(target_arch = "x86_64")]
mod interrupted;
mod large;
mod namespace;
mod room;
mod scribble;
mod shortage;
mod storm;
mod sum;
mod talk;

use std::io::{BufRead, Write};

fn main() {
    // A last resort against staying behind; the end of the input is the usual way to go.
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL)).unwrap();
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["talk"] => talk::run(),
        ["storm", name, words, how] => storm::write(name, words, how),
        ["look", name, words, how, times] => storm::look(name, words, how, times),
        ["add", what, name, how, times] => sum::add(what, name, how, times),
        ["tally", name, own] => sum::tally(name, own),
        ["large", name] => large::walk(name),
        ["sleep"] => while next_line().is_some() {},
        ["fork", story, name] => fork::tell(story, name),
        #[cfg(target_arch = "x86_64")]
        ["interrupted", call, name] => interrupted::tell(call, name),
        #[cfg(target_arch = "x86_64")]
        ["first-copy", name] => interrupted::first_copy(name),
        ["first-process"] => namespace::first_process(),
        ["small-shm", bytes, files] => namespace::small(bytes, files),
        ["without-input", name] => descriptors::without_input(name),
        ["closed-streams", which, name] => descriptors::closed_streams(which, name),
        ["reuse", how, name] => descriptors::reuse(how, name),
        ["unmapped", user] => namespace::unmapped(user),
        ["spoilt-shm", how] => namespace::spoilt(how),
        ["room"] => room::run(),
        ["shortage", prefix, spare] => shortage::look(prefix, spare),
        ["overlay-shm"] => namespace::overlay(),
        _ => panic!("unknown arguments {arguments:?}"),
    }
}

/// Says a line.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}

/// The next line of the input; `None` at its end.
fn next_line() -> Option<String> {
    std::io::stdin().lock().lines().next().map(Result::unwrap)
}
