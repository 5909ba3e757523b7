//! The process of a host: computes gradients of its own images, and steps down in its own region.

use std::time::{Duration, Instant};

use anyhow::Result;
use shma_core::{Error, Shm, ShmState};
use shma_examples::lifeline::Lifeline;
use shma_hosts::bridges::HOSTS;

use crate::data::Digits;
use crate::host::{self, Host};
use crate::model::Model;
use crate::network::Network;
use crate::plan::Batches;

/// So many batches a host may be ahead, or the mean would be that of its digits for the most part.
const AHEAD: f64 = 16.0;
/// How long it waits for the other one, of which it may hear nothing while there are no bridges.
const PATIENCE: Duration = Duration::from_millis(20);

/// Works until all is done, or the work is not wanted any more.
pub fn run(name: &str, host: usize) -> Result<()> {
    let regions = name.to_owned();
    Lifeline::hold(move || host::remove(&regions), |lifeline| work(name, host, lifeline))
}

fn work(name: &str, host: usize, lifeline: &Lifeline) -> Result<()> {
    let shared = Host::open(&host::name_of(name, host))?;
    let plan = shared.plan.read();
    let images = host::images_of(host, &Digits::load()?);
    let batches = plan.batches(images.len());
    let mut order = Batches::new(plan, &images);
    let mut network = Network::default();
    let (mut parameters, mut step) = (Model::zeroed(), Model::zeroed());
    for batch in 0..batches {
        if lifeline.is_cut() {
            break;
        }
        host::read(&shared, &mut parameters);
        keep_pace(&shared, host)?;
        // What both have done decides, so that both take steps of one length. Alone the other row stays
        // at 0, and the own one counts for both.
        let rows = shared.progress.read();
        let alone = rows[HOSTS - 1 - host][0] == 0.0;
        let common = if alone { batch } else { (host::done(&shared) / HOSTS as f64) as u64 };
        let downhill = -plan.step(common.min(batches - 1), images.len());
        let loss = network.gradient(&parameters, &order.get(batch), downhill, &mut step);
        host::add(&shared, &step);
        shared.progress.set(host, [(batch + 1) as f64, loss]);
    }
    Ok(())
}

/// Lets the other host catch up, if it has begun.
fn keep_pace(shared: &Shm<Host>, host: usize) -> Result<()> {
    let end = Instant::now() + PATIENCE;
    loop {
        let mut rows = [[0.0; 2]; HOSTS];
        let seen = shared.progress.read_into(&mut rows);
        let (own, other) = (rows[host][0], rows[HOSTS - 1 - host][0]);
        let left = end.saturating_duration_since(Instant::now());
        if other == 0.0 || own <= other + AHEAD || left.is_zero() {
            return Ok(());
        }
        match shared.progress.wait_newer(seen, left) {
            Ok(_) | Err(Error::Timeout { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
}
