//! Child processes that tests talk to, a line at a time.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread::{self, JoinHandle};

use rustix::process::{Pid, Signal, kill_process};

use crate::watchdog::{PATIENCE, until};

/// Starts the program `child` of this package, in one of its tests, with arguments of any kind that
/// prints.
#[macro_export]
macro_rules! child {
    ($($argument:expr),* $(,)?) => {
        $crate::child::Child::start(
            env!("CARGO_BIN_EXE_child"),
            &[$(&$argument.to_string()),*],
        )
    };
}

/// Starts the other process of the tests, which opens the board of this name and takes orders.
#[macro_export]
macro_rules! opened {
    ($name:expr) => {
        $crate::child::Child::opened(env!("CARGO_BIN_EXE_child"), "open", $name)
    };
}

/// A child process. Dropped, it is killed and reaped.
#[derive(Debug)]
pub struct Child {
    process: std::process::Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    complaints: Option<JoinHandle<String>>,
    name: String,
}

impl Child {
    /// Starts a program.
    pub fn start(program: &str, arguments: &[&str]) -> Self {
        Self::start_command(Command::new(program).args(arguments))
    }

    /// Starts a program that takes orders, and has it open the board of this name in some way.
    pub fn opened(program: &str, how: &str, name: &str) -> Self {
        let mut child = Self::start(program, &["talk"]);
        child.order(&format!("{how} {name}"));
        child
    }

    /// Starts what a command says.
    pub fn start_command(command: &mut Command) -> Self {
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = piped.spawn().unwrap();
        let stdout = BufReader::new(process.stdout.take().unwrap());
        let mut stderr = process.stderr.take().unwrap();
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let complaints = thread::spawn(move || {
            let mut text = Vec::new();
            let _ = stderr.read_to_end(&mut text);
            String::from_utf8_lossy(&text).into_owned()
        });
        Self {
            stdin: process.stdin.take(),
            process,
            lines,
            complaints: Some(complaints),
            name: format!("{command:?}"),
        }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Sends a line.
    #[track_caller]
    pub fn tell(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().expect("its input is closed");
        if let Err(error) = writeln!(stdin, "{line}") {
            panic!("{}: cannot be told `{line}`: {error}", self.name);
        }
    }

    /// The next line that it says.
    #[track_caller]
    pub fn line(&mut self) -> String {
        self.next_line().unwrap_or_else(|| panic!("{} says nothing more", self.name))
    }

    /// The next line that it says; `None` at the end of all.
    #[track_caller]
    pub fn next_line(&mut self) -> Option<String> {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => Some(line),
            Err(RecvTimeoutError::Timeout) => panic!("watchdog: {} says nothing", self.name),
            Err(RecvTimeoutError::Disconnected) => None,
        }
    }

    /// The next line, if it has said one already.
    pub fn said(&mut self) -> Option<String> {
        self.lines.try_recv().ok()
    }

    /// What it has said on stderr, once it has ended.
    pub fn complaints(&mut self) -> String {
        let complaints = self.complaints.take().map(JoinHandle::join);
        complaints.and_then(Result::ok).unwrap_or_default()
    }

    /// What it answers to a line.
    #[track_caller]
    pub fn ask(&mut self, line: &str) -> String {
        self.tell(line);
        self.line()
    }

    /// Asks for something that has to be answered by `ok`.
    #[track_caller]
    pub fn order(&mut self, line: &str) {
        let answer = self.ask(line);
        assert_eq!(answer, "ok", "the answer to `{line}`");
    }

    /// Waits for a line that has to come next.
    #[track_caller]
    pub fn expect(&mut self, line: &str) {
        assert_eq!(self.line(), line);
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.id(), signal).unwrap();
    }

    /// Kills it without mercy, and waits until the kernel has ended it.
    pub fn kill(mut self) {
        self.signal(Signal::KILL);
        self.process.wait().unwrap();
    }

    /// Kills it, and says how it has ended: maybe otherwise, before.
    pub fn kill_and_see(mut self) -> ExitStatus {
        // Fails only when it has ended and was reaped.
        let _ = self.process.kill();
        self.process.wait().unwrap()
    }

    /// Kills it, and leaves the zombie to the drop.
    pub fn kill_unreaped(&self) {
        self.signal(Signal::KILL);
        self.await_state('Z');
    }

    /// Stops it, as Ctrl-Z does.
    pub fn stop(&self) {
        self.signal(Signal::STOP);
        self.await_stopped();
    }

    /// Whether it is stopped now.
    pub fn is_stopped(&self) -> bool {
        self.state() == Some('T')
    }

    /// Waits until a process, maybe itself, has stopped it.
    #[track_caller]
    pub fn await_stopped(&self) {
        self.await_state('T');
    }

    /// Lets it go on after a stop.
    pub fn go_on(&self) {
        self.signal(Signal::CONT);
    }

    /// Waits until it ends by itself.
    #[track_caller]
    pub fn end(mut self) -> ExitStatus {
        self.await_end()
    }

    /// Closes its input, which it has to take for the end.
    #[track_caller]
    pub fn close(mut self) -> ExitStatus {
        self.stdin = None;
        self.await_end()
    }

    fn await_end(&mut self) -> ExitStatus {
        let mut status = None;
        until(&format!("{} has ended", self.name), || {
            status = self.process.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap()
    }

    #[track_caller]
    fn await_state(&self, state: char) {
        until(&format!("process {} is in state {state}", self.pid()), || {
            let now = self.state();
            assert!(now != Some('Z') || state == 'Z', "{} has ended", self.name);
            now == Some(state)
        });
    }

    /// The letter that stands behind the program's name in parentheses, which may hold anything.
    fn state(&self) -> Option<char> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid())).ok()?;
        let (_, rest) = stat.rsplit_once(") ")?;
        rest.chars().next()
    }

    fn id(&self) -> Pid {
        Pid::from_raw(self.pid() as i32).unwrap()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // Both fail only when it has ended and was reaped.
        let _ = self.process.kill();
        let _ = self.process.wait();
        if thread::panicking() {
            // A grandchild may hold the pipe open.
            let complaints = self.complaints.take().filter(JoinHandle::is_finished);
            let complaints = complaints.and_then(|text| text.join().ok()).unwrap_or_default();
            eprintln!("{} (process {}) said on stderr:\n{complaints}", self.name, self.pid());
        }
    }
}
