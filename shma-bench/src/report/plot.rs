//! The pictures: a curve for each peer, both axes logarithmic, with the quartiles as whiskers. Times and
//! rates are divided by that of a reference in the same case, so that a factor of two can be seen at every size.

use anyhow::{Result, anyhow};
use plotters::coord::combinators::{BindKeyPoints, IntoLogRange};
use plotters::prelude::*;

use super::{quantity, table};
use crate::peers;
use crate::question::{Axis, Measure};
use crate::results::Answers;
use crate::statistics::Summary;

const SIZE: (u32, u32) = (960, 600);
const GREY: RGBColor = RGBColor(110, 110, 110);
/// Okabe and Ito's colours, which colour-blind readers can tell apart too, and darker ones of them:
/// one for each peer, in their order.
pub const COLOURS: [RGBColor; 18] = [
    RGBColor(213, 94, 0),
    RGBColor(128, 0, 0),
    RGBColor(255, 140, 120),
    RGBColor(150, 100, 50),
    RGBColor(230, 60, 90),
    RGBColor(255, 190, 0),
    RGBColor(0, 0, 0),
    RGBColor(110, 110, 110),
    RGBColor(170, 170, 170),
    RGBColor(60, 60, 60),
    RGBColor(0, 114, 178),
    RGBColor(86, 180, 233),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(240, 228, 66),
    RGBColor(120, 60, 120),
    RGBColor(0, 90, 60),
];

/// What the values of a picture are divided by.
#[derive(Clone, Copy)]
enum Reference {
    /// What this peer has in the case.
    Peer(&'static str),
    /// What the best peer has there.
    Best,
    /// Nothing: they are counts and shares.
    None,
}

impl Reference {
    /// The first of the references that was measured.
    fn of(answers: &Answers, measure: &Measure) -> Self {
        if !measure.is_time() && !measure.is_rate() {
            return Self::None;
        }
        let has_all = |peer: &&str| {
            answers.cases.iter().all(|case| answers.median(peer, measure.name, *case).is_some())
        };
        [peers::MEMCPY, peers::LOOP].into_iter().find(has_all).map_or(Self::Best, Self::Peer)
    }

    fn value(self, answers: &Answers, measure: &Measure, case: u64) -> Option<f64> {
        let median = |name| answers.median(name, measure.name, case).filter(|it| *it > 0.0);
        match self {
            Self::Peer(name) => median(name),
            Self::Best => {
                let values = peers::all().into_iter().filter_map(|peer| median(peer.name()));
                values.reduce(if measure.is_rate() { f64::max } else { f64::min })
            }
            Self::None => Some(1.0),
        }
    }

    fn text(self) -> String {
        match self {
            Self::Peer(name) => format!(", as a multiple of {name}'s"),
            Self::Best => ", as a multiple of the best".to_owned(),
            Self::None => String::new(),
        }
    }
}

/// A peer's points: the case, and what was measured as a multiple of the reference.
struct Curve {
    name: &'static str,
    colour: RGBColor,
    points: Vec<(f64, Summary)>,
}

/// The pictures of a question, a file name and an SVG each. Where there are no curves, because there
/// is one case only, there are none.
pub fn pictures(answers: &Answers) -> Result<Vec<(String, String)>> {
    let mut pictures = Vec::new();
    if answers.cases.len() < 2 {
        return Ok(pictures);
    }
    for measure in answers.question.measures {
        let reference = Reference::of(answers, measure);
        let curves = curves(answers, measure, reference);
        if curves.iter().any(|curve| curve.points.len() > 1) {
            let name = format!("{}.{}.svg", answers.question.name, measure.name.replace(' ', "-"));
            let picture = picture(answers, measure, reference, &curves)
                .map_err(|error| anyhow!("{error}"))?;
            pictures.push((name, picture));
        }
    }
    Ok(pictures)
}

fn curves(answers: &Answers, measure: &Measure, reference: Reference) -> Vec<Curve> {
    let curve = |(index, name): (usize, &'static str)| {
        let points = answers.cases.iter().filter_map(|case| {
            let summary = answers.summary(name, measure.name, *case)?;
            let divisor = reference.value(answers, measure, *case)?;
            // A logarithmic axis has no zero.
            (summary.min > 0.0).then(|| (*case as f64, summary.divided_by(divisor)))
        });
        Curve { name, colour: COLOURS[index % COLOURS.len()], points: points.collect() }
    };
    let names = peers::all().into_iter().map(|peer| peer.name()).enumerate();
    names.map(curve).filter(|curve| !curve.points.is_empty()).collect()
}

type Drawn<T> = Result<T, DrawingAreaErrorKind<std::io::Error>>;

fn picture(
    answers: &Answers,
    measure: &Measure,
    reference: Reference,
    curves: &[Curve],
) -> Drawn<String> {
    let mut svg = String::new();
    let axis = answers.question.axis;
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        area.fill(&WHITE)?;
        let points = || curves.iter().flat_map(|curve| &curve.points);
        let (low, high) =
            bounds(points().flat_map(|(_, it)| [it.lower_quartile, it.upper_quartile]));
        let (first, last) = bounds(points().map(|(case, _)| *case));
        let beyond = if axis == Axis::Bytes { 1.3 } else { 1.1 };
        let cases = answers.cases.iter().map(|case| *case as f64).collect();
        let (low, high) = (low / 1.2, high * 1.2);
        let up = (low..high).log_scale().with_key_points(powers_of_two(low, high));
        let across = (first / beyond..last * beyond).log_scale().with_key_points(cases);
        let mut chart = ChartBuilder::on(&area)
            .caption(answers.question.about, ("sans-serif", 17))
            .margin(12)
            .margin_right(40)
            .x_label_area_size(42)
            .y_label_area_size(78)
            .build_cartesian_2d(across, up)?;
        chart
            .configure_mesh()
            .light_line_style(WHITE)
            .bold_line_style(GREY.mix(0.2))
            .axis_style(GREY)
            .x_labels(answers.cases.len())
            .x_label_formatter(&|case| table::case(axis, case.round() as u64))
            .y_labels(KEY_POINTS)
            .y_label_formatter(&|value| quantity::digits(*value))
            .y_desc(format!("{}, {}{}", measure.name, measure.about, reference.text()))
            .draw()?;
        for curve in curves {
            let colour = curve.colour;
            let width = if curve.name == peers::SHMA { 3 } else { 1 };
            let style = colour.stroke_width(width);
            let line = curve.points.iter().map(|(case, it)| (*case, it.median));
            chart
                .draw_series(LineSeries::new(line, style))?
                .label(curve.name)
                .legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 18, y)], style));
            chart.draw_series(curve.points.iter().map(|(case, it)| {
                let whisker = vec![(*case, it.lower_quartile), (*case, it.upper_quartile)];
                PathElement::new(whisker, style)
            }))?;
            let dots = curve
                .points
                .iter()
                .map(|(case, it)| Circle::new((*case, it.median), 2, colour.filled()));
            chart.draw_series(dots)?;
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperRight)
            .background_style(WHITE.mix(0.85))
            .border_style(GREY)
            .draw()?;
        area.present()?;
    }
    Ok(svg)
}

/// The most lines across a picture.
const KEY_POINTS: usize = 24;

fn powers_of_two(low: f64, high: f64) -> Vec<f64> {
    let (first, last) = (low.log2().ceil() as i32, high.log2().floor() as i32);
    (first..=last).map(|power| f64::from(power).exp2()).collect()
}

fn bounds(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, 0.0), |(low, high), value| (low.min(value), high.max(value)))
}
