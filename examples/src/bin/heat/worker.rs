//! A worker process: moves its strips step by step, as soon as their neighbours allow it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use shma_core::{Error, ShmState};

use crate::piece::Piece;
use crate::plate::Plate;
use crate::truth::Truth;

/// How soon a worker that waits for a neighbour looks whether it is still wanted.
const PATIENCE: Duration = Duration::from_millis(100);

/// Works until all steps are done, or nobody wants the work any more.
pub fn run<const WIDTH: usize, const ROWS: usize>(region: &str, seat: usize) -> Result<()> {
    match work::<WIDTH, ROWS>(region, seat) {
        // Another worker was faster to find that nobody wants the work.
        Err(error) if matches!(error.downcast_ref(), Some(Error::Retired { .. })) => Ok(()),
        other => other,
    }
}

fn work<const WIDTH: usize, const ROWS: usize>(region: &str, seat: usize) -> Result<()> {
    let unwanted = unwanted::<WIDTH, ROWS>(region.to_owned())?;
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
                if unwanted.load(Ordering::Relaxed) {
                    return Ok(());
                }
            }
        }
        if unwanted.load(Ordering::Relaxed) {
            return Ok(());
        }
    }
    Ok(())
}

/// A flag that turns true at a signal, and when the process that started this one has sent all
/// workers away or is gone: standard input is a pipe that nobody else holds open.
fn unwanted<const WIDTH: usize, const ROWS: usize>(region: String) -> Result<Arc<AtomicBool>> {
    let flag = shma_examples::stop_flag().context("cannot listen for signals")?;
    let raised = Arc::clone(&flag);
    thread::spawn(move || {
        // An error, too, means that there is nobody at the other end.
        let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
        // The last one to leave takes the region along. But while the kernel ends a process that
        // was killed, its pipe may be closed and its region not yet, and then nobody is the last.
        // It is no error if another worker has removed the name.
        let _ = Plate::<WIDTH, ROWS>::unlink(&region);
        raised.store(true, Ordering::Relaxed);
    });
    Ok(flag)
}
