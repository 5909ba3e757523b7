//! The picture at the end, an SVG: the plate at the start and at the end, and the error over time.

use std::fs;
use std::path::Path;

use anyhow::{Result, anyhow};
use plotters::prelude::*;

use crate::heatmap::{self, Area, Drawn};
use crate::solving::Outcome;

const SIZE: (u32, u32) = (900, 860);
const PLATES: u32 = 470;
const GREY: RGBColor = RGBColor(110, 110, 110);
const BLUE: RGBColor = RGBColor(0, 114, 178);
const ORANGE: RGBColor = RGBColor(213, 94, 0);

/// Draws an outcome into a file.
pub fn draw(path: &Path, outcome: &Outcome) -> Result<()> {
    let svg = picture(outcome).map_err(|error| anyhow!("{error}"))?;
    Ok(fs::write(path, svg)?)
}

fn picture(outcome: &Outcome) -> Result<String, DrawingAreaErrorKind<std::io::Error>> {
    let Outcome { plan, plates: [start, end], .. } = outcome;
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        area.fill(&WHITE)?;
        let (plates, curve) = area.split_vertically(PLATES);
        let (left, right) = plates.split_horizontally(SIZE.0 / 2);
        let highest = start.highest();
        heatmap::draw(&left, "temperature at the start", start, highest)?;
        let title = format!("after {} steps, time {:.4}", plan.steps, plan.time(plan.steps));
        heatmap::draw(&right, &title, end, highest)?;
        draw_curve(&curve, outcome)?;
        area.present()?;
    }
    Ok(svg)
}

fn draw_curve(area: &Area<'_>, outcome: &Outcome) -> Drawn {
    let Outcome { plan, tolerance, curve, killed, .. } = outcome;
    let end = plan.time(plan.steps);
    let visible = curve.iter().copied().filter(|(_, error)| error.is_finite());
    let largest = visible.clone().map(|(_, error)| error).fold(f64::MIN_POSITIVE, f64::max);
    // A tolerance far above the errors would press them flat.
    let shown = *tolerance < 4.0 * largest;
    // Leaves room for the legend above the lines.
    let height = 1.45 * if shown { largest.max(*tolerance) } else { largest };
    let mut chart = ChartBuilder::on(area)
        .caption("largest difference from the analytic solution", ("sans-serif", 20))
        .margin(14)
        .x_label_area_size(42)
        .y_label_area_size(72)
        .build_cartesian_2d(0.0..end, 0.0..height)?;
    chart
        .configure_mesh()
        .x_desc("time on the plate")
        .y_label_formatter(&|error| format!("{error:.1e}"))
        .label_style(("sans-serif", 14))
        .light_line_style(WHITE)
        .draw()?;
    let line = |from: (f64, f64), to: (f64, f64), colour: RGBColor| {
        PathElement::new([from, to], colour.stroke_width(1))
    };
    if shown {
        chart
            .draw_series([line((0.0, *tolerance), (end, *tolerance), GREY)])?
            .label("tolerance")
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], GREY));
    }
    let style = BLUE.stroke_width(2);
    chart
        .draw_series(LineSeries::new(visible, style))?
        .label(format!("error with {}", workers(plan.workers)))
        .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], style));
    if let Some(moment) = *killed {
        chart
            .draw_series([line((moment, 0.0), (moment, height), ORANGE)])?
            .label("SIGKILL to one, which is replaced")
            .legend(move |(x, y)| PathElement::new([(x + 9, y - 6), (x + 9, y + 6)], ORANGE));
    }
    chart
        .configure_series_labels()
        .label_font(("sans-serif", 15))
        .background_style(WHITE)
        .border_style(GREY)
        .position(SeriesLabelPosition::UpperRight)
        .draw()
}

fn workers(count: u64) -> String {
    format!("{count} worker{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Plan;
    use crate::temperature::Temperature;
    use crate::truth::Truth;

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
        let svg = picture(&outcome(Some(0.02), 2e-5)).unwrap();
        assert!(svg.starts_with("<svg") && svg.trim_end().ends_with("</svg>"));
        for text in ["at the start", "after 1000 steps", "2 workers", "tolerance", "SIGKILL"] {
            assert!(svg.contains(text), "{text} is missing");
        }
        assert!(svg.matches("<rect").count() > 1000);
    }

    #[test]
    fn a_tolerance_out_of_sight_is_left_out() {
        let svg = picture(&outcome(None, 1.0)).unwrap();
        assert!(!svg.contains("tolerance") && !svg.contains("SIGKILL"));
    }

    #[test]
    fn a_solution_that_went_astray_is_drawn_as_far_as_it_goes() {
        let mut astray = outcome(None, 1e-5);
        astray.curve[50].1 = f64::INFINITY;
        astray.plates[1] = Temperature::new(64, vec![f64::NAN; 64 * 64]);
        let svg = picture(&astray).unwrap();
        assert!(!svg.contains("NaN") && !svg.contains("inf"));
    }
}
