//! What a host has: its images, and a region with the parameters and a row of each host.

use std::ops::Range;

use shma_core::{Shm, ShmState};
use shma_hosts::bridges::HOSTS;

use crate::data::{CLASSES, Digits, PIXELS, Sample};
use crate::model::{HIDDEN, Model};
use crate::plan::Plan;

/// The names of the hosts.
pub const NAMES: [&str; HOSTS] = ["A", "B"];

/// The rules by which bridges mirror a [`Host`].
pub const RULES: [&str; 10] =
    ["--mean", "w1", "--mean", "b1", "--mean", "w2", "--mean", "b2", "--gather", "progress"];

/// The state of a host. Bridges keep the parameters near each other; of `progress` each host owns a row.
#[derive(ShmState)]
pub struct Host {
    /// What is to be done.
    pub plan: Plan,
    /// Weights of the hidden layer.
    pub w1: [[f32; PIXELS]; HIDDEN],
    b1: [f32; HIDDEN],
    w2: [[f32; HIDDEN]; CLASSES],
    b2: [f32; CLASSES],
    /// Of each host the batches that it has done, and the loss of the last one.
    pub progress: [[f64; 2]; HOSTS],
}

/// The state that all hosts start with.
pub fn initial(plan: Plan) -> Box<Host> {
    let model = Model::initial(plan.seed);
    let mut host = Host::zeroed();
    host.plan = plan;
    (host.w1, host.b1, host.w2, host.b2) = (model.w1, model.b1, model.w2, model.b2);
    host
}

/// The region of a host.
pub fn name_of(name: &str, host: usize) -> String {
    name.replace("{rank}", &host.to_string())
}

/// Removes all regions of a training.
pub fn remove(name: &str) {
    for host in 0..HOSTS {
        // It is no error if another process has done it.
        let _ = Host::unlink(&name_of(name, host));
    }
}

/// Copies the parameters.
pub fn read(host: &Shm<Host>, into: &mut Model) {
    host.w1.read_into(&mut into.w1);
    host.b1.read_into(&mut into.b1);
    host.w2.read_into(&mut into.w2);
    host.b2.read_into(&mut into.b2);
}

/// Adds a step to the parameters.
pub fn add(host: &Shm<Host>, step: &Model) {
    host.w1.update_with(&step.w1, |w, s| w + s);
    host.b1.update_with(&step.b1, |w, s| w + s);
    host.w2.update_with(&step.w2, |w, s| w + s);
    host.b2.update_with(&step.b2, |w, s| w + s);
}

/// Batches that all hosts have done.
pub fn done(host: &Shm<Host>) -> f64 {
    host.progress.read().iter().map(|row| row[0]).sum()
}

/// The digits that a host has images of.
pub fn digits_of(host: usize) -> Range<u8> {
    let edge = |host: usize| (host * CLASSES / HOSTS) as u8;
    edge(host)..edge(host + 1)
}

/// Its images.
pub fn images_of(host: usize, digits: &Digits) -> Vec<Sample> {
    let own = digits_of(host);
    digits.train.iter().filter(|sample| own.contains(&sample.label)).cloned().collect()
}
