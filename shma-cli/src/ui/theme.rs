//! Colours, where there may be any.

use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::ListItem;

use crate::output::may_colour;
use crate::table::{self, Tone};

/// From low to high, in the 256 colours that terminals have had for long.
const HEAT: [u8; 16] = [53, 54, 55, 61, 25, 31, 30, 36, 35, 71, 77, 113, 149, 185, 184, 226];

/// How things look.
#[derive(Debug, Clone, Copy)]
pub struct Theme {
    pub colours: bool,
}

impl Theme {
    pub fn new() -> Self {
        Self { colours: may_colour() }
    }

    /// A line of a table, or of anything else.
    pub fn line(self, line: table::Line) -> Line<'static> {
        let spans = line.into_iter().map(|cell| Span::styled(cell.text, self.style(cell.tone)));
        Line::from(spans.collect::<Vec<_>>())
    }

    /// The rows of a table, one or more lines each.
    pub fn items(self, rows: Vec<Vec<table::Line>>) -> Vec<ListItem<'static>> {
        let item = |row: Vec<table::Line>| {
            ListItem::new(row.into_iter().map(|line| self.line(line)).collect::<Vec<_>>())
        };
        rows.into_iter().map(item).collect()
    }

    pub fn style(self, tone: Tone) -> Style {
        let colour = |colour| if self.colours { Style::new().fg(colour) } else { Style::new() };
        match tone {
            Tone::Plain => Style::new(),
            Tone::Head => Style::new().add_modifier(Modifier::BOLD),
            Tone::Quiet => Style::new().add_modifier(Modifier::DIM),
            Tone::Good => colour(Color::Green),
            Tone::Notable => colour(Color::Yellow),
            Tone::Bad => colour(Color::Red).add_modifier(Modifier::BOLD),
            Tone::Curve => colour(Color::Cyan),
            Tone::Selected => Style::new().add_modifier(Modifier::REVERSED),
        }
    }

    /// The colour of a place between 0 and 1; what is no number is red.
    pub fn heat(self, place: Option<f64>) -> Color {
        let Some(place) = place else { return Color::Red };
        let step = (place * (HEAT.len() - 1) as f64).round() as usize;
        Color::Indexed(HEAT[step.min(HEAT.len() - 1)])
    }
}
