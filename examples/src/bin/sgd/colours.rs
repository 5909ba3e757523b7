//! The colours of the trainings in all pictures.

use plotters::prelude::RGBColor;
use shma_examples::picture::{BLUE, GREEN, ORANGE};

use crate::mode::Mode;
use crate::run::Run;

/// Paler ones for one worker alone.
const PALE_BLUE: RGBColor = RGBColor(86, 180, 233);
const PALE_ORANGE: RGBColor = RGBColor(230, 159, 0);
const PALE_GREEN: RGBColor = RGBColor(102, 194, 165);

/// The colour of a training.
pub fn colour(run: &Run) -> RGBColor {
    match (run.mode, run.workers) {
        (Mode::Locked, 1) => PALE_BLUE,
        (Mode::Locked, _) => BLUE,
        (Mode::Hogwild, 1) => PALE_ORANGE,
        (Mode::Hogwild, _) => ORANGE,
        (Mode::Exact, 1) => PALE_GREEN,
        (Mode::Exact, _) => GREEN,
    }
}
