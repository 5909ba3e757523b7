//! The picture at the end: accuracy and loss on the test images over time, as an SVG.

use std::ops::Range;
use std::path::Path;

use anyhow::Result;
use plotters::prelude::*;
use shma_examples::picture::{self, Area, Axes, BLUE, Chart, Drawn, GREY, ORANGE};

use crate::network::Score;
use crate::training::Run;

const HEIGHT: u32 = 800;
const COLOURS: [RGBColor; 2] = [BLUE, ORANGE];

/// One of the two diagrams.
struct Panel {
    title: &'static str,
    /// What lies outside would press the rest together; curves are cut off there.
    range: Range<f64>,
    value: fn(&Score) -> f64,
    line: Option<f64>,
    /// Where no curve is.
    legend: SeriesLabelPosition,
}

/// Draws the curves of all trainings into a file.
pub fn draw(path: &Path, runs: &[Run], target: f64) -> Result<()> {
    picture::write(path, HEIGHT, |area| draw_all(area, runs, target))
}

fn draw_all(area: &Area<'_>, runs: &[Run], target: f64) -> Drawn {
    let lowest = if target > 0.85 { 0.8 } else { 0.0 };
    let panels = [
        Panel {
            title: "accuracy on 1,000 test images",
            range: lowest..1.0,
            value: |score| score.accuracy,
            line: Some(target),
            legend: SeriesLabelPosition::LowerRight,
        },
        Panel {
            title: "mean loss of a test image",
            range: 0.0..1.0,
            value: |score| score.loss,
            line: None,
            legend: SeriesLabelPosition::UpperRight,
        },
    ];
    for (area, panel) in area.split_evenly((panels.len(), 1)).iter().zip(&panels) {
        panel.draw(area, runs)?;
    }
    Ok(())
}

impl Panel {
    fn draw(&self, area: &Area<'_>, runs: &[Run]) -> Drawn {
        let end = runs.iter().map(|run| run.seconds).fold(f64::MIN_POSITIVE, f64::max);
        let axes = Axes {
            title: self.title,
            across: "seconds of training",
            x: 0.0..end,
            y: self.range.clone(),
        };
        let mut chart = axes.draw(area, |value| format!("{value:.2}"))?;
        if let Some(height) = self.line {
            let level = [(0.0, height), (end, height)];
            picture::line(&mut chart, level, GREY.into(), format!("target {height}"))?;
        }
        for (run, colour) in runs.iter().zip(COLOURS) {
            self.draw_run(&mut chart, run, colour)?;
        }
        picture::legend(&mut chart, self.legend.clone())
    }

    fn draw_run<'a, 'b: 'a>(
        &self,
        chart: &mut Chart<'a, 'b>,
        run: &Run,
        colour: RGBColor,
    ) -> Drawn {
        let points = run.curve.iter().map(|point| (point.seconds, (self.value)(&point.score)));
        let points = cut_off(points.collect(), &self.range);
        picture::line(chart, points, colour.stroke_width(2), run.label())?;
        if let Some(moment) = run.killed {
            let moment = [(moment, self.range.start), (moment, self.range.end)];
            picture::line(chart, moment, colour.into(), "SIGKILL")?;
        }
        Ok(())
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

    fn svg(runs: &[Run]) -> String {
        picture::svg(HEIGHT, |area| draw_all(area, runs, 0.93)).unwrap()
    }

    fn run(workers: usize, killed: Option<f64>) -> Run {
        let point = |step: u32| {
            let seconds = f64::from(step) / 10.0;
            let accuracy = 1.0 - 0.9 * (-3.0 * seconds).exp();
            Point { seconds, score: Score { accuracy, loss: 3.0 * (1.0 - accuracy) } }
        };
        Run { workers, killed, seconds: 2.0, updates: 500, curve: (0..=20).map(point).collect() }
    }

    #[test]
    fn the_picture_names_both_curves_and_the_killing() {
        let svg = svg(&[run(1, None), run(2, Some(0.7))]);
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
        for text in [
            "accuracy on",
            "mean loss",
            "1 worker",
            "2 workers, 1 killed",
            "SIGKILL",
            "target 0.93",
        ] {
            assert!(svg.contains(text), "{text} is missing");
        }
        for colour in ["#0072B2", "#D55E00"] {
            assert!(svg.matches(colour).count() >= 4, "{colour} is missing");
        }
    }

    #[test]
    fn a_training_that_went_astray_is_drawn_as_far_as_it_goes() {
        let mut astray = run(1, None);
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
