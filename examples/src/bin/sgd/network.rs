//! The network: 784 inputs, a hidden layer of 64 rectified units, 10 outputs through softmax, and
//! cross-entropy as its loss. The gradient is derived by hand.
//!
//! Loops run over a whole batch for each row of weights, so that the row stays in the first-level
//! cache, and their innermost loops are such that the compiler vectorises them.

use crate::data::{CLASSES, PIXELS, Sample};
use crate::model::{HIDDEN, Model};

/// How well parameters do on a set of images.
#[derive(Debug, Clone, Copy)]
pub struct Score {
    /// Share of the images that were told right, from 0 to 1.
    pub accuracy: f64,
    /// Mean loss of an image.
    pub loss: f64,
}

/// What one pass through the network leaves behind; kept to spare allocations.
#[derive(Debug, Default)]
pub struct Network {
    hidden: Vec<[f32; HIDDEN]>,
    /// First the outputs, then their probabilities, then the derivatives of the loss by the outputs.
    output: Vec<[f32; CLASSES]>,
}

impl Network {
    /// Writes the gradient of the mean loss of these samples, times `factor`, to `gradient`; returns
    /// that loss.
    pub fn gradient(
        &mut self,
        at: &Model,
        samples: &[&Sample],
        factor: f32,
        gradient: &mut Model,
    ) -> f64 {
        self.forward(at, samples.iter().copied());
        let loss = self.softmax(samples.iter().copied());
        self.derive_outputs(samples, factor);
        self.backward_output(gradient);
        self.backward_hidden(at, samples, gradient);
        loss / samples.len() as f64
    }

    /// Accuracy and mean loss on these samples.
    pub fn score(&mut self, at: &Model, samples: &[Sample]) -> Score {
        self.forward(at, samples.iter());
        let right = samples.iter().zip(&self.output).filter(|(s, o)| s.label == largest(o)).count();
        let loss = self.softmax(samples.iter());
        let count = samples.len() as f64;
        Score { accuracy: right as f64 / count, loss: loss / count }
    }

    fn forward<'a>(
        &mut self,
        at: &Model,
        samples: impl ExactSizeIterator<Item = &'a Sample> + Clone,
    ) {
        self.hidden.resize(samples.len(), [0.0; HIDDEN]);
        self.output.resize(samples.len(), [0.0; CLASSES]);
        for (unit, (weights, bias)) in at.w1.iter().zip(&at.b1).enumerate() {
            for (hidden, sample) in self.hidden.iter_mut().zip(samples.clone()) {
                hidden[unit] = (dot(weights, &sample.pixels) + bias).max(0.0);
            }
        }
        for (output, hidden) in self.output.iter_mut().zip(&self.hidden) {
            for ((output, weights), bias) in output.iter_mut().zip(&at.w2).zip(&at.b2) {
                *output = dot(weights, hidden) + bias;
            }
        }
    }

    /// Turns outputs into probabilities; returns the sum of the losses.
    fn softmax<'a>(&mut self, samples: impl Iterator<Item = &'a Sample>) -> f64 {
        let mut loss = 0.0;
        for (output, sample) in self.output.iter_mut().zip(samples) {
            // Less the largest one, so that no exponential overflows.
            let top = output.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let own = output[usize::from(sample.label)] - top;
            output.iter_mut().for_each(|x| *x = (*x - top).exp());
            let sum: f32 = output.iter().sum();
            output.iter_mut().for_each(|x| *x /= sum);
            loss += f64::from(sum.ln() - own);
        }
        loss
    }

    fn derive_outputs(&mut self, samples: &[&Sample], factor: f32) {
        let share = factor / samples.len() as f32;
        for (output, sample) in self.output.iter_mut().zip(samples) {
            output[usize::from(sample.label)] -= 1.0;
            output.iter_mut().for_each(|x| *x *= share);
        }
    }

    fn backward_output(&self, gradient: &mut Model) {
        gradient.w2 = [[0.0; HIDDEN]; CLASSES];
        gradient.b2 = [0.0; CLASSES];
        for (error, hidden) in self.output.iter().zip(&self.hidden) {
            for (class, &error) in error.iter().enumerate() {
                add_scaled(&mut gradient.w2[class], error, hidden);
                gradient.b2[class] += error;
            }
        }
    }

    fn backward_hidden(&self, at: &Model, samples: &[&Sample], gradient: &mut Model) {
        for (unit, row) in gradient.w1.iter_mut().enumerate() {
            let mut sum = 0.0;
            row.fill(0.0);
            for ((error, hidden), sample) in self.output.iter().zip(&self.hidden).zip(samples) {
                if hidden[unit] > 0.0 {
                    let error =
                        error.iter().zip(&at.w2).map(|(e, weights)| e * weights[unit]).sum();
                    add_scaled(row, error, &sample.pixels);
                    sum += error;
                }
            }
            gradient.b1[unit] = sum;
        }
    }
}

