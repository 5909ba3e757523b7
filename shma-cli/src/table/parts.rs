//! Lines of parts that fit any width: parts go by rank.

use super::{Cell, Line, Tone};
use crate::text::{cut, cut_inside, width};

/// A part of a line. Those of rank 0 never go.
#[derive(Debug, Clone)]
pub struct Part {
    rank: u8,
    cell: Cell,
}

impl Part {
    pub fn new(rank: u8, text: impl Into<String>, tone: Tone) -> Self {
        Self { rank, cell: Cell::new(text, tone) }
    }
}

/// The parts that a line has room for, those of one rank all or none.
pub fn fit(parts: &[Part], limit: usize) -> Line {
    let mut most = parts.iter().map(|part| part.rank).max().unwrap_or(0);
    let wide = |most: u8| {
        let shown = parts.iter().filter(|part| part.rank <= most);
        shown.map(|part| width(&part.cell.text)).sum::<usize>()
    };
    while most > 0 && wide(most) > limit {
        most -= 1;
    }
    let mut left = limit;
    let mut line = Line::new();
    for part in parts.iter().filter(|part| part.rank <= most) {
        let text = &part.cell.text;
        // A name shows both its ends, a sentence its beginning.
        let text = if text.contains(' ') { cut(text, left) } else { cut_inside(text, left) };
        left -= width(&text);
        line.push(Cell::new(text, part.cell.tone));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::{Part, fit};
    use crate::table::Tone;

    #[test]
    fn parts_go_by_rank() {
        let parts = [(0, "trainer"), (2, "  Model"), (1, "  alive"), (3, ", 13 KiB")];
        let parts = parts.map(|(rank, text)| Part::new(rank, text, Tone::Plain));
        let line = |limit| fit(&parts, limit).into_iter().map(|cell| cell.text).collect::<String>();
        assert_eq!(line(80), "trainer  Model  alive, 13 KiB");
        assert_eq!(line(28), "trainer  Model  alive");
        assert_eq!(line(20), "trainer  alive");
        assert_eq!(line(13), "trainer");
        assert_eq!(line(5), "tr…er");
    }
}
