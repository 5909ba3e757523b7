//! A worker process: fetches a batch, reads fresh parameters, steps down the gradient in the shared
//! model, and begins again.

use anyhow::Result;
use shma_core::{Error, Shm, ShmState};
use shma_examples::lifeline::{Lifeline, PATIENCE};

use crate::data::Digits;
use crate::desk::Desk;
use crate::mode::Mode;
use crate::model::Model;
use crate::network::Network;
use crate::plan::Batches;
use crate::regions;
use crate::sharing::{Exact, Hogwild, Locked, Shared, Sharing};

/// Works until all is done, or the work is not wanted any more.
pub fn run(mode: Mode, training: &str, seat: usize) -> Result<()> {
    let work = match mode {
        Mode::Locked => work::<Locked>,
        Mode::Hogwild => work::<Hogwild>,
        Mode::Exact => work::<Exact>,
    };
    let name = training.to_owned();
    Lifeline::hold(move || regions::remove(&name), |lifeline| work(training, seat, lifeline))
}

fn work<S: Sharing>(training: &str, seat: usize, lifeline: &Lifeline) -> Result<()> {
    let desk = Desk::open(&regions::desk(training))?;
    let model = S::State::open(&regions::model(training))?;
    let plan = desk.plan.read();
    let digits = Digits::load()?;
    let mut batches = Batches::new(plan, &digits.train);
    let mut network = Network::default();
    let (mut parameters, mut step) = (Model::zeroed(), Model::zeroed());

    desk.work.update(|new, _| new.sit_down(seat));
    while let Some(batch) = next_batch(&desk, seat, lifeline)? {
        S::State::read(&model, &mut parameters);
        let downhill = -plan.step(batch, digits.train.len());
        let loss = network.gradient(&parameters, &batches.get(batch), downhill, &mut step);
        S::add(&model, &step);
        desk.work.update(|new, _| new.hand_in(seat, loss));
    }
    Ok(())
}

/// Waits for a batch; `None` when there will be no more.
fn next_batch(desk: &Shm<Desk>, seat: usize, lifeline: &Lifeline) -> Result<Option<u64>> {
    let mut work = desk.work.read();
    while !lifeline.is_cut() {
        let seen = desk.work.read_into(&mut work);
        if work.is_done() {
            return Ok(None);
        }
        // Another worker may be faster, so having seen one does not mean to get one.
        if work.has_waiting()
            && let Some(batch) = desk.work.update(|new, _| new.take(seat))
        {
            return Ok(Some(batch));
        }
        match desk.work.wait_newer(seen, PATIENCE) {
            Ok(_) | Err(Error::Timeout { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(None)
}
