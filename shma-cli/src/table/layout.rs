//! Which columns of a table a line has room for, and how wide each is.

use super::{Cell, Column};
use crate::text::width;

/// Blanks between two columns.
pub const GAP: usize = 2;

/// A column of names that is narrower says nothing.
const LEAST_NAME: usize = 8;

/// The widths that were found.
#[derive(Debug)]
pub struct Layout {
    /// The width of each column; `None` for those without room.
    pub widths: Vec<Option<usize>>,
    /// Names up to this width stand before the other columns, longer ones on a line of their own.
    pub name: usize,
}

impl Layout {
    /// Columns come in the order of their ranks, until one has no room.
    pub fn of(columns: &[Column], rows: &[Vec<Cell>], limit: usize) -> Self {
        let natural: Vec<usize> =
            (0..columns.len()).map(|i| natural(&columns[i], i, rows)).collect();
        let essential = columns.iter().zip(&natural).filter(|(column, _)| column.rank == 1);
        let essential: usize = essential.map(|(column, width)| column.least(*width) + GAP).sum();
        let mut widths = vec![None; columns.len()];
        let room = limit.saturating_sub(essential);
        if natural[0] > room && room < LEAST_NAME {
            let name = natural[0].min(limit);
            widths[0] = Some(name);
            return Self { widths, name };
        }
        let names = rows.iter().map(|row| width(&row[0].text));
        let fit = names.filter(|name| *name <= room).max().unwrap_or(0);
        let name = fit.max(width(&columns[0].head).min(room));
        widths[0] = Some(name);
        let mut left = limit.saturating_sub(name);
        let mut by_rank: Vec<usize> = (1..columns.len()).collect();
        by_rank.sort_by_key(|i| columns[*i].rank);
        for i in &by_rank {
            let least = columns[*i].least(natural[*i]);
            // Neither a head nor a text.
            if least == 0 {
                continue;
            }
            let Some(rest) = left.checked_sub(least + GAP) else { break };
            widths[*i] = Some(least);
            left = rest;
        }
        for i in by_rank {
            if let Some(width) = &mut widths[i] {
                let more = (natural[i] - *width).min(left);
                *width += more;
                left -= more;
            }
        }
        Self { widths, name }
    }
}

/// The width of the widest text of the column with this number.
fn natural(column: &Column, number: usize, rows: &[Vec<Cell>]) -> usize {
    let cells = rows.iter().map(|row| width(&row[number].text));
    cells.max().unwrap_or(0).max(width(&column.head)).max(column.at_least)
}
