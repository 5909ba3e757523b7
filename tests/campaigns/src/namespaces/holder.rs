//! The process that is in.
//!
//! `unsafe` here: fork, and closing what others own.

use std::os::unix::process::CommandExt;
use std::process::{Stdio, exit};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, WaitOptions, waitpid};
use shma_core::Error;

use super::{myself, next_line, say};
use shma_tests::region::InDirectory;
use shma_tests::states::Board;

/// What the holder adds, if it ever publishes.
pub(super) const ADDS: u64 = 100;

/// `story region`
pub(super) fn hold(story: &str, region: &str) {
    let board = Board::in_directory().open(region).unwrap();
    if story == "ForkChildStays" {
        fork(wait_for_the_end);
    }
    let mut child = None;
    let published = board.count.try_update(|new, old| {
        *new = old + ADDS;
        if story == "ForksInside" {
            child = fork_here();
            match child {
                // The child returns, and is refused.
                None => return,
                Some(child) => {
                    waitpid(Some(child), WaitOptions::empty()).unwrap();
                }
            }
        }
        inside(story);
    });
    match published {
        Ok(()) => say("published"),
        Err(Error::Forked { .. }) if story == "ForksInside" && child.is_none() => {
            say("child: Forked");
            exit(0);
        }
        Err(error) => say(&error.to_string()),
    }
    wait_for_the_end();
}

/// What happens in the closure, until it is told to go on.
#[expect(clippy::zombie_processes, reason = "a program that outlives its holder is the story")]
fn inside(story: &str) {
    match story {
        "ProgramStays" => _ = myself(&["sleeper"]).stdout(Stdio::null()).spawn().unwrap(),
        "ClosesDescriptors" => {
            // SAFETY: what owns them is not used any more but to be killed.
            let closed = unsafe { libc::syscall(libc::SYS_close_range, 3, u32::MAX, 0) };
            assert_eq!(closed, 0, "{}", std::io::Error::last_os_error());
        }
        _ => {}
    }
    say("holding");
    next_line();
    if story == "Executes" {
        let error = myself(&["sleeper"]).exec();
        panic!("it does not become another program: {error}");
    }
}

/// Says so, and does nothing more.
pub(super) fn sleep(said: &str) {
    say(said);
    wait_for_the_end();
}

/// Waits until no process can write to the input any more, and reads nothing of it.
fn wait_for_the_end() {
    let input = std::io::stdin();
    loop {
        let mut ends = [PollFd::new(&input, PollFlags::empty())];
        if poll(&mut ends, None).is_ok() && ends[0].revents().contains(PollFlags::HUP) {
            return;
        }
    }
}

/// Forks a child that does this alone.
fn fork(child: impl FnOnce()) {
    if fork_here().is_none() {
        child();
        exit(0);
    }
}

/// Forks; `None` in the child.
fn fork_here() -> Option<Pid> {
    // SAFETY: this process has a single thread, so the child has all of it.
    match unsafe { libc::fork() } {
        0 => None,
        pid => Some(Pid::from_raw(pid).filter(|_| pid > 0).expect("fork")),
    }
}
