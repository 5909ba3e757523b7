//! A worker process: moves its strips step by step, as soon as their neighbours allow it.

use anyhow::Result;
use shma_core::ShmState;
use shma_examples::lifeline::{Lifeline, PATIENCE};

use crate::piece::Piece;
use crate::plate::Plate;
use crate::truth::Truth;

/// Works until all steps are done, or the work is not wanted any more.
pub fn run<const WIDTH: usize, const ROWS: usize>(region: &str, seat: usize) -> Result<()> {
    let name = region.to_owned();
    // It is no error if another worker has removed the name.
    let remove = move || drop(Plate::<WIDTH, ROWS>::unlink(&name));
    Lifeline::hold(remove, |lifeline| work::<WIDTH, ROWS>(region, seat, lifeline))
}

fn work<const WIDTH: usize, const ROWS: usize>(
    region: &str,
    seat: usize,
    lifeline: &Lifeline,
) -> Result<()> {
    let plate = Plate::<WIDTH, ROWS>::open(region)?;
    let plan = plate.plan.read();
    let truth = Truth::new(Plate::<WIDTH, ROWS>::POINTS);
    let mut pieces = Vec::new();
    for index in plan.strips_of(seat) {
        pieces.push(Piece::take_up(&plate, index)?);
    }

    // Those behind come first: a worker that was killed may have left some of them ahead.
    while let Some(step) = pieces.iter().map(Piece::step).min()
        && step < plan.steps as i64
    {
        for piece in pieces.iter_mut().filter(|piece| piece.step() == step) {
            while !piece.advance(&plan, &truth, PATIENCE)? {
                if lifeline.is_cut() {
                    return Ok(());
                }
            }
        }
        if lifeline.is_cut() {
            return Ok(());
        }
    }
    Ok(())
}
