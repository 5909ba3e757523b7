//! How far long work on files is, for a person at a terminal.
//!
//! It counts what the process has read and written, as the kernel says, so that no reader or writer has to
//! tell.

use std::io::{IsTerminal, Write};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::output::Output;
use crate::text;
use crate::units;

/// What is done sooner shows nothing.
const FIRST: Duration = Duration::from_millis(500);

/// Between two lines.
const NEXT: Duration = Duration::from_millis(200);

/// A line on the terminal, until this is dropped.
#[derive(Debug)]
pub struct Progress(Option<(Sender<()>, JoinHandle<()>)>);

impl Progress {
    /// Shows how much of so many bytes are done. Nothing is shown without a terminal, and where the kernel
    /// does not count.
    pub fn start(what: &str, bytes: u64, output: &Output) -> Self {
        let stderr = std::io::stderr();
        let Some(before) = transferred().filter(|_| stderr.is_terminal() && !output.json) else {
            return Self(None);
        };
        let columns = rustix::termios::tcgetwinsize(&stderr).map_or(0, |size| size.ws_col);
        let columns = if columns == 0 { 80 } else { columns.into() };
        let what = what.to_owned();
        let (end, ended) = mpsc::channel();
        let show = move || {
            let (mut wait, mut is_shown) = (FIRST, false);
            while ended.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
                let done = transferred().unwrap_or(before).saturating_sub(before).min(bytes);
                let line = format!("{what}: {} of {}", units::bytes(done), units::bytes(bytes));
                print(&format!("\r\x1b[K{}", text::cut(&line, columns)));
                (wait, is_shown) = (NEXT, true);
            }
            if is_shown {
                print("\r\x1b[K");
            }
        };
        // Without a thread there is no line, and the work is done all the same.
        let thread = thread::Builder::new().spawn(show);
        Self(thread.ok().map(|thread| (end, thread)))
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((end, thread)) = self.0.take() {
            drop(end);
            // It does not panic.
            let _ = thread.join();
        }
    }
}

/// A terminal that is gone needs no line.
fn print(text: &str) {
    let mut stderr = std::io::stderr();
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}

/// Bytes that this process has read and written.
fn transferred() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/io").ok()?;
    let number =
        |key: &str| text.lines().find_map(|line| line.strip_prefix(key)?.trim().parse().ok());
    let (read, written): (u64, u64) = (number("rchar:")?, number("wchar:")?);
    Some(read + written)
}
