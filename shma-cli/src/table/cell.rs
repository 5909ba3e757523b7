//! A text of a table, and how it looks.

/// How a text looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    Plain,
    Head,
    Quiet,
    Good,
    /// Something to look at.
    Notable,
    /// Something is wrong.
    Bad,
    Selected,
    Curve,
}

/// A text and how it looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    pub text: String,
    pub tone: Tone,
}

impl Cell {
    pub fn new(text: impl Into<String>, tone: Tone) -> Self {
        Self { text: text.into(), tone }
    }

    /// A count, of which none is not worth a look.
    pub fn count(count: u64) -> Self {
        Self::new(count.to_string(), if count == 0 { Tone::Quiet } else { Tone::Plain })
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::new(text, Tone::Plain)
    }
}

/// A line, from left to right.
pub type Line = Vec<Cell>;
