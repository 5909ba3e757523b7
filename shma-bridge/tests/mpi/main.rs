//! Bridges as the ranks of an MPI job. Two regions on this machine play two nodes.

#[expect(dead_code, reason = "what the tests with threads need is not used here")]
#[path = "../nodes/support.rs"]
mod support;

mod processes;

use std::io::Write;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use processes::bridges_under;
use shma_bridge::engine::Mpi;
use support::{Ends, Names, change, counted, create, declare, read, settled, states, until, write};

const FIELDS: [(&str, &str); 3] = [("step", "u64"), ("halo", "[[u64; 8]; 4]"), ("w", "[f64; 4]")];
const RULES: [&str; 8] = ["--publish", "step@0", "--gather", "halo", "--mean", "w", "--every", "2"];

/// The launcher; `None`, and a word, where there is none.
fn launcher() -> Option<Command> {
    let launcher = Mpi::launcher();
    if launcher.is_none() {
        let _ = writeln!(std::io::stderr(), "skipped: there is no launcher of this MPI library");
    }
    launcher
}

/// A job. Dropped, it is ended.
struct Job(Child);

impl Job {
    fn start(nodes: usize, name: &str, rules: &[&str]) -> Option<Self> {
        let mut command = launcher()?;
        command.args(["-n", &nodes.to_string(), env!("CARGO_BIN_EXE_shma-bridge"), name]);
        command.args(rules).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        Some(Self(command.spawn().unwrap()))
    }

    /// The processes of the ranks, once all are there.
    fn ranks(&self, nodes: usize) -> Vec<String> {
        let mut ranks = Vec::new();
        until("all ranks start", || {
            ranks = bridges_under(self.0.id()).iter().map(u32::to_string).collect();
            ranks.len() == nodes
        });
        ranks
    }

    fn signal(&self, id: &str, signal: &str) {
        // A rank may have ended meanwhile.
        let _ = Command::new("kill").args([signal, id]).stderr(Stdio::null()).status();
    }

    /// The code that the launcher ends with, and what all have said.
    fn end(mut self) -> (Option<i32>, String) {
        until("the job ends", || self.0.try_wait().unwrap().is_some());
        let mut said = String::new();
        if let Some(mut stderr) = self.0.stderr.take() {
            std::io::Read::read_to_string(&mut stderr, &mut said).unwrap();
        }
        (self.0.wait().unwrap().code(), said)
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        if self.0.try_wait().is_ok_and(|ended| ended.is_none()) {
            // The launcher ends its ranks.
            self.signal(&self.0.id().to_string(), "-TERM");
            let _ = self.0.wait();
        }
    }
}

#[test]
fn all_modes_and_an_end_with_0() {
    for last in [false, true] {
        let names = Names::new(3);
        let states = states(&names, 3, &FIELDS);
        let Some(job) = Job::start(3, &names.pattern, &RULES) else { return };
        let ranks = job.ranks(3);
        settled(&states);
        write(&states[0], "step", &[5_u64]);
        write(&states[2], "w", &[3.0_f64, 6.0, 9.0, 0.0]);
        // Of 4 rows node 2 owns the last two.
        change::<u64>(&states[2], "halo", |all| all[16..].fill(7));
        for state in &states {
            until("all arrives", || {
                read::<u64>(state, "step") == [5]
                    && read::<f64>(state, "w") == [1.0, 2.0, 3.0, 0.0]
                    && read::<u64>(state, "halo")[16..] == [7; 16]
            });
        }
        job.signal(&ranks[if last { 2 } else { 0 }], "-TERM");
        let (code, said) = job.end();
        assert_eq!(code, Some(0), "{said}");
    }
}

#[test]
fn a_signal_to_the_launcher_ends_all() {
    let names = Names::new(2);
    let states = states(&names, 2, &FIELDS);
    let Some(job) = Job::start(2, &names.pattern, &RULES) else { return };
    let ranks = job.ranks(2);
    settled(&states);
    job.signal(&job.0.id().to_string(), "-TERM");
    job.end();
    for id in ranks {
        until("the rank is gone", || !std::path::Path::new(&format!("/proc/{id}")).exists());
    }
}

/// A launcher of another MPI library starts each rank as a job of its own, which would mirror nothing. What
/// it says to its processes differs; Slurm's word is one that no library listens to here.
#[test]
fn ranks_of_a_foreign_launcher_end() {
    let names = Names::new(1);
    let _states = states(&names, 1, &FIELDS);
    if launcher().is_none() {
        return;
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_shma-bridge"));
    command.arg(&names.pattern).args(RULES).env("SLURM_STEP_NUM_TASKS", "2");
    command.stdin(Stdio::null()).stderr(Stdio::piped());
    let (code, said) = Job(command.spawn().unwrap()).end();
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("each is alone: it belongs to another MPI library"), "{said}");
}

