//! Words for a person.

use std::io::{self, Write};

/// Prints a result to standard output. The reader may have seen enough before the end.
///
/// # Errors
///
/// It cannot be written, and not because the reader has gone.
pub fn print(text: &str) -> io::Result<()> {
    match io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// Says something beside the result, on a line of standard error. A terminal may be gone by then,
/// and no reader is left to be told.
pub fn tell(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}
