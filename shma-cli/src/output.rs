//! Where answers go: text for people or JSON for programs, on a terminal or not.

use std::io::{self, BufWriter, IsTerminal, Stdout, Write};

use serde_json::Value;

use crate::table::{Line, Table, Tone};
use crate::text;

/// The columns of a terminal that does not say how many it has.
const USUAL: u16 = 80;

/// The standard output stream.
#[derive(Debug)]
pub struct Output {
    pub json: bool,
    pub paint: Paint,
    /// Columns that a line may take: without a terminal, any number.
    pub width: usize,
    /// Whether a person reads it as it comes.
    pub is_terminal: bool,
    stream: BufWriter<Stdout>,
}

impl Output {
    pub fn new(json: bool) -> Self {
        let stdout = io::stdout();
        let is_terminal = stdout.is_terminal();
        let columns = rustix::termios::tcgetwinsize(&stdout).map_or(0, |size| size.ws_col);
        let columns = if columns == 0 { USUAL } else { columns };
        Self {
            json,
            paint: Paint { colours: is_terminal && may_colour() },
            width: if is_terminal { columns.into() } else { usize::MAX },
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

    /// Writes a table, and which of its columns the terminal has no room for.
    pub fn table(&mut self, table: &Table) -> io::Result<()> {
        let shown = table.show(self.width);
        self.line(&shown.head)?;
        for line in shown.rows.iter().flatten() {
            self.line(line)?;
        }
        if !shown.missing.is_empty() {
            let missing = shown.missing.join(", ");
            let text = format!("(too narrow for: {missing})");
            let note = self.paint.dim(text::wrap(&text, self.width).join("\n"));
            writeln!(self, "{note}")?;
        }
        Ok(())
    }

    fn line(&mut self, line: &Line) -> io::Result<()> {
        // Nothing but blanks follows the last text.
        let texts = line.iter().rposition(|cell| !cell.text.trim_end().is_empty());
        let texts = texts.map_or(0, |last| last + 1);
        let painted = line[..texts].iter().map(|cell| self.paint.tone(cell.tone, &cell.text));
        let line = painted.collect::<String>();
        writeln!(self, "{}", line.trim_end())
    }

    /// Writes sentences, broken between words, each line after so many blanks. Each of the words
    /// gets its tone once.
    pub fn paragraph(
        &mut self,
        blanks: usize,
        text: &str,
        words: &[(&str, Tone)],
    ) -> io::Result<()> {
        // Where there is hardly any room, blanks take none of it.
        let blanks = if blanks * 2 > self.width { 0 } else { blanks };
        let mut words = words.iter().peekable();
        for mut line in text::wrap(text, self.width.saturating_sub(blanks)) {
            let mut done = 0;
            while let Some((word, tone)) = words.peek() {
                let Some(at) = line[done..].find(word) else { break };
                let painted = self.paint.tone(*tone, word);
                line.replace_range(done + at..done + at + word.len(), &painted);
                done += at + painted.len();
                words.next();
            }
            writeln!(self, "{:blanks$}{line}", "")?;
        }
        Ok(())
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

    pub fn tone(self, tone: Tone, text: &str) -> String {
        match tone {
            Tone::Plain => text.to_owned(),
            Tone::Head | Tone::Selected => self.bold(text),
            Tone::Quiet => self.dim(text),
            Tone::Good | Tone::Curve => self.green(text),
            Tone::Notable => self.yellow(text),
            Tone::Bad => self.red(text),
        }
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
