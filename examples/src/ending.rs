//! How a program ends, and what its exit code says of it.

use std::process::ExitCode;

use anyhow::Result;

use crate::console;

/// Something failed.
pub const FAILED: u8 = 1;
/// All went well, but what was to be reached was not.
pub const MISSED: u8 = 3;
/// Ended by a signal, as a shell counts SIGINT.
pub const INTERRUPTED: u8 = 130;

/// How a program ends when nothing has failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// What was to be reached was reached.
    Reached,
    /// It was not.
    Missed,
    /// A signal came before the end.
    Interrupted,
}

/// The exit code; an error is told.
pub fn exit_code(result: Result<Ending>) -> ExitCode {
    match result {
        Ok(Ending::Reached) => ExitCode::SUCCESS,
        Ok(Ending::Missed) => ExitCode::from(MISSED),
        Ok(Ending::Interrupted) => ExitCode::from(INTERRUPTED),
        Err(error) => {
            console::tell(&format!("error: {error:#}"));
            ExitCode::from(FAILED)
        }
    }
}

/// All exit codes, for `--help`; the program says what two of them mean.
pub fn help(reached: &str, missed: &str) -> String {
    let codes = [
        (0, reached),
        (FAILED, "something failed; the message says what"),
        (2, "a bad argument"),
        (MISSED, missed),
        (INTERRUPTED, "interrupted by Ctrl-C, SIGTERM or SIGHUP; nothing is left behind"),
    ];
    let lines = codes.map(|(code, meaning)| format!("\n{code:5}  {meaning}"));
    format!("Exit codes:{}", lines.concat())
}
