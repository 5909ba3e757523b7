//! How many updates a second each training made, as bars.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use shma_examples::picture::{Area, Drawn, LABEL, TITLE, WIDTH};

use crate::colours::colour;
use crate::run::Run;

/// What a bar takes of the height, with the gap to the next one.
const PITCH: u32 = 30;
const THICKNESS: u32 = 18;
/// The title above the bars, and the margin below them.
const AROUND: u32 = 60;
/// Where bars begin: the names stand to the left of it.
const START: u32 = 250;
/// For the numbers behind the bars.
const NUMBER: u32 = 90;

/// The height of bars for so many trainings.
pub fn height(runs: usize) -> u32 {
    AROUND + PITCH * runs as u32
}

/// Draws the bars.
pub fn draw(area: &Area<'_>, runs: &[Run]) -> Drawn {
    let area = area.titled("updates per second", ("sans-serif", TITLE))?;
    let longest = runs.iter().map(Run::rate).fold(f64::MIN_POSITIVE, f64::max);
    let text =
        |side| TextStyle::from(("sans-serif", LABEL).into_font()).pos(Pos::new(side, VPos::Center));
    for (index, run) in runs.iter().enumerate() {
        let middle = (PITCH * index as u32 + PITCH / 2) as i32;
        let length = run.rate() / longest * f64::from(WIDTH - START - NUMBER);
        let (start, end) = (START as i32, START as i32 + length as i32);
        let half = (THICKNESS / 2) as i32;
        let corners = [(start, middle - half), (end, middle + half)];
        area.draw(&Rectangle::new(corners, colour(run).filled()))?;
        area.draw_text(&run.label(), &text(HPos::Right), (start - 10, middle))?;
        area.draw_text(&format!("{:.0}", run.rate()), &text(HPos::Left), (end + 8, middle))?;
    }
    Ok(())
}