/// The index of the largest output.
fn largest(outputs: &[f32; CLASSES]) -> u8 {
    (1..CLASSES).fold(0, |best, i| if outputs[i] > outputs[best] { i } else { best }) as u8
}

/// The inner product. Sums are kept in lanes: a single one would have to be added up in order, which
/// forbids vectors.
fn dot<const N: usize>(a: &[f32; N], b: &[f32; N]) -> f32 {
    const LANES: usize = 16;
    const { assert!(N.is_multiple_of(LANES)) };
    let mut sums = [0.0; LANES];
    for (a, b) in a.as_chunks::<LANES>().0.iter().zip(b.as_chunks::<LANES>().0) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum()
}

fn add_scaled<const N: usize>(to: &mut [f32; N], factor: f32, from: &[f32; N]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to += factor * from;
    }
}

const _: () = assert!(PIXELS == 28 * 28);

#[cfg(test)]
mod tests {
    use shma_core::ShmState;

    use super::*;
    use crate::data::Digits;

    /// The loss in double precision, written down a second time and as plainly as possible.
    fn plain_loss(at: &Model, samples: &[&Sample]) -> f64 {
        let losses = samples.iter().map(|sample| {
            let hidden: Vec<f64> = (0..HIDDEN)
                .map(|h| {
                    let sum: f64 = (0..PIXELS)
                        .map(|p| f64::from(at.w1[h][p]) * f64::from(sample.pixels[p]))
                        .sum();
                    (sum + f64::from(at.b1[h])).max(0.0)
                })
                .collect();
            let output: Vec<f64> = (0..CLASSES)
                .map(|c| {
                    let sum: f64 = (0..HIDDEN).map(|h| f64::from(at.w2[c][h]) * hidden[h]).sum();
                    sum + f64::from(at.b2[c])
                })
                .collect();
            let normaliser: f64 = output.iter().map(|x| x.exp()).sum();
            normaliser.ln() - output[usize::from(sample.label)]
        });
        losses.sum::<f64>() / samples.len() as f64
    }

