//! Child processes that are copies of this one: started in a fraction of the time that a program
//! takes, and at the same addresses.
//!
//! `unsafe` here: fork.

use std::io::{PipeReader, Read, Write};
use std::panic::{self, AssertUnwindSafe};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::retry_on_intr;
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitOptions, WaitStatus, kill_process, pidfd_open,
    set_parent_process_death_signal, waitpid,
};

use shma_tests::watchdog::PATIENCE;

/// A forked child. Dropped, it is killed and reaped.
#[derive(Debug)]
pub struct Forked {
    pid: Pid,
    /// What its panic says.
    complaint: PipeReader,
    ended: Option<End>,
}

/// How a child ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// Its life was over.
    Returned,
    /// It was killed by `SIGKILL`.
    Killed,
    /// It panicked.
    Panicked(String),
    /// Something else: another signal, or an exit in the middle of its life.
    Otherwise(String),
}

const RETURNED: i32 = 0;
const PANICKED: i32 = 101;

impl Forked {
    /// Starts a child that lives this life and ends. It inherits everything, so what it uses of the
    /// library it has to open anew.
    ///
    /// # Panics
    ///
    /// If this process has other threads: what they hold at this instant would be held for ever in
    /// the child.
    pub fn start(life: impl FnOnce()) -> Self {
        let threads = std::fs::read_dir("/proc/self/task").unwrap().count();
        assert_eq!(threads, 1, "a process that forks has a single thread");
        let (complaint, report) = std::io::pipe().unwrap();
        let parent = rustix::process::getpid();
        // SAFETY: this process has a single thread, so the child has all of it.
        let pid = unsafe { libc::fork() };
        if pid == 0 {
            live(parent, report, life);
        }
        match Pid::from_raw(pid) {
            Some(pid) if pid.as_raw_nonzero().get() > 0 => Self { pid, complaint, ended: None },
            _ => panic!("fork: {}", std::io::Error::last_os_error()),
        }
    }

    /// Its process id.
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        if self.ended.is_none() {
            kill_process(self.pid, signal).unwrap();
        }
    }

    /// Stops it where it is. False if it has ended before.
    pub fn stop(&mut self) -> bool {
        if self.ended.is_some() {
            return false;
        }
        self.signal(Signal::STOP);
        let status = wait(self.pid, WaitOptions::UNTRACED).expect("it is waited for");
        if !status.stopped() {
            self.end_of(status);
        }
        status.stopped()
    }

    /// Ends it without mercy. It is to be reaped still.
    pub fn kill(&self) {
        self.signal(Signal::KILL);
    }

    /// How it has ended, if it has.
    pub fn poll(&mut self) -> Option<End> {
        if self.ended.is_some() {
            return self.ended.clone();
        }
        let status = wait(self.pid, WaitOptions::NOHANG)?;
        Some(self.end_of(status))
    }

    /// Waits until it ends.
    ///
    /// # Panics
    ///
    /// If it does not.
    pub fn reap(&mut self) -> End {
        if let Some(end) = &self.ended {
            return end.clone();
        }
        let process = pidfd_open(self.pid, PidfdFlags::empty()).expect("it was not reaped");
        let mut ends = [PollFd::new(&process, PollFlags::IN)];
        let patience = PATIENCE.try_into().expect("some seconds");
        let ended = retry_on_intr(|| poll(&mut ends, Some(&patience))).expect("a descriptor");
        let pid = self.pid.as_raw_nonzero();
        assert!(ended > 0, "watchdog: process {pid} has not ended in {PATIENCE:?}");
        self.poll().expect("it has ended")
    }

    /// Kills it and waits until the kernel has ended it.
    pub fn bury(&mut self) -> End {
        self.kill();
        self.reap()
    }

    /// What a status of it says, which ends it.
    pub(crate) fn end_of(&mut self, status: WaitStatus) -> End {
        let end = match (status.exit_status(), status.terminating_signal()) {
            (Some(RETURNED), _) => End::Returned,
            (_, Some(libc::SIGKILL)) => End::Killed,
            (Some(PANICKED), _) => {
                let mut text = String::new();
                let _ = self.complaint.read_to_string(&mut text);
                End::Panicked(text)
            }
            _ => End::Otherwise(format!("{status:?}")),
        };
        self.ended = Some(end.clone());
        end
    }
}

impl Drop for Forked {
    fn drop(&mut self) {
        if self.ended.is_none() {
            let _ = kill_process(self.pid, Signal::KILL);
            let _ = wait(self.pid, WaitOptions::empty());
        }
    }
}

/// Waits for a change of state; stops are reported of traced children.
pub(crate) fn wait(pid: Pid, options: WaitOptions) -> Option<WaitStatus> {
    let change = retry_on_intr(|| waitpid(Some(pid), options)).expect("it is a child");
    change.map(|(_, status)| status)
}

/// The child: nothing of its parent's stack is ever unwound in it.
fn live(parent: Pid, report: std::io::PipeWriter, life: impl FnOnce()) -> ! {
    set_parent_process_death_signal(Some(Signal::KILL)).expect("any process can ask for it");
    let mut end = RETURNED;
    // The parent may have died before the call above.
    if rustix::process::getppid() == Some(parent) {
        panic::set_hook(Box::new(move |panic| {
            let _ = write!(&report, "{panic}");
        }));
        if panic::catch_unwind(AssertUnwindSafe(life)).is_err() {
            end = PANICKED;
        }
    }
    // SAFETY: ends the process, and runs nothing of the parent's that was to run at its exit.
    unsafe { libc::_exit(end) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_with_threads_forks() {
        let forking = std::thread::spawn(|| drop(Forked::start(|| {})));
        assert!(forking.join().is_err());
    }
}
