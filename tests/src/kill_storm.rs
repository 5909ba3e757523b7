//! Processes that are killed at random and replaced.

use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::rng::Rng;

/// Shortest and longest time between two deaths, in microseconds.
const BETWEEN: [usize; 2] = [300, 1000];

/// So many processes at any time. Dropped, it ends them.
pub struct KillStorm<F> {
    start: F,
    members: Vec<Child>,
    /// Killed, but not buried.
    dying: Vec<Child>,
}

impl<F: Fn(usize) -> Command> KillStorm<F> {
    /// Starts `size` processes by the commands that `start` gives for their numbers.
    pub fn new(size: usize, start: F) -> Self {
        let members = (0..size).map(|member| spawn(start(member))).collect();
        Self { start, members, dying: Vec::new() }
    }

    /// Kills one after the other, at random instants, and replaces each at once. `holder` is asked
    /// each time whom it would be most interesting to kill, by process id; half of the deaths are
    /// its choice. Returns how many there were.
    ///
    /// # Panics
    ///
    /// If a process ends in another way.
    pub fn run(&mut self, long: Duration, rng: &mut Rng, holder: impl Fn() -> u32) -> u64 {
        let end = Instant::now() + long;
        let mut deaths = 0;
        while Instant::now() < end {
            let [shortest, longest] = BETWEEN;
            let pause = shortest + rng.below(longest - shortest);
            std::thread::sleep(Duration::from_micros(pause as u64));
            let chosen = if rng.one_in(2) { self.find(holder()) } else { None };
            self.replace(chosen.unwrap_or_else(|| rng.below(self.members.len())));
            deaths += 1;
        }
        deaths
    }

    fn find(&self, pid: u32) -> Option<usize> {
        self.members.iter().position(|member| member.id() == pid)
    }

    /// The successor does not wait for the funeral: the kernel may take its time with that.
    fn replace(&mut self, number: usize) {
        self.members[number].kill().unwrap();
        let successor = spawn((self.start)(number));
        self.dying.push(std::mem::replace(&mut self.members[number], successor));
        if self.dying.len() > self.members.len() {
            let status = self.dying.remove(0).wait().unwrap();
            assert_eq!(status.signal(), Some(libc::SIGKILL), "a member ended by itself: {status}");
        }
    }
}

impl<F> Drop for KillStorm<F> {
    fn drop(&mut self) {
        for member in self.members.iter_mut().chain(&mut self.dying) {
            // Both fail only when it has ended and was reaped.
            let _ = member.kill();
            let _ = member.wait();
        }
    }
}

impl<F> std::fmt::Debug for KillStorm<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KillStorm").field("members", &self.members).finish_non_exhaustive()
    }
}

/// A member is not talked to; its complaints go to the log of a failing test.
fn spawn(mut command: Command) -> Child {
    command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap()
}

/// How long a storm takes: some seconds, or as many as `SHMA_LONG` says, or a minute if that is 1.
pub fn length(short: Duration) -> Duration {
    match std::env::var("SHMA_LONG").ok().map(|text| text.parse()) {
        None => short,
        Some(Ok(1)) => Duration::from_secs(60),
        Some(Ok(seconds)) => Duration::from_secs(seconds),
        Some(Err(_)) => panic!("SHMA_LONG is a number of seconds, or 1"),
    }
}
