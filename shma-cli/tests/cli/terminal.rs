//! A terminal: a pseudo-terminal at whose other end somebody types and reads the screen.
//!
//! `unsafe` here: making it the controlling terminal of the command.

use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZero;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, TryRecvError};

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use shma_tests::watchdog::until;

/// A command that runs in a terminal. Dropped, it is killed.
pub struct Terminal {
    keyboard: File,
    output: Receiver<Vec<u8>>,
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
        // SAFETY: between fork and exec the closure makes two system calls and nothing else.
        let command = unsafe {
            command.pre_exec(|| {
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
        let keyboard = File::from(master);
        let output = listen(keyboard.try_clone().unwrap());
        let [rows, columns] = [rows, columns].map(|size| NonZero::new(size).unwrap());
        Self { keyboard, output, parser: vt100::Parser::new(rows, columns, 0), process }
    }

    /// Types.
    pub fn keys(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }

    /// The screen as it is now.
    pub fn screen(&mut self) -> &vt100::Screen {
        self.listen();
        self.parser.screen()
    }

    /// Takes in what was written; false at its end.
    fn listen(&mut self) -> bool {
        loop {
            match self.output.try_recv() {
                Ok(bytes) => self.parser.process(&bytes),
                Err(TryRecvError::Empty) => return true,
                Err(TryRecvError::Disconnected) => return false,
            }
        }
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
        let mut status = None;
        until("the command has ended", || {
            self.listen();
            status = self.process.try_wait().unwrap();
            status.is_some()
        });
        until("all was read", || !self.listen());
        (status.unwrap(), self.parser.screen().contents())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Both fail only when it has ended and was reaped.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Reads in a thread of its own, until nobody has the other end open.
fn listen(mut master: File) -> Receiver<Vec<u8>> {
    let (sender, output) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = [0; 4096];
        while let Ok(count @ 1..) = master.read(&mut bytes) {
            if sender.send(bytes[..count].to_vec()).is_err() {
                break;
            }
        }
    });
    output
}
