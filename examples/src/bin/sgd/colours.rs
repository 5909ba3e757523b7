//! The colours of the trainings in all pictures.

use plotters::prelude::RGBColor;
use shma_examples::picture::{BLUE, ORANGE};

use crate::mode::Mode;
use crate::run::Run;

/// Paler ones for one worker alone.
const PALE_BLUE: RGBColor = RGBColor(86, 180, 233);
const PALE_ORANGE: RGBColor = RGBColor(230, 159, 0);

/// The colour of a training.
pub fn colour(run: &Run) -> RGBColor {
    match (run.mode, run.workers) {
        (Mode::Locked, 1) => PALE_BLUE,
        (Mode::Locked, _) => BLUE,
        (Mode::Hogwild, 1) => PALE_ORANGE,
        (Mode::Hogwild, _) => ORANGE,
    }
}
