//! The parameters: what all workers share, and also the type of a gradient.

use shma_core::ShmState;

use crate::data::{CLASSES, PIXELS};

/// Neurons of the hidden layer.
pub const HIDDEN: usize = 64;

/// Weights and biases of a network of two layers.
#[derive(ShmState)]
pub struct Model {
    /// Weights of the hidden layer, one row a neuron.
    pub w1: [[f32; PIXELS]; HIDDEN],
    /// Biases of the hidden layer.
    pub b1: [f32; HIDDEN],
    /// Weights of the output layer, one row a digit.
    pub w2: [[f32; HIDDEN]; CLASSES],
    /// Biases of the output layer.
    pub b2: [f32; CLASSES],
}

impl Model {
    /// Where training starts: small random weights, uniform with the variance 2 / inputs (He et
    /// al., 2015, made for rectified units), and no biases.
    pub fn initial(seed: u64) -> Box<Self> {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut model = Self::zeroed();
        let mut fill = |row: &mut [f32]| {
            let bound = (6.0 / row.len() as f32).sqrt();
            row.fill_with(|| (2.0 * rng.f32() - 1.0) * bound);
        };
        model.w1.iter_mut().for_each(|row| fill(row));
        model.w2.iter_mut().for_each(|row| fill(row));
        model
    }
}
