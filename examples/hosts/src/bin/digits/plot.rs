//! The picture: the accuracy of both hosts over time, alone and with bridges.

use std::path::Path;

use anyhow::Result;
use plotters::prelude::*;
use shma_examples::picture::{self, Area, Axes, BLUE, Drawn, GREEN, GREY, ORANGE};
use shma_hosts::bridges::HOSTS;

use crate::host::{NAMES, digits_of};
use crate::training::Run;

const HEIGHT: u32 = 480;

/// The colours of the hosts with bridges.
const BRIDGED: [RGBColor; HOSTS] = [ORANGE, BLUE];
/// And alone: paler ones.
const ALONE: [RGBColor; HOSTS] = [RGBColor(230, 159, 0), RGBColor(86, 180, 233)];

/// Draws all trainings into a file.
pub fn draw(path: &Path, runs: &[Run], target: f64) -> Result<()> {
    picture::write(path, HEIGHT, |area| draw_all(area, runs, target))
}

fn draw_all(area: &Area<'_>, runs: &[Run], target: f64) -> Drawn {
    let points = runs.iter().flat_map(|run| &run.curves).flatten();
    let end = points.map(|point| point.0).fold(f64::MIN_POSITIVE, f64::max);
    let axes = Axes {
        title: "accuracy: share of 1,000 test images of all ten digits told right",
        across: "time since the start, in seconds",
        x: 0.0..end,
        y: 0.0..1.0,
    };
    let mut chart = axes.draw(area, |value| format!("{value:.1}"))?;
    let level = [(0.0, target), (end, target)];
    picture::line(&mut chart, level, GREY.into(), format!("target {target}"))?;
    for run in runs {
        for (host, curve) in run.curves.iter().enumerate() {
            let (name, digits) = (NAMES[host], digits_of(host));
            let how = if run.bridged { "with bridges" } else { "alone" };
            let colour = if run.bridged { BRIDGED[host] } else { ALONE[host] };
            // Both hosts have nearly the same parameters then: the second line is drawn over the first.
            let width = if run.bridged { [4, 1][host] } else { 2 };
            let label = format!("host {name} ({} to {}), {how}", digits.start, digits.end - 1);
            picture::line(&mut chart, curve.iter().copied(), colour.stroke_width(width), label)?;
        }
        if let Some((killed, again)) = run.without {
            picture::moment(
                &mut chart,
                killed,
                GREEN,
                Some("SIGKILL to the bridges, and their start"),
            )?;
            picture::moment(&mut chart, again, GREEN, None)?;
        }
    }
    picture::legend(&mut chart, SeriesLabelPosition::LowerRight)
}
