//! A two-dimensional field as colours: two of its points in each character, one above the other.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use ratatui::widgets::Widget;

use super::theme::Theme;
use crate::array::Array;
use crate::statistics::number;

/// From low to high where there are no colours.
const SHADES: [char; 5] = [' ', '░', '▒', '▓', '█'];

/// The map of a field with two dimensions.
#[derive(Debug)]
pub struct Heat<'a> {
    pub array: &'a Array<'a>,
    pub theme: Theme,
}

/// The largest number of characters that a point is wide.
const LARGEST: usize = 8;

/// The means of rectangles of the field, row by row; `None` where something is not finite.
struct Grid {
    width: usize,
    height: usize,
    points: Vec<Option<f64>>,
    /// How many places on the screen each point is wide and high.
    scale: usize,
}

impl Grid {
    fn of(array: &Array<'_>, most_width: usize, most_height: usize) -> Option<Self> {
        let [rows, columns] = array.shape[..] else { return None };
        let (width, height) = (columns.min(most_width), rows.min(most_height));
        if width == 0 || height == 0 {
            return None;
        }
        let part = |of: usize, parts: usize, i: usize| i * of / parts..(i + 1) * of / parts;
        let mut points = Vec::with_capacity(width * height);
        for y in 0..height {
            for x in 0..width {
                let (mut sum, mut count) = (0.0, 0.0);
                for row in part(rows, height, y) {
                    for column in part(columns, width, x) {
                        sum += number(array.get(row * columns + column))?;
                        count += 1.0;
                    }
                }
                points.push(Some(sum / count).filter(|mean: &f64| mean.is_finite()));
            }
        }
        let scale = (most_width / width).min(most_height / height).clamp(1, LARGEST);
        Some(Self { width, height, points, scale })
    }

    /// The smallest and the largest mean.
    fn ends(&self) -> (f64, f64) {
        let finite = || self.points.iter().flatten().copied();
        (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max))
    }

    /// The point at a place on the screen.
    fn get(&self, x: usize, y: usize) -> Option<Option<f64>> {
        let (x, y) = (x / self.scale, y / self.scale);
        (y < self.height).then(|| self.points[y * self.width + x])
    }
}

impl Widget for Heat<'_> {
    fn render(self, area: Rect, buffer: &mut Buffer) {
        let halves = if self.theme.colours { 2 } else { 1 };
        let (width, height) = (area.width as usize, area.height as usize * halves);
        let Some(grid) = Grid::of(self.array, width, height) else { return };
        let (low, high) = grid.ends();
        let place = |point: f64| if high > low { (point - low) / (high - low) } else { 0.0 };
        for y in 0..(grid.height * grid.scale).div_ceil(halves) {
            for x in 0..grid.width * grid.scale {
                let cell = &mut buffer[(area.x + x as u16, area.y + y as u16)];
                let colour = |point: Option<f64>| self.theme.heat(point.map(place));
                match (grid.get(x, y * halves), halves) {
                    (Some(upper), 2) => {
                        let lower = grid.get(x, y * 2 + 1).map_or(Color::Reset, colour);
                        cell.set_char('▀').set_style(Style::new().fg(colour(upper)).bg(lower));
                    }
                    (Some(Some(point)), _) => {
                        let shade = (place(point) * (SHADES.len() - 1) as f64).round() as usize;
                        cell.set_char(SHADES[shade.min(SHADES.len() - 1)]);
                    }
                    _ => {
                        cell.set_char('!');
                    }
                }
            }
        }
    }
}
