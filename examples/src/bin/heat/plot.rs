//! The picture at the end, an SVG: the plate at the start and at the end, and the error over time.

use std::path::Path;

use anyhow::Result;
use plotters::prelude::*;
use shma_examples::crew;
use shma_examples::picture::{self, Area, Axes, BLUE, Drawn, GREY, ORANGE};

use crate::heatmap;
use crate::solving::Outcome;

const HEIGHT: u32 = 810;
/// The height of the plates with what is around them, and the width of one; beside them is room for
/// the scale.
const PLATES: u32 = 402;
const PLATE: u32 = 385;

/// Draws an outcome into a file.
pub fn draw(path: &Path, outcome: &Outcome) -> Result<()> {
    picture::write(path, HEIGHT, |area| draw_all(area, outcome))
}

fn draw_all(area: &Area<'_>, outcome: &Outcome) -> Drawn {
    let Outcome { plan, plates: [start, end], .. } = outcome;
    let (plates, curve) = area.split_vertically(PLATES);
    let (left, rest) = plates.split_horizontally(PLATE);
    let (right, scale) = rest.split_horizontally(PLATE);
    let highest = start.highest();
    heatmap::draw(&left, "temperature at the start", start, highest)?;
    let title = format!("after {} steps, time {:.4}", plan.steps, plan.time(plan.steps));
    heatmap::draw(&right, &title, end, highest)?;
    heatmap::draw_scale(&scale, highest)?;
    draw_curve(&curve, outcome)
}

fn draw_curve(area: &Area<'_>, outcome: &Outcome) -> Drawn {
    let Outcome { plan, tolerance, curve, killed, .. } = outcome;
    let end = plan.time(plan.steps);
    let visible = curve.iter().copied().filter(|(_, error)| error.is_finite());
    let largest = visible.clone().map(|(_, error)| error).fold(f64::MIN_POSITIVE, f64::max);
    // A tolerance far above the errors would press them flat.
    let shown = *tolerance < 4.0 * largest;
    // Leaves room for the legend above the lines.
    let height = 1.5 * if shown { largest.max(*tolerance) } else { largest };
    let axes = Axes {
        title: "largest difference from the analytic solution",
        across: "time, in squared sides of the plate over its diffusivity",
        x: 0.0..end,
        y: 0.0..height,
    };
    let mut chart = axes.draw(area, |error| match error {
        0.0 => "0".to_owned(),
        error => format!("{error:.1e}"),
    })?;
    if shown {
        let level = [(0.0, *tolerance), (end, *tolerance)];
        picture::line(&mut chart, level, GREY.into(), "tolerance")?;
    }
    let workers = crew::in_words(plan.workers as usize);
    let name = format!("error with {workers}");
    picture::line(&mut chart, visible, BLUE.stroke_width(2), name)?;
    if let Some(moment) = *killed {
        let name = "SIGKILL to one, which is replaced";
        picture::moment(&mut chart, moment, ORANGE, Some(name))?;
    }
    picture::legend(&mut chart, SeriesLabelPosition::UpperRight)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Plan;
    use crate::temperature::Temperature;
    use crate::truth::Truth;

    fn svg(outcome: &Outcome) -> String {
        picture::svg(HEIGHT, |area| draw_all(area, outcome)).unwrap()
    }

    fn outcome(killed: Option<f64>, tolerance: f64) -> Outcome {
        let truth = Truth::new(64);
        let plan = Plan::new(1000, truth.spacing(), 2);
        let end = plan.time(plan.steps);
        Outcome {
            plan,
            plates: [0.0, end].map(|time| Temperature::of(&truth, 64, time)),
            error: 1e-5,
            tolerance,
            curve: (0..=100)
                .map(|mark| (end * f64::from(mark) / 100.0, 1e-7 * f64::from(mark)))
                .collect(),
            seconds: 1.0,
            killed,
            replaced: 1,
        }
    }

    #[test]
    fn the_picture_names_the_plates_the_curve_and_the_killing() {
        let svg = svg(&outcome(Some(0.02), 2e-5));
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
        for text in ["at the start", "after 1000 steps", "2 workers", "tolerance", "SIGKILL"] {
            assert!(svg.contains(text), "{text} is missing");
        }
        assert!(svg.matches("<rect").count() > 1000);
    }

    #[test]
    fn a_tolerance_out_of_sight_is_left_out() {
        let svg = svg(&outcome(None, 1.0));
        assert!(!svg.contains("tolerance") && !svg.contains("SIGKILL"));
    }

    #[test]
    fn a_solution_that_went_astray_is_drawn_as_far_as_it_goes() {
        let mut astray = outcome(None, 1e-5);
        astray.curve[50].1 = f64::INFINITY;
        astray.plates[1] = Temperature::new(64, vec![f64::NAN; 64 * 64]);
        let svg = svg(&astray);
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
    }
}
