//! Two programs in C and one in Rust on one state, killed at random.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use shma_core::ShmState;
use shma_tests::kill_storm::length;
use shma_tests::region::Name;
use shma_tests::rng::Rng;
use shma_tests::sizes;
use shma_tests::watchdog::watched;

use crate::compilers::gcc;
use crate::prefix::run;

/// What `worker.c` opens by the manifest. Number 0 of each field is the sum of the others.
#[derive(Debug, ShmState)]
struct Counts {
    first: [u64; 8],
    second: [u64; 8],
}

/// The part that this process adds to.
const OWN: usize = 3;

/// Steps of a worker that lives to its end.
const STEPS: usize = 3000;

struct Worker<'a> {
    program: &'a Path,
    name: &'a Name,
    number: usize,
    process: Child,
}

impl<'a> Worker<'a> {
    fn start(program: &'a Path, name: &'a Name, number: usize) -> Self {
        let process = command(program, name, number, 0).spawn().unwrap();
        Self { program, name, number, process }
    }

    /// Kills it, waits until it is dead, and starts it again: nothing but SIGKILL has ended it.
    fn replace(&mut self) {
        use std::os::unix::process::ExitStatusExt;
        self.process.kill().unwrap();
        let status = self.process.wait().unwrap();
        assert_eq!(status.signal(), Some(libc::SIGKILL), "a worker ended by itself: {status}");
        *self = Self::start(self.program, self.name, self.number);
    }
}

impl Drop for Worker<'_> {
    fn drop(&mut self) {
        // Both fail only when it has ended and was reaped.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn command(program: &Path, name: &Name, number: usize, steps: usize) -> Command {
    let mut command = Command::new(program);
    command.arg(&**name).args([number, steps].map(|it| it.to_string()));
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command
}

#[track_caller]
fn check(counts: &Counts) {
    for field in [counts.first, counts.second] {
        assert_eq!(field[0], field[1..].iter().sum::<u64>(), "{field:?}");
    }
}

/// A death in the middle of a call of the C library would leave a semaphore, or half a transaction.
#[test]
fn sums_are_exact_beside_kills_of_c_programs() {
    watched(|| {
        let Some(gcc) = gcc() else { return };
        let (name, program) = (Name::new("deaths"), gcc.build("c/worker.c", &[]));
        let state = Counts::create(&name, &Counts::zeroed()).unwrap();
        let mut rng = Rng::new(Rng::seed());
        let mut workers = [0, 1].map(|number| Worker::start(&program, &name, number));
        let end = Instant::now() + length(Duration::from_secs(sizes::either(1, 4)));
        let (mut added, mut deaths) = (0, 0);
        while Instant::now() < end {
            for _ in 0..rng.below(2000) {
                state.transaction(|new, _| {
                    new.first[0] += 1;
                    new.first[OWN + 1] += 1;
                });
                state.second.update(|new, _| {
                    new[0] += 1;
                    new[OWN + 1] += 1;
                });
                added += 1;
            }
            workers[rng.below(2)].replace();
            deaths += 1;
            let now = state.snapshot();
            check(&now);
            assert_eq!([now.first[OWN + 1], now.second[OWN + 1]], [added; 2]);
        }
        drop(workers);
        let before = state.snapshot();
        let each =
            [0, 1].map(|number| (number, command(&program, &name, number, STEPS).spawn().unwrap()));
        for (number, mut worker) in each {
            assert!(worker.wait().unwrap().success(), "worker {number}");
        }
        let after = state.snapshot();
        check(&after);
        // Of three steps one is a transaction of both fields, and one an update of each.
        let steps = STEPS as u64 * 2 / 3;
        for number in 1..=2 {
            assert_eq!(after.first[number], before.first[number] + steps);
            assert_eq!(after.second[number], before.second[number] + steps);
        }
        assert!(deaths > 0 && before.first[1] > 0, "{deaths} deaths");
        run(command(&program, &name, 0, 3).stdout(Stdio::piped()));
    });
}
