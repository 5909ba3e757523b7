//! A picture: each way's time in `memcpy`s, on an axis that is not logarithmic, so that a factor of
//! two is seen.

use anyhow::{Result, anyhow};
use plotters::coord::combinators::IntoLogRange;
use plotters::prelude::*;

use super::Curves;
use crate::report::{COLOURS, bytes};

const SIZE: (u32, u32) = (960, 480);

/// What is slower is cut off.
const MOST: f64 = 3.0;

/// As SVG.
pub fn picture(about: &str, curves: &Curves) -> Result<String> {
    let mut svg = String::new();
    draw(&mut svg, about, curves).map_err(|error| anyhow!("{error}"))?;
    Ok(svg)
}

fn draw(
    svg: &mut String,
    about: &str,
    curves: &Curves,
) -> Result<(), DrawingAreaErrorKind<std::io::Error>> {
    let area = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    area.fill(&WHITE)?;
    let lengths = curves.lengths.iter().map(|len| *len as f64);
    let (first, last) = (curves.lengths[0] as f64, *curves.lengths.last().unwrap_or(&1) as f64);
    let mut chart = ChartBuilder::on(&area)
        .caption(about, ("sans-serif", 17))
        .margin(12)
        .margin_right(40)
        .x_label_area_size(42)
        .y_label_area_size(60)
        .build_cartesian_2d((first / 1.3..last * 1.3).log_scale().base(4.0), 0.0..MOST)?;
    chart
        .configure_mesh()
        .x_label_formatter(&|len| bytes(len.round() as u64))
        .y_desc("time, in memcpys")
        .draw()?;
    for (index, way) in curves.ways.iter().enumerate() {
        let style = COLOURS[index % COLOURS.len()].stroke_width(2);
        let ratios = (0..).map(|length| curves.ratio(length, index).min(MOST));
        chart
            .draw_series(LineSeries::new(lengths.clone().zip(ratios), style))?
            .label(way.name)
            .legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 18, y)], style));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE.mix(0.85))
        .draw()?;
    area.present()
}
