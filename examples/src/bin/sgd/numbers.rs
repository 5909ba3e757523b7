//! The parameters without semaphores: every number is an atomic of its own.
//!
//! What a worker reads is whole number by number. As a whole it may never have stood there: some
//! numbers are from before another worker's step, and some from after it. A worker that is killed in
//! the middle of its step leaves a part of it behind, and the worker that does its batch again adds
//! that part twice. Descent bears both, as it bears the noise of its batches.

use shma_core::{Shm, ShmState};

use crate::data::{CLASSES, PIXELS};
use crate::model::{HIDDEN, Model};

/// As [`Model`], but shared number by number.
#[derive(ShmState)]
pub struct Numbers {
    /// Weights of the hidden layer, one row a neuron.
    #[shm(atomic)]
    pub w1: [[f32; PIXELS]; HIDDEN],
    /// Biases of the hidden layer.
    #[shm(atomic)]
    pub b1: [f32; HIDDEN],
    /// Weights of the output layer, one row a digit.
    #[shm(atomic)]
    pub w2: [[f32; HIDDEN]; CLASSES],
    /// Biases of the output layer.
    #[shm(atomic)]
    pub b2: [f32; CLASSES],
}

impl Numbers {
    /// The state with these parameters.
    pub fn holding(model: &Model) -> Box<Self> {
        let mut state = Self::zeroed();
        state.w1.copy_from_slice(&model.w1);
        state.b1.copy_from_slice(&model.b1);
        state.w2.copy_from_slice(&model.w2);
        state.b2.copy_from_slice(&model.b2);
        state
    }

    /// Copies the parameters.
    pub fn read(shared: &Shm<Self>, into: &mut Model) {
        shared.w1.read_into(&mut into.w1);
        shared.b1.read_into(&mut into.b1);
        shared.w2.read_into(&mut into.w2);
        shared.b2.read_into(&mut into.b2);
    }
}