    /// Every parameter by number: a way to it, and how many there are.
    type Part = (&'static str, usize, fn(&mut Model, usize) -> &mut f32);
    const PARTS: [Part; 4] = [
        ("w1", HIDDEN * PIXELS, |m, i| &mut m.w1[i / PIXELS][i % PIXELS]),
        ("b1", HIDDEN, |m, i| &mut m.b1[i]),
        ("w2", CLASSES * HIDDEN, |m, i| &mut m.w2[i / HIDDEN][i % HIDDEN]),
        ("b2", CLASSES, |m, i| &mut m.b2[i]),
    ];

    /// Parameters that have seen no training, but biases too, so that none is special.
    fn anywhere() -> Box<Model> {
        let mut model = Model::initial(3);
        let mut rng = fastrand::Rng::with_seed(4);
        model.b1.fill_with(|| rng.f32() - 0.5);
        model.b2.fill_with(|| rng.f32() - 0.5);
        model
    }

    fn some(digits: &Digits) -> Vec<&Sample> {
        digits.train.iter().step_by(397).collect()
    }

    #[test]
    fn the_gradient_agrees_with_finite_differences() {
        const STEP: f32 = 1.0 / 1024.0;
        let digits = Digits::load().unwrap();
        let samples = some(&digits);
        let (mut model, mut gradient) = (anywhere(), Model::zeroed());
        Network::default().gradient(&model, &samples, 1.0, &mut gradient);
        let mut rng = fastrand::Rng::with_seed(5);
        for (name, count, part) in PARTS {
            let mut largest = 0.0f64;
            for _ in 0..60 {
                let index = rng.usize(..count);
                let before = *part(&mut model, index);
                let (high, low) = (before + STEP, before - STEP);
                *part(&mut model, index) = high;
                let above = plain_loss(&model, &samples);
                *part(&mut model, index) = low;
                let below = plain_loss(&model, &samples);
                *part(&mut model, index) = before;
                let expected = (above - below) / f64::from(high - low);
                let found = f64::from(*part(&mut gradient, index));
                let error = (found - expected).abs();
                assert!(
                    error <= 1e-3 + 1e-2 * expected.abs(),
                    "{name}[{index}]: {found} instead of {expected}"
                );
                largest = largest.max(expected.abs());
            }
            assert!(largest > 1e-2, "{name} has next to no influence here: nothing was tested");
        }
    }

    #[test]
    fn the_loss_agrees_with_one_written_plainly() {
        let digits = Digits::load().unwrap();
        let samples = some(&digits);
        let (model, mut gradient) = (anywhere(), Model::zeroed());
        let expected = plain_loss(&model, &samples);
        let found = Network::default().gradient(&model, &samples, 1.0, &mut gradient);
        assert!((found - expected).abs() < 1e-4, "{found} instead of {expected}");
        let owned: Vec<Sample> = samples.into_iter().cloned().collect();
        let found = Network::default().score(&model, &owned).loss;
        assert!((found - expected).abs() < 1e-4, "{found} instead of {expected}");
    }

    #[test]
    fn a_gradient_keeps_nothing_of_the_one_before() {
        let digits = Digits::load().unwrap();
        let samples = some(&digits);
        let model = anywhere();
        let (mut network, mut used, mut fresh) =
            (Network::default(), Model::zeroed(), Model::zeroed());
        network.gradient(&model, &samples, 1.0, &mut used);
        network.gradient(&model, &samples[..3], 1.0, &mut used);
        Network::default().gradient(&model, &samples[..3], 1.0, &mut fresh);
        for (name, count, part) in PARTS {
            for index in 0..count {
                assert_eq!(*part(&mut used, index), *part(&mut fresh, index), "{name}[{index}]");
            }
        }
    }

    #[test]
    fn a_network_that_knows_nothing_tells_a_tenth_right() {
        let digits = Digits::load().unwrap();
        let score = Network::default().score(&Model::zeroed(), &digits.test);
        assert_eq!(score.accuracy, 0.1);
        assert!((score.loss - 10f64.ln()).abs() < 1e-5);
    }

    #[test]
    fn plain_descent_reaches_093_in_5_epochs() {
        use crate::plan::{Batches, Plan};
        let digits = Digits::load().unwrap();
        let plan = Plan { epochs: 5, batch: 32, learning_rate: 0.4, seed: 1 };
        let mut model = Model::initial(1);
        let mut gradient = Model::zeroed();
        let mut network = Network::default();
        let mut batches = Batches::new(plan, &digits.train);
        for number in 0..plan.batches(digits.train.len()) {
            let step = plan.step(number, digits.train.len());
            network.gradient(&model, &batches.get(number), 1.0, &mut gradient);
            for (_, count, part) in PARTS {
                for index in 0..count {
                    *part(&mut model, index) -= step * *part(&mut gradient, index);
                }
            }
        }
        let score = network.score(&model, &digits.test);
        assert!(score.accuracy >= 0.93, "{score:?}");
    }
}
