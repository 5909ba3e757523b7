//! The picture at the end: accuracy and loss on the test images over time, as an SVG.

use std::fs;
use std::ops::Range;
use std::path::Path;

use anyhow::{Result, anyhow};
use plotters::coord::Shift;
use plotters::prelude::*;

use crate::network::Score;
use crate::training::Run;

const SIZE: (u32, u32) = (900, 800);
/// Two colours that nearly everybody can tell apart.
const COLOURS: [RGBColor; 2] = [RGBColor(0, 114, 178), RGBColor(213, 94, 0)];
const GREY: RGBColor = RGBColor(110, 110, 110);

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Chart<'a, 'b> = ChartContext<
    'a,
    SVGBackend<'b>,
    Cartesian2d<plotters::coord::types::RangedCoordf64, plotters::coord::types::RangedCoordf64>,
>;
type Drawn = Result<(), DrawingAreaErrorKind<std::io::Error>>;

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
    let svg = picture(runs, target).map_err(|error| anyhow!("{error}"))?;
    Ok(fs::write(path, svg)?)
}

fn picture(runs: &[Run], target: f64) -> Result<String, DrawingAreaErrorKind<std::io::Error>> {
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
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        area.fill(&WHITE)?;
        for (area, panel) in area.split_evenly((panels.len(), 1)).iter().zip(&panels) {
            panel.draw(area, runs)?;
        }
        area.present()?;
    }
    Ok(svg)
}

impl Panel {
    fn draw(&self, area: &Area<'_>, runs: &[Run]) -> Drawn {
        let end = runs.iter().map(|run| run.seconds).fold(f64::MIN_POSITIVE, f64::max);
        let mut chart = ChartBuilder::on(area)
            .caption(self.title, ("sans-serif", 20))
            .margin(14)
            .x_label_area_size(42)
            .y_label_area_size(54)
            .build_cartesian_2d(0.0..end, self.range.clone())?;
        chart
            .configure_mesh()
            .x_desc("seconds of training")
            .label_style(("sans-serif", 14))
            .light_line_style(WHITE)
            .draw()?;
        if let Some(height) = self.line {
            chart
                .draw_series([PathElement::new([(0.0, height), (end, height)], GREY)])?
                .label(format!("target {height}"))
                .legend(|(x, y)| PathElement::new([(x, y), (x + 18, y)], GREY));
        }
        for (run, colour) in runs.iter().zip(COLOURS) {
            self.draw_run(&mut chart, run, colour)?;
        }
        chart
            .configure_series_labels()
            .label_font(("sans-serif", 15))
            .background_style(WHITE)
            .border_style(GREY)
            .position(self.legend.clone())
            .draw()
    }

    fn draw_run(&self, chart: &mut Chart<'_, '_>, run: &Run, colour: RGBColor) -> Drawn {
        let points = run.curve.iter().map(|point| (point.seconds, (self.value)(&point.score)));
        let style = colour.stroke_width(2);
        chart
            .draw_series(LineSeries::new(cut_off(points.collect(), &self.range), style))?
            .label(run.label())
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], style));
        if let Some(moment) = run.killed {
            let Range { start, end } = self.range;
            chart
                .draw_series([PathElement::new([(moment, start), (moment, end)], colour)])?
                .label("SIGKILL")
                .legend(move |(x, y)| PathElement::new([(x + 9, y - 6), (x + 9, y + 6)], colour));
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
        let svg = picture(&[run(1, None), run(2, Some(0.7))], 0.93).unwrap();
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
        let svg = picture(&[astray], 0.93).unwrap();
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
