//! A plate as a picture: hot is bright.

use plotters::prelude::*;
use shma_examples::picture::{Area, Drawn, LABEL, TITLE};

use crate::plan::STRIPS;
use crate::temperature::Temperature;

/// The room for what stands below a plate.
const X_AXIS: u32 = 42;
/// Squares of a plate, each way. A plate has at least as many points.
const SQUARES: usize = 64;
/// Colours of a plate. Few enough for long runs of one, which make one rectangle.
const SHADES: usize = 48;
/// From cold to hot, the colours of a body that begins to glow.
const GLOW: [(f64, f64, f64); 5] = [
    (16.0, 12.0, 48.0),
    (110.0, 20.0, 110.0),
    (205.0, 60.0, 60.0),
    (245.0, 155.0, 40.0),
    (255.0, 245.0, 200.0),
];

/// A plate in colours of which the last one means `highest`, with the cuts between the strips.
pub fn draw(area: &Area<'_>, title: &str, plate: &Temperature, highest: f64) -> Drawn {
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", TITLE))
        .margin(14)
        .x_label_area_size(X_AXIS)
        .y_label_area_size(52)
        .build_cartesian_2d(0.0..1.0, 0.0..1.0)?;
    chart
        .configure_mesh()
        .disable_mesh()
        .x_labels(6)
        .y_labels(6)
        .x_desc("x, in sides of the plate")
        .y_desc("y, in sides of the plate")
        .label_style(("sans-serif", LABEL))
        .draw()?;
    let side = |squares: usize| squares as f64 / SQUARES as f64;
    for y in 0..SQUARES {
        let rectangle = |(start, end, shade)| {
            let corners = [(side(start), side(y)), (side(end), side(y + 1))];
            Rectangle::new(corners, glow(shade).filled())
        };
        chart.draw_series(runs(&shades(plate, y, highest)).map(rectangle))?;
    }
    let cuts = (1..STRIPS).map(|cut| cut as f64 / STRIPS as f64);
    let style = WHITE.mix(0.35).stroke_width(1);
    chart.draw_series(cuts.map(|y| PathElement::new([(0.0, y), (1.0, y)], style)))?;
    Ok(())
}

/// The colours with the temperatures that they mean, as high as a plate beside them.
pub fn draw_scale(area: &Area<'_>, highest: f64) -> Drawn {
    let mut chart = ChartBuilder::on(area)
        .caption("temperature", ("sans-serif", TITLE))
        .margin_top(14)
        .margin_bottom(14 + X_AXIS)
        .margin_right(44)
        .y_label_area_size(42)
        .build_cartesian_2d(0.0..1.0, 0.0..highest)?;
    chart
        .configure_mesh()
        .disable_mesh()
        .disable_x_axis()
        .y_label_formatter(&|heat| format!("{heat:.1}"))
        .label_style(("sans-serif", LABEL))
        .draw()?;
    let heat = |shade: usize| shade as f64 / SHADES as f64 * highest;
    let rectangle =
        |shade| Rectangle::new([(0.0, heat(shade)), (1.0, heat(shade + 1))], glow(shade).filled());
    chart.draw_series((0..SHADES).map(rectangle))?;
    Ok(())
}

/// The shades along a line of squares.
fn shades(plate: &Temperature, y: usize, highest: f64) -> [usize; SQUARES] {
    let point = |square: usize| (2 * square + 1) * plate.points() / (2 * SQUARES);
    std::array::from_fn(|x| {
        let heat = plate.at(point(x), point(y)) / highest;
        // Without a number, or below 0, it is the coldest.
        (heat * SHADES as f64).min(SHADES as f64 - 1.0) as usize
    })
}

/// The stretches of one value: where each starts, where it ends, and its value.
fn runs(line: &[usize]) -> impl Iterator<Item = (usize, usize, usize)> {
    let mut end = 0;
    line.chunk_by(|a, b| a == b).map(move |run| {
        let start = end;
        end += run.len();
        (start, end, run[0])
    })
}

fn glow(shade: usize) -> RGBColor {
    let place = shade as f64 / (SHADES - 1) as f64 * (GLOW.len() - 1) as f64;
    let below = (place as usize).min(GLOW.len() - 2);
    let (a, b, part) = (GLOW[below], GLOW[below + 1], place - below as f64);
    let blend = |a: f64, b: f64| (a + part * (b - a)).round() as u8;
    RGBColor(blend(a.0, b.0), blend(a.1, b.1), blend(a.2, b.2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_cover_the_line() {
        let found: Vec<_> = runs(&[7, 7, 1, 2, 2, 2]).collect();
        assert_eq!(found, [(0, 2, 7), (2, 3, 1), (3, 6, 2)]);
    }

    #[test]
    fn the_glow_begins_dark_and_ends_bright() {
        assert_eq!((glow(0), glow(SHADES - 1)), (RGBColor(16, 12, 48), RGBColor(255, 245, 200)));
    }
}
