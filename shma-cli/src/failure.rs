//! How a command ends, and the exit status that says so.

use std::fmt;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use rustix::io::Errno;
use serde_json::json;
use shma_core::Error;

use crate::directory;

/// How a command ends that did what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Done,
    /// The answer is no: layouts differ, something is wrong, or the user declined.
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
    /// Whether what was looked at is at fault, or something else.
    is_of_the_looker: bool,
    message: String,
}

/// The kinds of failure; the numbers are exit statuses, which `--help` lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// The reader of the output has closed it.
    Unheard = 0,
    Usage = 2,
    NotFound = 3,
    Unusable = 4,
    InUse = 5,
    System = 6,
}

impl Failure {
    fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, is_of_the_looker: false, message: message.into() }
    }

    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Kind::Usage, message)
    }

    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(Kind::NotFound, message)
    }

    /// There is no region of this name.
    pub fn absent(name: &str) -> Self {
        let command = directory::command();
        let place = match directory::is_usual() {
            true => String::new(),
            false => format!(" in {}", directory::shown(directory::path())),
        };
        let advice = format!("`{command} ls` lists the regions");
        Self::not_found(format!("region `{name}` does not exist{place}; {advice}"))
    }

    pub fn unusable(message: impl Into<String>) -> Self {
        Self::new(Kind::Unusable, message)
    }

    pub fn in_use(message: impl Into<String>) -> Self {
        Self::new(Kind::InUse, message)
    }

    pub fn system(message: impl Into<String>) -> Self {
        Self::new(Kind::System, message)
    }

    /// The reader of the output, or the terminal, is gone.
    pub fn unheard() -> Self {
        Self::new(Kind::Unheard, "the output is closed")
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
        Self::new(kind, format!("{}: {error}", path.display()))
    }

    /// Whether this command lacks something: descriptors, memory, or the right to look. It says
    /// nothing about the region.
    pub fn is_of_the_looker(&self) -> bool {
        self.is_of_the_looker
    }

    /// Whether what was asked for is not there.
    pub fn is_absence(&self) -> bool {
        matches!(self.kind, Kind::NotFound | Kind::Usage)
    }

    /// Says it on the standard error stream.
    pub fn report(&self, as_json: bool) -> ExitCode {
        let status = self.kind as u8;
        if self.kind != Kind::Unheard {
            // There is no other place to say that this could not be written.
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
            Error::NotFound { .. } | Error::NoField { .. } => Kind::NotFound,
            Error::InvalidName { .. } => Kind::Usage,
            Error::LayoutMismatch { .. }
            | Error::ForeignOwner { .. }
            | Error::NotARegion { .. }
            | Error::Unclean { .. }
            | Error::NotACheckpoint { .. }
            | Error::CheckpointMismatch { .. }
            | Error::Declaration { .. }
            | Error::AlreadyExists { .. } => Kind::Unusable,
            Error::File { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                Kind::NotFound
            }
            Error::File { source, .. } if source.kind() == io::ErrorKind::InvalidInput => {
                Kind::Unusable
            }
            Error::Timeout { .. }
            | Error::WouldBlock { .. }
            | Error::Contended { .. }
            | Error::Retired { .. } => Kind::InUse,
            _ => Kind::System,
        };
        let (message, is_of_the_looker) = match &error {
            Error::NotFound { name, .. } => return Self::absent(name),
            Error::ForeignOwner { name, unmapped: true, .. } => {
                let advice = "run the command where that user is mapped";
                (format!("region `{name}` is of a user that is not mapped here; {advice}"), true)
            }
            Error::ForeignOwner { name, owner, user, .. } => {
                let this = format!("this command runs as user {user}");
                let (command, theirs) = (directory::command(), directory::command_of(*owner));
                let advice = format!(
                    "run it as that user (`{theirs} ..`), or look at it if its mode lets you \
                     (`{command} --user {owner} ..`)"
                );
                (format!("region `{name}` belongs to user {owner}, and {this}; {advice}"), true)
            }
            Error::Io { name, source, .. } => match Errno::from_io_error(source) {
                Some(Errno::MFILE | Errno::NFILE | Errno::NOMEM) => (error.to_string(), true),
                None if source.kind() == io::ErrorKind::PermissionDenied && !name.is_empty() => {
                    let why = "its file's mode does not let this user read it";
                    let advice = "run it as the region's user, or as root";
                    (format!("region `{name}`: permission denied: {why}; {advice}"), true)
                }
                Some(Errno::ACCESS | Errno::PERM) => {
                    (format!("{error}; run it as the region's user, or as root"), true)
                }
                _ => (error.to_string(), false),
            },
            _ => (error.to_string(), false),
        };
        Self { kind, is_of_the_looker, message }
    }
}

/// A failure of the program's own output.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        let kind = match error.kind() {
            io::ErrorKind::BrokenPipe => Kind::Unheard,
            _ => Kind::System,
        };
        Self::new(kind, format!("writing the output: {error}"))
    }
}
