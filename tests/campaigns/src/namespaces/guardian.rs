//! The parent of a holder: puts it in its place, and does to it what is asked for.

use std::io::Write;
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

use super::{myself, next_line, place, say};

/// Tries to get a process id again.
const TRIES: usize = 50;

/// `place story region`; then what to do, a line each.
pub(super) fn guard(place: &str, story: &str, region: &str) {
    if place != "here"
        && let Err(error) = place::leave()
    {
        return say(&format!("not permitted: {error}"));
    }
    if place == "second" {
        // It has the input and the output of this process, and ends with it.
        let mut first = myself(&["guardian", "here", story, region]).spawn().unwrap();
        first.wait().unwrap();
        return;
    }
    let mut holder =
        Ward(myself(&["holder", story, region]).stdin(Stdio::piped()).spawn().unwrap());
    while let Some(line) = next_line() {
        match line.as_str() {
            "go" => holder.go(),
            "kill" => {
                holder.kill();
                say("dead");
            }
            "zombie" => {
                holder.signal(Signal::KILL, WaitIdOptions::EXITED);
                say("zombie");
            }
            "stop" => {
                holder.signal(Signal::STOP, WaitIdOptions::STOPPED);
                say("stopped");
            }
            "reuse" => {
                holder.kill();
                say(if holder.replace() { "reused" } else { "its process id does not come back" });
            }
            other => panic!("there is no order `{other}`"),
        }
    }
}

/// The holder, or what has its process id.
struct Ward(Child);

impl Ward {
    fn go(&mut self) {
        writeln!(self.0.stdin.as_mut().expect("it has an input"), "go").unwrap();
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.0)
    }

    fn kill(&mut self) {
        self.0.kill().unwrap();
        // Not `wait`, which would close the input: a fork child may live by it.
        waitid(WaitId::Pid(self.pid()), WaitIdOptions::EXITED).unwrap();
    }

    /// Sends a signal, and waits for what it does, without reaping a process.
    fn signal(&self, signal: Signal, until: WaitIdOptions) {
        kill_process(self.pid(), signal).unwrap();
        waitid(WaitId::Pid(self.pid()), until | WaitIdOptions::NOWAIT).unwrap();
    }

    /// Gives the process id of the dead holder to another process.
    fn replace(&mut self) -> bool {
        let wanted = self.0.id();
        (0..TRIES).any(|_| {
            let last = std::fs::write("/proc/sys/kernel/ns_last_pid", (wanted - 1).to_string());
            let mut other =
                myself(&["sleeper"]).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
            let got = last.is_ok() && other.id() == wanted;
            if got {
                self.0 = other;
            } else {
                other.kill().unwrap();
                other.wait().unwrap();
            }
            got
        })
    }
}
