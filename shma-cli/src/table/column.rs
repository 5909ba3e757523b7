//! A column of a table.

/// A column: its head, and what becomes of it where there is little room.
#[derive(Debug)]
pub struct Column {
    pub(super) head: String,
    pub(super) is_right: bool,
    /// Columns of higher ranks go first. Those of rank 1 stay as long as there is room beside a
    /// short name.
    pub(super) rank: u8,
    /// The width to which its texts may be cut.
    shrinks_to: Option<usize>,
    pub(super) at_least: usize,
}

impl Column {
    /// A column of texts.
    pub fn left(head: impl Into<String>, rank: u8) -> Self {
        Self { head: head.into(), is_right: false, rank, shrinks_to: None, at_least: 0 }
    }

    /// A column of numbers.
    pub fn right(head: impl Into<String>, rank: u8) -> Self {
        Self { is_right: true, ..Self::left(head, rank) }
    }

    /// A column that is so wide whatever is in it, so that it stands still while numbers change.
    pub fn at_least(self, width: usize) -> Self {
        Self { at_least: width, ..self }
    }

    pub fn shrinks_to(self, width: usize) -> Self {
        Self { shrinks_to: Some(width), ..self }
    }

    /// The width below which it is left out.
    pub(super) fn least(&self, natural: usize) -> usize {
        self.shrinks_to.map_or(natural, |least| least.min(natural))
    }
}
