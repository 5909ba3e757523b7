//! The other process of the tests. Its arguments say what it does; it ends when its input does.

mod alarms;
mod answer;
mod atomics;
mod bank;
mod bulk;
mod copied;
mod declared;
mod descriptors;
mod five_fields;
mod fork;
mod fork_holding;
#[cfg(target_arch = "x86_64")]
mod interrupted;
mod large;
mod low_memory;
mod manifests;
mod namespace;
mod numbers;
mod order;
mod parts;
mod publishing;
mod queue;
mod redeclared;
mod scribble;
mod shortage;
mod storm;
mod sum;
mod talk;

use std::io::{BufRead, Write};
use std::sync::atomic::{AtomicBool, Ordering};

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
        ["bulk", how, mib, name, file] => bulk::run(how, mib.parse().unwrap(), name, file),
        ["large", name] => large::walk(name),
        ["put", way, name, first, end] => queue::put_all(way, name, number(first), number(end)),
        ["take", way, name, times] => queue::take_some(way, name, number(times)),
        ["sleep"] => while next_line().is_some() {},
        ["fork", story, name] => fork::tell(story, name),
        #[cfg(target_arch = "x86_64")]
        ["interrupted", call, name] => interrupted::tell(call, name),
        #[cfg(target_arch = "x86_64")]
        ["locks", name] => interrupted::locks(name),
        #[cfg(target_arch = "x86_64")]
        ["first-copy", name] => interrupted::first_copy(name),
        ["first-process"] => namespace::first_process(),
        ["small-shm", bytes, files] => namespace::small(bytes, files),
        ["without-input", name] => descriptors::without_input(name),
        ["closed-streams", which, name] => descriptors::closed_streams(which, name),
        ["reuse", how, name] => descriptors::reuse(how, name),
        ["unmapped", user] => namespace::unmapped(user),
        ["spoilt-shm", how] => namespace::spoilt(how),
        ["low-memory"] => low_memory::run(),
        ["shortage", prefix, spare] => shortage::look(prefix, spare),
        ["overlay-shm"] => namespace::overlay(),
        ["transfer", name, notes, worker] => bank::transfer(name, notes, number(worker)),
        ["audit", name, notes, line, access] => bank::audit(name, notes, number(line), access),
        ["transact", name, to, fields] => five_fields::transact(name, number(to), fields),
        ["transact-of", name, to, _] => five_fields::transact_of(name, number(to)),
        ["hold", name, to, fields] => five_fields::hold(name, number(to), fields),
        ["touch", name, field] => five_fields::touch(name, field),
        ["snapshot", name, access] => five_fields::snapshot(name, access),
        ["read", name, access, field] => five_fields::read(name, access, field),
        ["wait", name, field] => five_fields::wait(name, field),
        ["churn", name, how] => five_fields::churn(name, how),
        ["pace", name, how] => order::pace(name, how),
        ["witness", name, access, times] => order::witness(name, access, number(times)),
        ["fork-holding", story, name] => fork_holding::tell(story, name),
        ["write-parts", name, notes, seed] => parts::write_parts(name, notes, number(seed)),
        ["write-slots", name, field] => parts::write_slots(name, field),
        ["count", name, how, times] => atomics::count(name, how, number(times)),
        ["echo", name, rounds] => atomics::echo(name, number(rounds)),
        ["own", name, first, times] => atomics::own(name, number(first), number(times)),
        ["pattern", name, how] => atomics::pattern(name, how),
        ["enter", name, notes, element] => atomics::enter(name, notes, number(element)),
        ["subtract", name, times] => numbers::subtract(name, number(times)),
        ["exchange", name, times] => numbers::exchange(name, number(times)),
        ["claim", name, mark] => numbers::claim(name, number(mark)),
        ["trade", name, token] => numbers::trade(name, number(token)),
        ["trade-for-ever", name, token] => numbers::trade_for_ever(name, number(token)),
        ["flip", name, bit, times] => numbers::flip(name, number(bit), number(times)),
        ["add-own", name, first, end, times] => {
            numbers::add_own(name, number(first), number(end), number(times));
        }
        ["race", name, how] => numbers::race(name, how),
        ["watch", name, values] => numbers::watch(name, number(values)),
        ["add-for-ever", name, notes, part] => numbers::add_for_ever(name, notes, number(part)),
        ["copied", words, story, name] => copied::tell(words, story, name),
        ["declare", name] => declared::create(name),
        ["redeclare", name, version] => redeclared::open(name, version),
        ["read-manifests"] => manifests::read_many(),
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

/// Says that it is ready, and starts when told to.
fn start() {
    say("ready");
    next_line();
}

/// Does something again and again, until the next line of the input or its end. Returns how often.
fn until_told(mut turn: impl FnMut(u64) + Send) -> u64 {
    let going = AtomicBool::new(true);
    std::thread::scope(|scope| {
        let worker = scope.spawn(|| {
            let mut turns = 0;
            // Relaxed, both: a flag of its own.
            while going.load(Ordering::Relaxed) {
                turn(turns);
                turns += 1;
            }
            turns
        });
        say("going");
        next_line();
        going.store(false, Ordering::Relaxed);
        worker.join().unwrap()
    })
}

fn number<N: std::str::FromStr>(text: &str) -> N {
    text.parse().unwrap_or_else(|_| panic!("`{text}` is no number"))
}
