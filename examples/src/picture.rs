//! Pictures as SVG files, and what the diagrams in them look like.

use std::fmt::Display;
use std::io::Write;
use std::ops::Range;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::element::DashedPathElement;
use plotters::prelude::*;

use crate::files::Destination;

/// The width of all pictures.
pub const WIDTH: u32 = 900;
/// The size of the title of a diagram.
pub const TITLE: u32 = 20;
/// The size of the numbers on an axis and of what it shows.
pub const LABEL: u32 = 14;
/// The first of three colours that are told apart with every common colour vision.
pub const BLUE: RGBColor = RGBColor(0, 114, 178);
/// The second one.
pub const ORANGE: RGBColor = RGBColor(213, 94, 0);
/// The third one.
pub const GREEN: RGBColor = RGBColor(0, 158, 115);
/// For what is not data.
pub const GREY: RGBColor = RGBColor(110, 110, 110);

/// Where something is drawn.
pub type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
/// A diagram of curves.
pub type Chart<'a, 'b> =
    ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;
/// How drawing ends.
pub type Drawn<T = ()> = Result<T, DrawingAreaErrorKind<std::io::Error>>;

/// Writes a picture of this height to a file, which is replaced once the picture is complete.
///
/// # Errors
///
/// It cannot be drawn, or the file cannot be written.
pub fn write(path: &Path, height: u32, draw: impl FnOnce(&Area<'_>) -> Drawn) -> Result<()> {
    let failed = || format!("cannot write the picture to {}", path.display());
    let svg = svg(height, draw).map_err(|error| anyhow!("{error}")).with_context(failed)?;
    let save = || {
        let to = Destination::open(path)?;
        to.file().write_all(svg.as_bytes())?;
        to.finish()
    };
    save().map(drop).with_context(failed)
}

/// The text of a picture of this height.
///
/// # Errors
///
/// It cannot be drawn.
pub fn svg(height: u32, draw: impl FnOnce(&Area<'_>) -> Drawn) -> Drawn<String> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (WIDTH, height)).into_drawing_area();
        area.fill(&WHITE)?;
        draw(&area)?;
        area.present()?;
    }
    Ok(svg)
}

/// What the axes of a diagram of curves are.
#[derive(Debug)]
pub struct Axes<'a> {
    /// Above the diagram; says what the vertical axis shows, with its unit.
    pub title: &'a str,
    /// Below the horizontal axis, with its unit.
    pub across: &'a str,
    /// What the horizontal axis shows.
    pub x: Range<f64>,
    /// What the vertical axis shows.
    pub y: Range<f64>,
}

impl Axes<'_> {
    /// A diagram with nothing in it yet.
    ///
    /// # Errors
    ///
    /// It cannot be drawn.
    pub fn draw<'a, 'b: 'a>(
        &self,
        area: &Area<'b>,
        number: impl Fn(&f64) -> String,
    ) -> Drawn<Chart<'a, 'b>> {
        let mut chart = ChartBuilder::on(area)
            .caption(self.title, ("sans-serif", TITLE))
            .margin(14)
            .margin_right(24)
            .x_label_area_size(42)
            .y_label_area_size(72)
            .build_cartesian_2d(self.x.clone(), self.y.clone())?;
        chart
            .configure_mesh()
            .x_desc(self.across)
            .y_label_formatter(&number)
            .label_style(("sans-serif", LABEL))
            .light_line_style(WHITE)
            .draw()?;
        Ok(chart)
    }
}

/// Draws a line through points, and names it in the legend.
///
/// # Errors
///
/// It cannot be drawn.
pub fn line<'a, 'b: 'a>(
    chart: &mut Chart<'a, 'b>,
    points: impl IntoIterator<Item = (f64, f64)>,
    style: ShapeStyle,
    name: impl Display,
) -> Drawn {
    chart
        .draw_series(LineSeries::new(points, style))?
        .label(name.to_string())
        .legend(move |(x, y)| PathElement::new([(x, y), (x + 22, y)], style));
    Ok(())
}

/// Draws a dashed line at a moment, from the bottom to the top of the diagram; names it in the legend
/// if it is given a name.
///
/// # Errors
///
/// It cannot be drawn.
pub fn moment<'a, 'b: 'a>(
    chart: &mut Chart<'a, 'b>,
    moment: f64,
    colour: RGBColor,
    name: Option<&str>,
) -> Drawn {
    let Range { start, end } = chart.y_range();
    let series = chart.draw_series([dashed([(moment, start), (moment, end)], colour)])?;
    if let Some(name) = name {
        series.label(name).legend(move |(x, y)| dashed([(x, y), (x + 22, y)], colour));
    }
    Ok(())
}

fn dashed<T: Clone>(
    points: [T; 2],
    colour: RGBColor,
) -> DashedPathElement<std::array::IntoIter<T, 2>, u32> {
    DashedPathElement::new(points, 6, 4, colour.stroke_width(2))
}

/// Draws the names of what is in the diagram.
///
/// # Errors
///
/// It cannot be drawn.
pub fn legend<'a, 'b: 'a>(chart: &mut Chart<'a, 'b>, position: SeriesLabelPosition) -> Drawn {
    chart
        .configure_series_labels()
        .label_font(("sans-serif", LABEL))
        .background_style(WHITE)
        .border_style(GREY)
        .position(position)
        .draw()
}
