//! What a call gives instead of 0.

use std::ops::Deref;

use libc::c_int;
use shma_core::Error;

/// A failure of a call. In a box, so that calls that succeed keep no room for it.
#[derive(Debug)]
pub(crate) struct Fault(Box<Told>);

/// A code of the header's table, and the sentence that goes with it.
#[derive(Debug)]
pub(crate) struct Told {
    /// A positive `errno` value.
    pub(crate) code: c_int,
    pub(crate) text: String,
}

impl Deref for Fault {
    type Target = Told;

    fn deref(&self) -> &Told {
        &self.0
    }
}

impl Fault {
    #[cold]
    pub(crate) fn new(code: c_int, text: impl Into<String>) -> Self {
        Self(Box::new(Told { code, text: text.into() }))
    }

    pub(crate) fn invalid(text: impl Into<String>) -> Self {
        Self::new(libc::EINVAL, text)
    }

    /// An argument that is `NULL`, as the header names it.
    #[cold]
    pub(crate) fn null(argument: &str) -> Self {
        Self::new(libc::EFAULT, format!("`{argument}` is NULL, and has to point to something"))
    }

    /// Memory of so many bytes that there is none of.
    #[cold]
    pub(crate) fn no_memory(bytes: usize) -> Self {
        let text = format!(
            "there is no memory for {bytes} bytes in this process: free some, or work on parts of the \
             value"
        );
        Self::new(libc::ENOMEM, text)
    }
}

impl From<Error> for Fault {
    #[cold]
    fn from(error: Error) -> Self {
        Self::new(code(&error), error.to_string())
    }
}

fn code(error: &Error) -> c_int {
    match error {
        Error::NotFound { .. } | Error::NoField { .. } => libc::ENOENT,
        Error::AlreadyExists { .. } => libc::EEXIST,
        Error::LayoutMismatch { .. }
        | Error::WrongType { .. }
        | Error::NoteMismatch { .. }
        | Error::CheckpointMismatch { .. } => libc::EPROTO,
        Error::ForeignOwner { .. } => libc::EPERM,
        Error::NotARegion { .. } | Error::NotACheckpoint { .. } => libc::EBADMSG,
        Error::Unclean { .. } => libc::EUCLEAN,
        Error::Retired { .. } => libc::ESTALE,
        Error::NoSpace { .. } => libc::ENOSPC,
        Error::InvalidName { .. } | Error::Declaration { .. } | Error::WrongField { .. } => {
            libc::EINVAL
        }
        Error::Timeout { .. } => libc::ETIMEDOUT,
        Error::WouldBlock { .. } => libc::EAGAIN,
        Error::Reentrant { .. } => libc::EDEADLK,
        Error::Contended { .. } => libc::EBUSY,
        Error::Forked { .. } => libc::ECHILD,
        Error::ReadOnly { .. } => libc::EROFS,
        Error::WrongSize { .. } => libc::EMSGSIZE,
        Error::OutOfRange { .. } => libc::ERANGE,
        Error::Io { source, .. } | Error::File { source, .. } => {
            source.raw_os_error().filter(|it| *it > 0).unwrap_or(libc::EIO)
        }
        // Errors of a later version of the core.
        _ => libc::EIO,
    }
}
