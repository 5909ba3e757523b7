//! The picture at the end: accuracy and loss on the test images over time, and the updates a second.

use std::ops::Range;
use std::path::Path;

use anyhow::Result;
use plotters::prelude::*;
use shma_examples::picture::{self, Area, Axes, Drawn, GREY};

use crate::bars;
use crate::colours::colour;
use crate::network::Score;
use crate::run::Run;

/// The height of a diagram of curves.
const CURVES: u32 = 400;

/// One of the two diagrams of curves.
struct Panel {
    title: &'static str,
    /// What lies outside would press the rest together; curves are cut off there.
    range: Range<f64>,
    value: fn(&Score) -> f64,
    line: Option<f64>,
    /// Where no curve is.
    legend: SeriesLabelPosition,
}

/// Draws all trainings into a file.
pub fn draw(path: &Path, runs: &[Run], target: f64) -> Result<()> {
    picture::write(path, height(runs), |area| draw_all(area, runs, target))
}

fn height(runs: &[Run]) -> u32 {
    2 * CURVES + bars::height(runs.len())
}

fn draw_all(area: &Area<'_>, runs: &[Run], target: f64) -> Drawn {
    let (accuracy, area) = area.split_vertically(CURVES);
    let (loss, rates) = area.split_vertically(CURVES);
    let panel = Panel {
        title: "accuracy: share of 1,000 test images told right",
        range: if target > 0.85 { 0.8..1.0 } else { 0.0..1.0 },
        value: |score| score.accuracy,
        line: Some(target),
        legend: SeriesLabelPosition::LowerRight,
    };
    panel.draw(&accuracy, runs)?;
    let panel = Panel {
        title: "mean loss of a test image, in nats",
        range: 0.0..1.0,
        value: |score| score.loss,
        line: None,
        legend: SeriesLabelPosition::UpperRight,
    };
    panel.draw(&loss, runs)?;
    bars::draw(&rates, runs)
}

impl Panel {
    fn draw(&self, area: &Area<'_>, runs: &[Run]) -> Drawn {
        let end = runs.iter().map(|run| run.seconds).fold(f64::MIN_POSITIVE, f64::max);
        let axes = Axes {
            title: self.title,
            across: "time since the first batch, in seconds",
            x: 0.0..end,
            y: self.range.clone(),
        };
        let mut chart = axes.draw(area, |value| format!("{value:.2}"))?;
        if let Some(height) = self.line {
            let level = [(0.0, height), (end, height)];
            picture::line(&mut chart, level, GREY.into(), format!("target {height}"))?;
        }
        for run in runs {
            let points = run.curve.iter().map(|point| (point.seconds, (self.value)(&point.score)));
            let points = cut_off(points.collect(), &self.range);
            picture::line(&mut chart, points, colour(run).stroke_width(2), run.label())?;
        }
        let mut name = Some("SIGKILL to a worker");
        for run in runs {
            if let Some(killed) = run.killed {
                // All of them share one entry in the legend.
                picture::moment(&mut chart, killed, colour(run), name.take())?;
            }
        }
        picture::legend(&mut chart, self.legend.clone())
    }
}

/// The part of a line within the range, with the places where it enters and leaves.
fn cut_off(points: Vec<(f64, f64)>, range: &Range<f64>) -> Vec<(f64, f64)> {
    let points: Vec<_> = points.into_iter().filter(|point| point.1.is_finite()).collect();
    let mut visible = Vec::new();
    for (index, &(x, y)) in points.iter().enumerate() {
        if let Some(&(x0, y0)) = index.checked_sub(1).and_then(|before| points.get(before)) {
            let mut crossings: Vec<_> = [range.start, range.end]
                .into_iter()
                .filter(|edge| (y0 < *edge) != (y < *edge) && y0 != *edge && y != *edge)
                .map(|edge| (x0 + (edge - y0) / (y - y0) * (x - x0), edge))
                .collect();
            crossings.sort_by(|a, b| a.0.total_cmp(&b.0));
            visible.extend(crossings);
        }
        if (range.start..=range.end).contains(&y) {
            visible.push((x, y));
        }
    }
    visible
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::curve::Point;
    use crate::mode::Mode;

    fn svg(runs: &[Run]) -> String {
        picture::svg(height(runs), |area| draw_all(area, runs, 0.93)).unwrap()
    }

    fn run(mode: Mode, workers: usize, killed: Option<f64>) -> Run {
        let point = |step: u32| {
            let seconds = f64::from(step) / 10.0;
            let accuracy = 1.0 - 0.9 * (-3.0 * seconds).exp();
            Point { seconds, score: Score { accuracy, loss: 3.0 * (1.0 - accuracy) } }
        };
        let curve = (0..=20).map(point).collect();
        Run { mode, workers, killed, seconds: 2.0, updates: 2468, curve }
    }

    #[test]
    fn the_picture_names_all_curves_the_rates_and_the_killing() {
        let svg = svg(&[
            run(Mode::Locked, 1, None),
            run(Mode::Locked, 2, Some(0.7)),
            run(Mode::Hogwild, 1, None),
            run(Mode::Hogwild, 2, Some(0.7)),
            run(Mode::Exact, 1, None),
            run(Mode::Exact, 2, Some(0.7)),
        ]);
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
        for (text, times) in [
            ("accuracy: share", 1),
            ("mean loss", 1),
            ("target 0.93", 1),
            ("locked, 1 worker", 3),
            ("locked, 2 workers, 1 killed", 3),
            ("hogwild, 1 worker", 3),
            ("hogwild, 2 workers, 1 killed", 3),
            ("exact, 1 worker", 3),
            ("exact, 2 workers, 1 killed", 3),
            ("SIGKILL to a worker", 2),
            ("1234", 6),
        ] {
            assert_eq!(svg.matches(text).count(), times, "{text}");
        }
        for colour in ["#56B4E9", "#0072B2", "#E69F00", "#D55E00", "#66C2A5", "#009E73"] {
            // Two curves, two entries of legends, a bar.
            assert!(svg.matches(colour).count() >= 5, "{colour} is missing");
        }
    }

    #[test]
    fn a_training_that_went_astray_is_drawn_as_far_as_it_goes() {
        let mut astray = run(Mode::Locked, 1, None);
        for point in &mut astray.curve[5..] {
            point.score = Score { accuracy: 0.1, loss: f64::NAN };
        }
        let svg = svg(&[astray]);
        assert!(!svg.contains("NaN"));
    }

    #[test]
    fn lines_end_where_the_range_ends() {
        let cut = |points: &[(f64, f64)]| cut_off(points.to_vec(), &(1.0..2.0));
        assert_eq!(cut(&[(0.0, 1.0), (1.0, 2.0)]), [(0.0, 1.0), (1.0, 2.0)]);
        assert_eq!(cut(&[(0.0, 0.0), (1.0, 2.0)]), [(0.5, 1.0), (1.0, 2.0)]);
        assert_eq!(cut(&[(0.0, 1.5), (1.0, 2.5)]), [(0.0, 1.5), (0.5, 2.0)]);
        assert_eq!(cut(&[(0.0, 3.0), (4.0, -1.0)]), [(1.0, 2.0), (2.0, 1.0)]);
        assert_eq!(cut(&[(0.0, 3.0), (1.0, 4.0)]), []);
    }
}
