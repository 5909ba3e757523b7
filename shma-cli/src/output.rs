//! Where answers go: text for people or JSON for programs, on a terminal or not.

use std::io::{self, BufWriter, IsTerminal, Stdout, Write};

use serde_json::Value;

/// How wide text may be where there is no terminal to ask.
const WIDE: u16 = 200;

/// The standard output stream.
#[derive(Debug)]
pub struct Output {
    pub json: bool,
    pub paint: Paint,
    /// Columns that a line may take.
    pub width: u16,
    /// Whether somebody looks at it as it comes.
    pub is_terminal: bool,
    stream: BufWriter<Stdout>,
}

impl Output {
    pub fn new(json: bool) -> Self {
        let stdout = io::stdout();
        let is_terminal = stdout.is_terminal();
        let size = rustix::termios::tcgetwinsize(&stdout).ok().filter(|_| is_terminal);
        Self {
            json,
            paint: Paint { colours: is_terminal && may_colour() },
            width: size.map_or(WIDE, |size| size.ws_col).max(40),
            is_terminal,
            stream: BufWriter::new(stdout),
        }
    }

    /// Writes one JSON answer, with what all of them have.
    pub fn answer(&mut self, command: &str, mut answer: Value) -> io::Result<()> {
        answer["schema"] = 1.into();
        answer["command"] = command.into();
        writeln!(self, "{answer}")?;
        self.flush()
    }

    pub fn finish(&mut self) -> io::Result<()> {
        self.flush()
    }

    /// A terminal that is gone is a closed pipe; a file that cannot be written is not.
    fn closed(&self, error: io::Error) -> io::Error {
        match rustix::io::Errno::from_io_error(&error) {
            Some(rustix::io::Errno::IO) if self.is_terminal => io::ErrorKind::BrokenPipe.into(),
            _ => error,
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write(bytes).map_err(|error| self.closed(error))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush().map_err(|error| self.closed(error))
    }
}

/// Whether the user wants colours: <https://no-color.org>.
pub fn may_colour() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Gives text a colour, where there are any.
#[derive(Debug, Clone, Copy)]
pub struct Paint {
    colours: bool,
}

impl Paint {
    fn wrap(self, code: &str, text: impl Into<String>) -> String {
        let text = text.into();
        if self.colours { format!("\x1b[{code}m{text}\x1b[0m") } else { text }
    }

    pub fn bold(self, text: impl Into<String>) -> String {
        self.wrap("1", text)
    }

    pub fn dim(self, text: impl Into<String>) -> String {
        self.wrap("2", text)
    }

    /// Something is wrong.
    pub fn red(self, text: impl Into<String>) -> String {
        self.wrap("31", text)
    }

    /// Something to look at.
    pub fn yellow(self, text: impl Into<String>) -> String {
        self.wrap("33", text)
    }

    pub fn green(self, text: impl Into<String>) -> String {
        self.wrap("32", text)
    }
}