/// Every rank says it, before the launcher ends the job.
#[test]
fn a_refusal_is_told_by_every_rank() {
    let names = Names::new(2);
    let _states: Vec<_> = ["u64", "u32"]
        .iter()
        .enumerate()
        .map(|(node, ty)| create(&names.of(node), &declare(&[("a", ty), ("n", "i64")])))
        .collect();
    for (rules, reason) in [
        (["--publish", "a@0"], "a: node 0 has u64"),
        (["--publish", "a@2"], "field `a` cannot be mirrored: node 2 publishes it"),
        (["--mean", "n"], "field `n` cannot be mirrored: it is i64"),
    ] {
        let Some(job) = Job::start(2, &names.pattern, &rules) else { return };
        let (code, said) = job.end();
        assert_eq!(code, Some(1), "{said}");
        assert_eq!(said.matches(reason).count(), 2, "{said}");
    }
}

/// Bridges read such values while they wait for each other. What was read ahead of a later value may neither
/// be mixed with it nor arrive after it, nor count for it in the end.
#[test]
fn values_that_follow_each_other_arrive_whole_and_the_last_one_stays() {
    const WORDS: usize = 1 << 14;
    let names = Names::new(2);
    let states = states(&names, 2, &[("v", "[u64; 16384]")]);
    let Some(_job) = Job::start(2, &names.pattern, &["--publish", "v@0"]) else { return };
    settled(&states);
    let (end, mut last) = (AtomicBool::new(false), 0_u64);
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let (mut newest, mut seen) = (0, 0);
            while !end.load(Ordering::Relaxed) {
                let value = read::<u64>(&states[1], "v");
                assert!(value[0] >= newest, "{} arrived after {newest}", value[0]);
                assert!(value.iter().all(|word| *word == value[0]), "a mixture of {}", value[0]);
                seen += u64::from(value[0] > newest);
                newest = value[0];
                thread::yield_now();
            }
            seen
        });
        let ends = Ends(&end);
        for burst in 0..200 {
            for pause in 0..burst % 8 {
                last += 1;
                write(&states[0], "v", &[last; WORDS]);
                // Up to as long as some rounds.
                (0..pause * 4).for_each(|_| thread::yield_now());
            }
            until("the last one arrives", || read::<u64>(&states[1], "v") == [last; WORDS]);
        }
        drop(ends);
        assert!(reader.join().unwrap() > 0, "the reader has seen nothing");
    });
}

#[test]
fn values_go_in_parts() {
    let names = Names::new(2);
    let fields = [("p", "[u32; 1000]"), ("m", "[f64; 70]")];
    let states = states(&names, 2, &fields);
    let rules = ["--publish", "p@1", "--mean", "m", "--part", "13"];
    let Some(job) = Job::start(2, &names.pattern, &rules) else { return };
    settled(&states);
    let long: Vec<u32> = (0..1000).collect();
    write(&states[1], "p", &long);
    write(&states[0], "m", &[2.0_f64; 70]);
    until("all arrive", || {
        let have = |state| read::<u32>(state, "p") == long && read::<f64>(state, "m") == [1.0; 70];
        states.iter().all(have)
    });
    drop(job);
}

/// A rank is killed at random, the launcher ends the job, and it is started again, while both nodes
/// count in their rows.
#[test]
fn no_count_is_lost_when_ranks_are_killed() {
    let names = Names::new(2);
    let states = states(&names, 2, &FIELDS);
    let Some(mut job) = Job::start(2, &names.pattern, &RULES) else { return };
    settled(&states);
    let done = &AtomicBool::new(false);
    let told = thread::scope(|scope| {
        let ends = Ends(done);
        let count = |(node, state)| {
            scope.spawn(move || {
                support::count(state, node, done, || {
                    change::<f64>(state, "w", |w| w[0] += 1.0);
                    thread::sleep(Duration::from_micros(200));
                })
            })
        };
        let counters: Vec<_> = states.iter().enumerate().map(count).collect();
        for round in 0..5 {
            let ranks = job.ranks(2);
            let had = read::<u64>(&states[1], "step");
            until("values move", || read::<u64>(&states[1], "step") != had);
            thread::sleep(Duration::from_micros(fastrand::u64(0..20_000)));
            job.signal(&ranks[round % 2], "-KILL");
            let (code, _) = job.end();
            assert_ne!(code, Some(0));
            job = Job::start(2, &names.pattern, &RULES)?;
        }
        drop(ends);
        let counts: Vec<u64> = counters.into_iter().map(|each| each.join().unwrap()).collect();
        Some((counts, job))
    });
    let (counts, job) = told.expect("the launcher was there");
    counted(&states, &counts);
    until("the means agree", || read::<f64>(&states[0], "w") == read::<f64>(&states[1], "w"));
    let ranks = job.ranks(2);
    job.signal(&ranks[1], "-TERM");
    let (code, said) = job.end();
    assert_eq!(code, Some(0), "{said}");
}
