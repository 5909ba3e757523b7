//! The terminal while a screen is on it, and back as it was: at an end in order, after a panic, and
//! when a signal ends or stops the process.
//!
//! `unsafe` here: a signal handler, and the default action of SIGTSTP.
#![allow(unsafe_code)]

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ratatui::layout::Rect;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetpgrp, tcsetattr};
use signal_hook::consts::signal::*;
use signal_hook::low_level;

/// The other screen, empty, without a cursor.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?25l\x1b[2J";

/// The same after a shell has used the terminal: the other screen is still there.
const ENTER_AGAIN: &[u8] = b"\x1b[?25l\x1b[2J";

/// The first screen, with plain text and a cursor.
const LEAVE: &[u8] = b"\x1b[0m\x1b[?25h\x1b[?1049l";

/// Signals that end a process and that may have a handler of their own.
const ENDS: [i32; 15] = [
    SIGHUP, SIGINT, SIGQUIT, SIGALRM, SIGTERM, SIGUSR1, SIGUSR2, SIGVTALRM, SIGPROF, SIGXCPU,
    SIGXFSZ, SIGSYS, SIGTRAP, SIGABRT, SIGBUS,
];

/// The terminal's two sides and how they were.
#[derive(Debug)]
pub struct Modes {
    keyboard: OwnedFd,
    screen: OwnedFd,
    before: Termios,
    is_entered: AtomicBool,
}

impl Modes {
    /// The keyboard is standard input if that is a terminal, else the controlling terminal.
    pub fn new() -> io::Result<Self> {
        let stdin = io::stdin();
        let keyboard = if rustix::termios::isatty(&stdin) {
            stdin.as_fd().try_clone_to_owned()?
        } else {
            std::fs::File::options().read(true).write(true).open("/dev/tty")?.into()
        };
        let screen = io::stdout().as_fd().try_clone_to_owned()?;
        let before = tcgetattr(&keyboard)?;
        Ok(Self { keyboard, screen, before, is_entered: AtomicBool::new(false) })
    }

    pub fn keyboard(&self) -> &OwnedFd {
        &self.keyboard
    }

    pub fn screen(&self) -> &OwnedFd {
        &self.screen
    }

    /// How large the screen is. A terminal that does not know has the size that most had.
    pub fn size(&self) -> Rect {
        let size = rustix::termios::tcgetwinsize(&self.screen).ok();
        let size = size.map_or((0, 0), |size| (size.ws_col, size.ws_row));
        let or = |size, default| if size == 0 { default } else { size };
        Rect::new(0, 0, or(size.0, 80), or(size.1, 24))
    }

    /// Takes the terminal, for the first time or after the process was stopped.
    pub fn enter(&self) -> io::Result<()> {
        let mut raw = self.before.clone();
        raw.make_raw();
        // In the background this stops the process, until it is in the foreground.
        tcsetattr(&self.keyboard, OptionalActions::Now, &raw)?;
        // Relaxed: a handler on the same thread is the only other code that looks.
        let was_entered = self.is_entered.swap(true, Ordering::Relaxed);
        let bytes = if was_entered { ENTER_AGAIN } else { ENTER };
        rustix::io::write(&self.screen, bytes)?;
        Ok(())
    }

    /// Gives the terminal back, once. Async-signal-safe: system calls and nothing else.
    pub fn leave(&self) {
        // Relaxed: as in `enter`.
        if !self.is_entered.swap(false, Ordering::Relaxed) {
            return;
        }
        // A process in the background would be stopped by its attempt, and the terminal is the
        // shell's by then.
        let foreground = tcgetpgrp(&self.keyboard);
        if foreground.is_ok_and(|group| group != rustix::process::getpgrp()) {
            return;
        }
        // A terminal that takes nothing more must not keep the process.
        let mut screen = [PollFd::new(&self.screen, PollFlags::OUT)];
        let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
        if poll(&mut screen, Some(&at_once)).is_ok_and(|ready| ready > 0) {
            let _ = rustix::io::write(&self.screen, LEAVE);
        }
        let _ = tcsetattr(&self.keyboard, OptionalActions::Now, &self.before);
    }
}

/// What signals ask of the screen.
#[derive(Debug)]
pub struct Signals {
    /// Readable after each of them.
    pub wake: UnixStream,
    stop: Arc<AtomicBool>,
    go_on: Arc<AtomicBool>,
}

impl Signals {
    /// Handles signals until the process ends: a signal that ends it restores the terminal first.
    /// Signals that the process was started to ignore, as under `nohup`, stay ignored.
    pub fn handle(modes: &Arc<Modes>) -> io::Result<Self> {
        let (wake, waker) = UnixStream::pair()?;
        wake.set_nonblocking(true)?;
        let signals = Self { wake, stop: Arc::default(), go_on: Arc::default() };
        let ignored = ignored();
        let is_ignored = |signal: i32| ignored >> (signal - 1) & 1 == 1;
        for signal in ENDS.into_iter().filter(|signal| !is_ignored(*signal)) {
            let modes = Arc::clone(modes);
            let end = move || {
                modes.leave();
                let _ = low_level::emulate_default_handler(signal);
            };
            // SAFETY: the action is async-signal-safe: `leave` says so of itself, and so does
            // `emulate_default_handler`.
            unsafe { low_level::register(signal, end) }?;
        }
        if !is_ignored(SIGTSTP) {
            signal_hook::flag::register(SIGTSTP, Arc::clone(&signals.stop))?;
        }
        signal_hook::flag::register(SIGCONT, Arc::clone(&signals.go_on))?;
        // After the flags, so that a wake finds them set.
        for signal in [SIGTSTP, SIGCONT, SIGWINCH] {
            if signal == SIGTSTP && is_ignored(signal) {
                continue;
            }
            low_level::pipe::register(signal, waker.try_clone()?)?;
        }
        Ok(signals)
    }

    /// Does what the signals since the last call have asked; whether the screen is to be drawn
    /// anew.
    pub fn obey(&self, modes: &Modes) -> io::Result<bool> {
        while rustix::io::read(&self.wake, &mut [0; 64]).is_ok_and(|count| count > 0) {}
        // Relaxed, here and below: the handler that sets a flag runs on this thread.
        let stop = self.stop.swap(false, Ordering::Relaxed);
        if stop {
            modes.leave();
            stop_by_default();
        }
        let goes_on = self.go_on.swap(false, Ordering::Relaxed);
        if stop || goes_on {
            modes.enter()?;
        }
        Ok(stop || goes_on)
    }
}

/// Lets SIGTSTP do what it does by default. Returns once the process is continued, and at once
/// where no shell can continue it: the kernel then ignores the signal.
fn stop_by_default() {
    let mut ours = MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: all bytes zero are a `sigaction`: the default action, no flags, an empty mask.
    let default: libc::sigaction = unsafe { MaybeUninit::zeroed().assume_init() };
    // SAFETY: both point to a `sigaction`, the second of which may be written.
    if unsafe { libc::sigaction(SIGTSTP, &default, ours.as_mut_ptr()) } != 0 {
        return;
    }
    let _ = low_level::raise(SIGTSTP);
    // SAFETY: the first call has succeeded, so it has written `ours`; null asks for no old action.
    unsafe { libc::sigaction(SIGTSTP, ours.as_ptr(), std::ptr::null_mut()) };
}

/// The signals that this process ignores, a bit each.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}
