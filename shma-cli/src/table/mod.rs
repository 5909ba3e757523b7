//! Tables without lines that fit any width: columns go by rank, the first one never.

mod cell;
mod column;
mod layout;
mod names;
mod parts;

pub use self::cell::{Cell, Line, Tone};
pub use self::column::Column;
pub use self::parts::{Part, fit};

use self::layout::Layout;
use crate::text::{cut, width};

pub use self::layout::GAP;

/// A table under construction.
#[derive(Debug)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
}

/// A table as it is shown.
#[derive(Debug)]
pub struct Shown {
    pub head: Line,
    /// The lines of each row: two if the name is too long for its column.
    pub rows: Vec<Vec<Line>>,
    /// The columns for which there was no room.
    pub missing: Vec<String>,
    /// The columns of the terminal that are taken.
    pub width: usize,
}

impl Table {
    /// The first column holds the names of the rows.
    pub fn new(columns: impl IntoIterator<Item = Column>) -> Self {
        Self { columns: columns.into_iter().collect(), rows: Vec::new() }
    }

    pub fn row(&mut self, row: impl IntoIterator<Item = Cell>) {
        let row: Vec<Cell> = row.into_iter().collect();
        assert_eq!(row.len(), self.columns.len(), "a row has a cell for each column");
        self.rows.push(row);
    }

    /// The table in lines of at most so many columns.
    pub fn show(&self, limit: usize) -> Shown {
        let layout = Layout::of(&self.columns, &self.rows, limit);
        let names: Vec<&str> = self.rows.iter().map(|row| row[0].text.as_str()).collect();
        let names = names::shorten(&names, limit);
        let head: Vec<Cell> = self
            .columns
            .iter()
            .map(|column| Cell::new(cut(&column.head, limit), Tone::Head))
            .collect();
        let rows = self.rows.iter().zip(names).map(|(row, name)| {
            let name = Cell { text: name, tone: row[0].tone };
            let rest = layout.widths.iter().skip(1).any(Option::is_some);
            if width(&name.text) <= layout.name || !rest {
                return vec![self.line(&layout, &name, row)];
            }
            vec![vec![name], self.line(&layout, &Cell::from(""), row)]
        });
        let rows = rows.collect();
        let missing = self.columns.iter().zip(&layout.widths);
        let missing = missing.filter(|(column, width)| width.is_none() && !column.head.is_empty());
        let taken = layout.widths.iter().flatten();
        Shown {
            head: self.line(&layout, &head[0], &head),
            rows,
            missing: missing.map(|(column, _)| column.head.clone()).collect(),
            width: taken.map(|width| width + GAP).sum::<usize>() - GAP,
        }
    }

    fn line(&self, layout: &Layout, name: &Cell, row: &[Cell]) -> Line {
        let mut line = Vec::new();
        for (i, (column, wide)) in self.columns.iter().zip(&layout.widths).enumerate() {
            let Some(wide) = *wide else { continue };
            let cell = if i == 0 { name } else { &row[i] };
            let text = cut(&cell.text, wide);
            let blanks = " ".repeat(wide - width(&text));
            if i > 0 {
                line.push(" ".repeat(GAP).into());
            }
            let text = Cell::new(text, cell.tone);
            match column.is_right {
                true => line.extend([blanks.into(), text]),
                false => line.extend([text, blanks.into()]),
            }
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::{Cell, Column, Line, Table};
    use crate::text::width;

    fn table(names: &[&str]) -> Table {
        let columns = [
            Column::left("name", 0),
            Column::left("type", 3).shrinks_to(6),
            Column::right("size", 2),
            Column::left("condition", 1),
        ];
        let mut table = Table::new(columns);
        for name in names {
            table.row(
                ["*name*", "[[f32; 64]; 64]", "16.0 KiB", "alive"]
                    .map(|text| Cell::from(if text == "*name*" { *name } else { text })),
            );
        }
        table
    }

    fn text(line: &Line) -> String {
        line.iter().map(|cell| cell.text.as_str()).collect::<String>().trim_end().to_owned()
    }

    fn lines(table: &Table, limit: usize) -> Vec<String> {
        let shown = table.show(limit);
        std::iter::once(&shown.head).chain(shown.rows.iter().flatten()).map(text).collect()
    }

    #[test]
    fn columns_go_by_rank() {
        let table = table(&["trainer"]);
        assert_eq!(
            lines(&table, usize::MAX),
            [
                "name     type                 size  condition",
                "trainer  [[f32; 64]; 64]  16.0 KiB  alive"
            ]
        );
        assert_eq!(lines(&table, 37)[1], "trainer  [[f32;…  16.0 KiB  alive");
        assert_eq!(lines(&table, 32)[1], "trainer  16.0 KiB  alive");
        assert_eq!(lines(&table, 22)[1], "trainer  alive");
        assert_eq!(lines(&table, 17), ["name", "trainer"]);
        assert_eq!(table.show(22).missing, ["type", "size"]);
    }

    #[test]
    fn no_line_is_too_wide_and_no_name_is_gone() {
        let long = "n".repeat(200);
        let other = "n".repeat(199) + "m";
        for names in [&["a", "b"][..], &["状態-1", "状態-2"], &["a", &long], &[&long, &other]] {
            let table = table(names);
            for limit in 8..300 {
                let lines = lines(&table, limit);
                assert!(lines.iter().all(|line| width(line) <= limit), "{limit}: {lines:#?}");
                for name in names.iter().filter(|name| width(name) <= limit) {
                    assert!(lines.iter().any(|line| line.starts_with(name)), "{limit}: {lines:#?}");
                }
            }
        }
        let long = lines(&table(&["a", &long]), 80);
        assert_eq!(long[1], "a     [[f32; 64]; 64]  16.0 KiB  alive");
        assert_eq!(long[2], "n".repeat(40) + "…" + &"n".repeat(39));
        assert_eq!(long[3], "      [[f32; 64]; 64]  16.0 KiB  alive");
    }
}
