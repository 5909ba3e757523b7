//! The other process: does what it is told, a line at a time, and ends when its input does.
//!
//! `unsafe` here: fork.

use std::future::Future;
use std::io::{BufRead, Write};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use futures_lite::future::block_on;

use rustix::process::{Pid, Signal, WaitOptions, waitpid};
use shma_core::{Error, ReadOnly, Shm, ShmState, Version, Waitable, wait_any};
use shma_tests::sandbox;
use shma_tests::watchdog::until;
use shma_waits::{Desk, blocked_signals, sleeps, thread, waiting_thread};

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
    pending: Vec<Newer>,
}

type Newer = Pin<Box<dyn Future<Output = Result<Version, Error>>>>;

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
            // Polls once, and keeps the future.
            ["poll", field] => {
                let mut newer = self.newer(field);
                let polled = newer.as_mut().poll(&mut Context::from_waker(Waker::noop()));
                self.pending.push(newer);
                return match polled {
                    Poll::Ready(version) => Ok(version?.to_string()),
                    Poll::Pending => Ok("pending".to_owned()),
                };
            }
            ["await"] => {
                let newer = self.pending.pop().expect("one that was polled");
                return Ok(block_on(newer)?.to_string());
            }
            ["cancel"] => self.pending.clear(),
            ["follow", times] => return self.follow(times.parse().unwrap()),
            ["thread"] => return Ok(format!("{}", waiting_thread().is_some())),
            ["blocked"] => return Ok(format!("{:x}", blocked_signals(started_thread()))),
            ["fork-await"] => return Ok(self.await_in_child()),
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

    /// A future of the first handle, from what is there now.
    fn newer(&self, field: &str) -> Newer {
        match (field, self.writers.first(), self.readers.first()) {
            ("count", Some(desk), _) => Box::pin(desk.count.newer(desk.count.version())),
            ("calls", Some(desk), _) => Box::pin(desk.calls.newer(desk.calls.version())),
            ("count", None, Some(desk)) => Box::pin(desk.count.newer(desk.count.version())),
            ("calls", None, Some(desk)) => Box::pin(desk.calls.newer(desk.calls.version())),
            _ => panic!("no field `{field}`"),
        }
    }

    /// Waits for so many publications, one after the other. Says how many milliseconds that took, and how
    /// often the waiting thread slept.
    fn follow(&self, times: u64) -> Answer {
        let desk = &self.writers[0];
        let started = Instant::now();
        let mut before = None;
        say("follows");
        block_on(async {
            let mut seen = desk.count.version();
            for _ in 0..times {
                let newer = desk.count.newer(seen);
                seen = newer.await?;
                before = before.or_else(|| waiting_thread().map(sleeps));
            }
            Ok::<(), Error>(())
        })?;
        let slept = sleeps(waiting_thread().unwrap()) - before.unwrap();
        Ok(format!("{} {slept}", started.elapsed().as_millis()))
    }

    /// In a child: cancels one inherited future, and awaits the other one.
    fn await_in_child(&mut self) -> String {
        self.in_child(|other| {
            drop(other.pending.remove(0));
            say(&format!("thread: {}", waiting_thread().is_some()));
            let mut newer = other.pending.pop().expect("two were polled");
            let polled = newer.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            assert!(polled.is_pending());
            started_thread();
            say("waits");
            let version = block_on(newer);
            let thread = waiting_thread().is_some();
            version.map_or_else(|error| describe(&error), |it| format!("{it} thread: {thread}"))
        })
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
    fn wait_in_child(&mut self, millis: &str) -> String {
        self.in_child(|other| other.wait_any(millis).unwrap_or_else(|error| describe(&error)))
    }

    fn in_child(&mut self, story: impl FnOnce(&mut Self) -> String) -> String {
        // SAFETY: the child uses nothing that another thread of this process may have locked.
        let child = unsafe { libc::fork() };
        if child == 0 {
            rustix::process::set_parent_process_death_signal(Some(Signal::KILL)).unwrap();
            say(&story(self));
            // No destructors: the handles are the parent's.
            std::process::exit(0);
        }
        let (_, status) = waitpid(Pid::from_raw(child), WaitOptions::empty()).unwrap().unwrap();
        format!("child ended with {:?}", status.exit_status())
    }
}

/// The waiting thread, which takes its name when it first runs.
fn started_thread() -> u32 {
    until("the waiting thread has its name", || waiting_thread().is_some());
    waiting_thread().expect("it has just been there")
}
