//! The other process: does what it is told, a line at a time, and ends when its input does.
//!
//! `unsafe` here: fork.

use std::io::{BufRead, Write};
use std::time::Duration;

use rustix::process::{Pid, Signal, WaitOptions, waitpid};
use shma_core::{Error, ReadOnly, Shm, ShmState, Version, Waitable, wait_any};
use shma_tests::sandbox;
use shma_waits::{Desk, sleeps, thread};

fn main() {
    // A last resort against staying behind; the end of the input is the usual way to go.
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL)).unwrap();
    let mut other = Other::default();
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        let words: Vec<&str> = line.split_whitespace().collect();
        say(&other.answer(&words).unwrap_or_else(|error| describe(&error)));
    }
}

/// Says a line.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").unwrap();
    out.flush().unwrap();
}

/// The variant's name, and the message.
fn describe(error: &Error) -> String {
    let debug = format!("{error:?}");
    let variant: String = debug.chars().take_while(|c| c.is_ascii_alphanumeric()).collect();
    format!("error {variant}: {error}")
}

/// The handles of the process.
#[derive(Default)]
struct Other {
    writers: Vec<Shm<Desk>>,
    readers: Vec<Shm<Desk, ReadOnly>>,
}

type Answer = Result<String, Error>;

impl Other {
    fn answer(&mut self, words: &[&str]) -> Answer {
        match *words {
            ["open", name] => self.writers.push(Desk::open(name)?),
            ["open-read-only", name] => self.readers.push(Desk::open_read_only(name)?),
            ["close"] => {
                self.writers.clear();
                self.readers.clear();
            }
            ["unlink", name] => Desk::unlink(name)?,
            ["refuse", errno] => {
                let refused = sandbox::refuse(sandbox::FUTEX_WAITV, errno.parse().unwrap());
                return Ok(refused.map_or_else(|error| error.to_string(), |()| "ok".to_owned()));
            }
            ["add", at] => self.writer(at).count.update(|new, old| *new = old + 1),
            ["add-later", at] => self.writer(at).later.update(|new, old| *new = old + 1),
            ["call", at] => drop(self.writer(at).calls.fetch_add(1, 1)),
            // Many publications, with nothing said in between.
            ["add-many", at, times] => {
                for _ in 0..times.parse().unwrap() {
                    self.writer(at).count.update(|new, old| *new = old + 1);
                }
            }
            ["paced", at, times, millis] => {
                for _ in 0..times.parse().unwrap() {
                    std::thread::sleep(Duration::from_millis(millis.parse().unwrap()));
                    self.writer(at).count.update(|new, old| *new = old + 1);
                }
            }
            ["wait-any", millis] => return self.wait_any(millis),
            ["fork-wait-any", millis] => return Ok(self.wait_in_child(millis)),
            _ => panic!("unknown: {words:?}"),
        }
        Ok("ok".to_owned())
    }

    fn writer(&self, at: &str) -> &Shm<Desk> {
        &self.writers[at.parse::<usize>().unwrap()]
    }

    /// All fields of all handles: of the writers first.
    fn fields(&self) -> Vec<(&dyn Waitable, Version)> {
        let mut all: Vec<(&dyn Waitable, Version)> = Vec::new();
        for desk in &self.writers {
            all.push((&desk.count, desk.count.version()));
            all.push((&desk.later, desk.later.version()));
            all.push((&desk.calls, desk.calls.version()));
        }
        for desk in &self.readers {
            all.push((&desk.count, desk.count.version()));
            all.push((&desk.later, desk.later.version()));
            all.push((&desk.calls, desk.calls.version()));
        }
        all
    }

    /// Waits for all, and says which one it was, and how often the thread slept.
    fn wait_any(&self, millis: &str) -> Answer {
        let fields = self.fields();
        let before = sleeps(thread());
        say("waits");
        let at = wait_any(&fields, Duration::from_millis(millis.parse().unwrap()))?;
        Ok(format!("{at} {}", sleeps(thread()) - before))
    }

    /// The same in a child that has inherited the handles.
    fn wait_in_child(&self, millis: &str) -> String {
        // SAFETY: this process has a single thread, so the child has all of it.
        let child = unsafe { libc::fork() };
        if child == 0 {
            say(&self.wait_any(millis).unwrap_or_else(|error| describe(&error)));
            // No destructors: the handles are the parent's.
            std::process::exit(0);
        }
        let (_, status) = waitpid(Pid::from_raw(child), WaitOptions::empty()).unwrap().unwrap();
        format!("child ended with {:?}", status.exit_status())
    }
}
