//! Curves over a number: as a table, with what the growth is, and as a picture.

use anyhow::{Result, anyhow};
use comfy_table::{CellAlignment, Table, presets};
use plotters::coord::combinators::IntoLogRange;
use plotters::prelude::*;

use crate::report::{COLOURS, bytes, value};

const SIZE: (u32, u32) = (860, 480);
const GREY: RGBColor = RGBColor(110, 110, 110);

/// What the number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Axis {
    Bytes,
    Count(&'static str),
}

/// Curves with the same numbers.
#[derive(Debug)]
pub struct Curves {
    /// In file names.
    pub name: &'static str,
    /// A sentence.
    pub about: String,
    pub axis: Axis,
    /// As of a measure: "ns" or "1/s".
    pub unit: &'static str,
    pub numbers: Vec<u64>,
    /// A name, and a value for each number; NaN where there is none.
    pub curves: Vec<(&'static str, Vec<f64>)>,
    /// What there is to say beside.
    pub remark: String,
}

impl Curves {
    fn number(&self, number: u64) -> String {
        match self.axis {
            Axis::Bytes => bytes(number),
            Axis::Count(_) => number.to_string(),
        }
    }

    /// The table, and the growth of each curve.
    pub fn text(&self) -> String {
        let what = match self.axis {
            Axis::Bytes => "bytes",
            Axis::Count(what) => what,
        };
        let mut table = Table::new();
        table.load_preset(presets::NOTHING);
        table.set_header([what].into_iter().chain(self.curves.iter().map(|(name, _)| *name)));
        for (at, number) in self.numbers.iter().enumerate() {
            let cell = |at: f64| if at.is_nan() { "-".into() } else { value(at, self.unit) };
            let values = self.curves.iter().map(|(_, values)| cell(values[at]));
            table.add_row([self.number(*number)].into_iter().chain(values));
        }
        let growth = self.curves.iter().map(|(_, values)| match growth(&self.numbers, values) {
            Some(power) => format!("{power:.2}"),
            None => "-".into(),
        });
        table.add_row(["power, upper half".to_owned()].into_iter().chain(growth));
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        format!("{}: {}\n{table}\n{}", self.name, self.about, self.remark)
    }

    /// All curves, both axes logarithmic.
    pub fn picture(&self) -> Result<String> {
        self.draw().map_err(|error| anyhow!("{error}"))
    }

    fn draw(&self) -> Result<String, DrawingAreaErrorKind<std::io::Error>> {
        let mut svg = String::new();
        {
            let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
            area.fill(&WHITE)?;
            let values =
                || self.curves.iter().flat_map(|(_, values)| values).filter(|it| **it > 0.0);
            let low = values().copied().fold(f64::INFINITY, f64::min);
            let high = values().copied().fold(0.0, f64::max);
            let first = self.numbers[0] as f64;
            let last = self.numbers[self.numbers.len() - 1] as f64;
            let mut chart = ChartBuilder::on(&area)
                .caption(&self.about, ("sans-serif", 15))
                .margin(12)
                .margin_right(40)
                .x_label_area_size(42)
                .y_label_area_size(78)
                .build_cartesian_2d(
                    (first / 1.1..last * 1.1).log_scale(),
                    (low / 1.5..high * 1.5).log_scale(),
                )?;
            chart
                .configure_mesh()
                .light_line_style(WHITE)
                .bold_line_style(GREY.mix(0.2))
                .axis_style(GREY)
                .x_label_formatter(&|number| self.number(number.round() as u64))
                .y_label_formatter(&|at| value(*at, self.unit))
                .draw()?;
            for ((name, values), colour) in self.curves.iter().zip(COLOURS) {
                let style = colour.stroke_width(2);
                let points = self.numbers.iter().map(|number| *number as f64).zip(values.clone());
                let points = points.filter(|(_, at)| *at > 0.0);
                chart
                    .draw_series(LineSeries::new(points.clone(), style))?
                    .label(*name)
                    .legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 18, y)], style));
                chart.draw_series(points.map(|point| Circle::new(point, 3, colour.filled())))?;
            }
            chart
                .configure_series_labels()
                .position(SeriesLabelPosition::UpperLeft)
                .background_style(WHITE.mix(0.85))
                .border_style(GREY)
                .draw()?;
            area.present()?;
        }
        Ok(svg)
    }
}

/// The power of the number that the values grow with, over the upper half of the points: the slope of
/// the straight line through their logarithms, by least squares.
fn growth(numbers: &[u64], values: &[f64]) -> Option<f64> {
    let points: Vec<_> = numbers.iter().zip(values).filter(|(_, value)| **value > 0.0).collect();
    let upper = &points[points.len() / 2..];
    if upper.len() < 2 {
        return None;
    }
    let logs = || upper.iter().map(|(number, value)| ((**number as f64).ln(), value.ln()));
    let count = upper.len() as f64;
    let (x, y) = logs().fold((0.0, 0.0), |(x, y), (number, value)| (x + number, y + value));
    let (x, y) = (x / count, y / count);
    let (both, square) = logs().fold((0.0, 0.0), |(both, square), (number, value)| {
        (both + (number - x) * (value - y), square + (number - x) * (number - x))
    });
    Some(both / square)
}

#[cfg(test)]
mod tests {
    use super::growth;

    #[test]
    fn the_power_of_the_upper_half_is_found() {
        let numbers = [1, 10, 100, 1_000];
        let power = |of: fn(f64) -> f64| {
            let values: Vec<_> = numbers.iter().map(|number| of(*number as f64)).collect();
            growth(&numbers, &values).unwrap()
        };
        assert!((power(|n| 7.0 * n) - 1.0).abs() < 1e-9);
        assert!((power(|n| n * n) - 2.0).abs() < 1e-9);
        assert!(power(|_| 3.0).abs() < 1e-9);
        // What a call costs by itself hides the growth of the lower half only.
        assert!(power(|n| 50.0 + n) > 0.8);
        assert_eq!(growth(&numbers, &[f64::NAN, 0.0, f64::NAN, 5.0]), None);
    }
}
