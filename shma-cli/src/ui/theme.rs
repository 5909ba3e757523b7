//! Colours, where there may be any.

use ratatui::style::{Color, Modifier, Style};

use crate::output::may_colour;

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

    fn colour(self, colour: Color) -> Style {
        if self.colours { Style::new().fg(colour) } else { Style::new() }
    }

    pub fn head(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    pub fn quiet(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    pub fn good(self) -> Style {
        self.colour(Color::Green)
    }

    /// Something to look at.
    pub fn notable(self) -> Style {
        self.colour(Color::Yellow)
    }

    /// Something is wrong.
    pub fn bad(self) -> Style {
        self.colour(Color::Red).add_modifier(Modifier::BOLD)
    }

    pub fn curve(self) -> Style {
        self.colour(Color::Cyan)
    }

    pub fn selected(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// The colour of a place between 0 and 1; what is no number is red.
    pub fn heat(self, place: Option<f64>) -> Color {
        let Some(place) = place else { return Color::Red };
        let step = (place * (HEAT.len() - 1) as f64).round() as usize;
        Color::Indexed(HEAT[step.min(HEAT.len() - 1)])
    }
}
