//! How a command ends, and the exit status that says so.

use std::fmt;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use serde_json::json;
use shma_core::Error;

/// How a command ends that did what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Done,
    /// The answer is no: layouts differ, something is wrong, somebody declined.
    No,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done => Self::SUCCESS,
            Outcome::No => Self::from(1),
        }
    }
}

/// Why a command cannot do what it was asked.
#[derive(Debug)]
pub struct Failure {
    kind: Kind,
    message: String,
}

/// The kinds of failure; the numbers are exit statuses, which `--help` lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Whoever read our output has had enough.
    Unheard = 0,
    Usage = 2,
    NotFound = 3,
    Unusable = 4,
    InUse = 5,
    System = 6,
}

impl Failure {
    pub fn usage(message: impl Into<String>) -> Self {
        Self { kind: Kind::Usage, message: message.into() }
    }

    pub fn not_found(message: impl Into<String>) -> Self {
        Self { kind: Kind::NotFound, message: message.into() }
    }

    pub fn unusable(message: impl Into<String>) -> Self {
        Self { kind: Kind::Unusable, message: message.into() }
    }

    pub fn in_use(message: impl Into<String>) -> Self {
        Self { kind: Kind::InUse, message: message.into() }
    }

    pub fn system(message: impl Into<String>) -> Self {
        Self { kind: Kind::System, message: message.into() }
    }

    /// The reader of the output, or the terminal, is gone.
    pub fn unheard() -> Self {
        Self { kind: Kind::Unheard, message: "the output is closed".into() }
    }

    /// A call on a file has failed.
    pub fn file(path: &Path, error: &io::Error) -> Self {
        let kind = match error.kind() {
            io::ErrorKind::NotFound => Kind::NotFound,
            io::ErrorKind::InvalidData
            | io::ErrorKind::UnexpectedEof
            | io::ErrorKind::Unsupported => Kind::Unusable,
            _ => Kind::System,
        };
        Self { kind, message: format!("{}: {error}", path.display()) }
    }

    /// Whether what was asked for is not there.
    pub fn is_absence(&self) -> bool {
        matches!(self.kind, Kind::NotFound | Kind::Usage)
    }

    /// Says it on the standard error stream.
    pub fn report(&self, as_json: bool) -> ExitCode {
        let status = self.kind as u8;
        if self.kind != Kind::Unheard {
            // Nobody is left to hear that this could not be written.
            let _ = self.write(&mut io::stderr().lock(), as_json);
        }
        ExitCode::from(status)
    }

    fn write(&self, to: &mut impl io::Write, as_json: bool) -> io::Result<()> {
        if as_json {
            let error = json!({ "message": self.message, "exit_status": self.kind as u8 });
            writeln!(to, "{}", json!({ "schema": 1, "error": error }))
        } else {
            writeln!(to, "shma: {self}")
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let kind = match &error {
            Error::NotFound { .. } => Kind::NotFound,
            Error::InvalidName { .. } => Kind::Usage,
            Error::LayoutMismatch { .. }
            | Error::ForeignOwner { .. }
            | Error::NotARegion { .. }
            | Error::AlreadyExists { .. } => Kind::Unusable,
            Error::Timeout { .. }
            | Error::WouldBlock { .. }
            | Error::Contended { .. }
            | Error::Retired { .. } => Kind::InUse,
            _ => Kind::System,
        };
        Self { kind, message: error.to_string() }
    }
}

/// Of our own output.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        let kind = match error.kind() {
            io::ErrorKind::BrokenPipe => Kind::Unheard,
            _ => Kind::System,
        };
        Self { kind, message: format!("writing the output: {error}") }
    }
}
