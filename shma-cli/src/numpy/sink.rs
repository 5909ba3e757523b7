//! An output that fails once.
//!
//! A `ZipWriter` that is dropped after a failure ends its archive all the same, and prints the
//! failure if that fails too. The command reports a failure itself, and only once, so after its
//! first failure this output takes everything and keeps nothing.

use std::io::{self, Seek, SeekFrom, Write};

/// Passes bytes on until that fails.
#[derive(Debug)]
pub(super) struct Sink<W> {
    to: W,
    has_failed: bool,
    /// The position, and the greatest one so far.
    at: u64,
    end: u64,
}

impl<W> Sink<W> {
    pub(super) fn new(to: W) -> Self {
        Self { to, has_failed: false, at: 0, end: 0 }
    }

    fn note<T>(&mut self, result: io::Result<T>) -> io::Result<T> {
        let is_failure = |error: &io::Error| error.kind() != io::ErrorKind::Interrupted;
        self.has_failed = result.as_ref().is_err_and(is_failure);
        result
    }
}

impl<W: Write> Write for Sink<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut written = bytes.len();
        if !self.has_failed {
            let result = self.to.write(bytes);
            written = self.note(result)?;
        }
        self.at += written as u64;
        self.end = self.end.max(self.at);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.has_failed {
            return Ok(());
        }
        let result = self.to.flush();
        self.note(result)
    }
}

impl<W: Seek> Seek for Sink<W> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        if self.has_failed {
            self.at = match to {
                SeekFrom::Start(at) => at,
                SeekFrom::Current(by) => self.at.saturating_add_signed(by),
                SeekFrom::End(by) => self.end.saturating_add_signed(by),
            };
        } else {
            let result = self.to.seek(to);
            self.at = self.note(result)?;
        }
        Ok(self.at)
    }
}
