//! The parameters without semaphores: every number is an atomic of its own.
//!
//! What a worker reads is whole number by number. As a whole it may never have stood there: some
//! numbers are from before another worker's step, and some from after it. A worker that is killed in
//! the middle of its step leaves a part of it behind, and the worker that does its batch again adds
//! that part twice. Descent bears both, as it bears the noise of its batches.

use shma_core::ShmState;

use crate::data::{CLASSES, PIXELS};
use crate::model::HIDDEN;

/// As [`Model`](crate::model::Model), but shared number by number.
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
