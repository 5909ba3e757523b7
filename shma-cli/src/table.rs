//! Tables without lines, as wide as the terminal at most.

use comfy_table::presets::NOTHING;
use comfy_table::{Cell, CellAlignment, ContentArrangement, Table as Lines};

use crate::output::Paint;

/// A table under construction.
#[derive(Debug)]
pub struct Table {
    lines: Lines,
    right: Vec<bool>,
}

impl Table {
    /// The columns; those whose names start with `>` hold numbers and stand at the right.
    pub fn new(paint: Paint, width: u16, columns: &[&str]) -> Self {
        let mut lines = Lines::new();
        lines.load_style(NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
        lines.set_width(width);
        let right: Vec<bool> = columns.iter().map(|column| column.starts_with('>')).collect();
        let head = columns.iter().map(|column| column.trim_start_matches('>'));
        let mut table = Self { lines, right };
        let head = table.cells(head.map(|column| paint.bold(column)));
        table.lines.set_header(head);
        for column in table.lines.column_iter_mut() {
            column.set_padding((0, 2));
        }
        table
    }

    fn cells(&self, row: impl Iterator<Item = String>) -> Vec<Cell> {
        let align = |(cell, right): (String, &bool)| {
            let side = if *right { CellAlignment::Right } else { CellAlignment::Left };
            Cell::new(cell).set_alignment(side)
        };
        row.zip(&self.right).map(align).collect()
    }

    pub fn row(&mut self, row: impl IntoIterator<Item = String>) {
        let cells = self.cells(row.into_iter());
        self.lines.add_row(cells);
    }
}

impl std::fmt::Display for Table {
    /// Ends with a new line.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for line in self.lines.lines() {
            writeln!(f, "{}", line.trim_end())?;
        }
        Ok(())
    }
}
