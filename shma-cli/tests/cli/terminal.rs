//! A terminal: a pseudo-terminal at whose other end a test types and reads the screen.
//!
//! `unsafe` here: making it the controlling terminal of the command, which heeds signals.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::num::NonZero;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};

use rustix::fs::{Mode, OFlags, fcntl_setfl};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, OptionalActions, Winsize, tcgetattr, tcsetattr, tcsetwinsize};
use shma_tests::watchdog::until;

/// Undoes `nohup`, or a shell's `&`, under which the tests may run: their commands would inherit that
/// these signals are ignored.
fn heed_signals() {
    for signal in [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT] {
        // SAFETY: sets no handler.
        unsafe { libc::signal(signal, libc::SIG_DFL) };
    }
}

/// A command that runs in a terminal. Dropped, it is killed.
pub struct Terminal {
    master: File,
    parser: vt100::Parser,
    process: Child,
}

impl Terminal {
    pub fn start(command: &mut Command, rows: u16, columns: u16) -> Self {
        let master =
            openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&master, size).unwrap();
        let path = ptsname(&master, Vec::new()).unwrap();
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
        let slave: File = rustix::fs::open(&path, flags, Mode::empty()).unwrap().into();
        for set in [Command::stdin, Command::stdout, Command::stderr] {
            set(command, Stdio::from(slave.try_clone().unwrap()));
        }
        // SAFETY: between fork and exec the closure makes system calls and nothing else.
        let command = unsafe {
            command.pre_exec(|| {
                heed_signals();
                rustix::process::setsid()?;
                rustix::process::ioctl_tiocsctty(rustix::stdio::stdin())?;
                Ok(())
            })
        };
        let process = command.spawn().unwrap();
        // The command keeps its own copies for as long as this lives.
        for set in [Command::stdin, Command::stdout, Command::stderr] {
            set(command, Stdio::null());
        }
        drop(slave);
        fcntl_setfl(&master, OFlags::RDWR | OFlags::NONBLOCK).unwrap();
        let master = File::from(master);
        let [rows, columns] = [rows, columns].map(|size| NonZero::new(size).unwrap());
        Self { master, parser: vt100::Parser::new(rows, columns, 0), process }
    }

    /// Types.
    pub fn keys(&mut self, keys: &str) {
        self.master.write_all(keys.as_bytes()).unwrap();
    }

    /// The screen as it is now.
    pub fn screen(&mut self) -> &vt100::Screen {
        self.listen();
        self.parser.screen()
    }

    /// Takes in what was written; false at its end.
    fn listen(&mut self) -> bool {
        let mut bytes = [0; 4096];
        loop {
            match self.master.read(&mut bytes) {
                Ok(0) => return false,
                Ok(count) => self.parser.process(&bytes[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return true,
                // No process has the other end open.
                Err(_) => return false,
            }
        }
    }

    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Sends a signal to the command.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.process), signal).unwrap();
    }

    /// Gives the screen another size, of which the kernel tells the command.
    pub fn resize(&mut self, rows: u16, columns: u16) {
        let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        self.listen();
        let [rows, columns] = [rows, columns].map(|size| NonZero::new(size).unwrap());
        self.parser.screen_mut().set_size(rows, columns);
        tcsetwinsize(&self.master, size).unwrap();
    }

    /// Whether the terminal is as a shell wants it: input by lines with an echo, a cursor, and the
    /// first of its two screens.
    pub fn is_restored(&mut self) -> bool {
        let wanted = LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG;
        let modes = tcgetattr(&self.master).unwrap().local_modes;
        let screen = self.screen();
        modes.contains(wanted) && !screen.hide_cursor() && !screen.alternate_screen()
    }

    /// Makes the terminal's modes those of a shell.
    pub fn cook(&self) {
        let mut modes = tcgetattr(&self.master).unwrap();
        modes.local_modes |= LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG;
        tcsetattr(&self.master, OptionalActions::Now, &modes).unwrap();
    }

    /// Takes the terminal away, and waits until the command ends by itself.
    #[track_caller]
    pub fn vanish(mut self) -> ExitStatus {
        self.master = File::open("/dev/null").unwrap();
        self.wait()
    }

    /// Waits until the command ends by itself, and keeps the terminal.
    #[track_caller]
    pub fn wait(&mut self) -> ExitStatus {
        let mut status = None;
        until("the command has ended", || {
            self.listen();
            status = self.process.try_wait().unwrap();
            status.is_some()
        });
        until("all was read", || !self.listen());
        status.unwrap()
    }

    /// Waits until the screen is so.
    #[track_caller]
    pub fn until(&mut self, what: &str, mut is_so: impl FnMut(&vt100::Screen) -> bool) {
        let mut seen = String::new();
        let found = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            until(what, || {
                let more = self.listen();
                seen = self.parser.screen().contents();
                let is_so = is_so(self.parser.screen());
                assert!(is_so || more, "the command has ended: {what}");
                is_so
            });
        }));
        if let Err(panic) = found {
            eprintln!("the screen is:\n{seen}");
            std::panic::resume_unwind(panic);
        }
    }

    /// Waits until this stands on the screen.
    #[track_caller]
    pub fn shows(&mut self, text: &str) {
        self.until(&format!("the screen shows `{text}`"), |screen| {
            screen.contents().contains(text)
        });
    }

    /// Waits until it ends by itself, and returns what is left on the screen.
    #[track_caller]
    pub fn end(mut self) -> (ExitStatus, String) {
        let status = self.wait();
        (status, self.parser.screen().contents())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Both fail only when it has ended and was reaped.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
