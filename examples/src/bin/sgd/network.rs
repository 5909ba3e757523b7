//! The network: 784 inputs, a hidden layer of 64 rectified units, 10 outputs through softmax, and
//! cross-entropy as its loss. The gradient is derived by hand; the products of matrices are ndarray's.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, Zip, aview1, aview2};

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

/// What one pass through the network leaves behind, a row for each image; kept to spare allocations.
#[derive(Debug, Default)]
pub struct Network {
    inputs: Array2<f32>,
    hidden: Array2<f32>,
    /// First the outputs, then their probabilities, then the derivatives of the loss by the outputs.
    outputs: Array2<f32>,
    /// The derivatives of the loss by the sums that enter the hidden units.
    errors: Array2<f32>,
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
        let errors = self.outputs.view();
        let hidden = self.hidden.view();
        general_mat_mul(1.0, &errors.t(), &hidden, 0.0, &mut view_mut(&mut gradient.w2));
        sum_into(&errors, &mut gradient.b2);
        resize(&mut self.errors, [samples.len(), HIDDEN]);
        general_mat_mul(1.0, &errors, &aview2(&at.w2), 0.0, &mut self.errors);
        Zip::from(&mut self.errors).and(&hidden).for_each(|error, &hidden| {
            if hidden <= 0.0 {
                *error = 0.0;
            }
        });
        let errors = self.errors.view();
        let inputs = self.inputs.view();
        general_mat_mul(1.0, &errors.t(), &inputs, 0.0, &mut view_mut(&mut gradient.w1));
        sum_into(&errors, &mut gradient.b1);
        loss / samples.len() as f64
    }

    /// Accuracy and mean loss on these samples.
    pub fn score(&mut self, at: &Model, samples: &[Sample]) -> Score {
        self.forward(at, samples.iter());
        let outputs = self.outputs.rows();
        let right = samples.iter().zip(outputs).filter(|(s, o)| s.label == largest(o)).count();
        let loss = self.softmax(samples.iter());
        let count = samples.len() as f64;
        Score { accuracy: right as f64 / count, loss: loss / count }
    }

    fn forward<'a>(&mut self, at: &Model, samples: impl ExactSizeIterator<Item = &'a Sample>) {
        let count = samples.len();
        resize(&mut self.inputs, [count, PIXELS]);
        resize(&mut self.hidden, [count, HIDDEN]);
        resize(&mut self.outputs, [count, CLASSES]);
        for (mut input, sample) in self.inputs.rows_mut().into_iter().zip(samples) {
            input.assign(&aview1(&sample.pixels));
        }
        self.hidden.assign(&aview1(&at.b1));
        general_mat_mul(1.0, &self.inputs, &aview2(&at.w1).t(), 1.0, &mut self.hidden);
        self.hidden.mapv_inplace(|sum| sum.max(0.0));
        self.outputs.assign(&aview1(&at.b2));
        general_mat_mul(1.0, &self.hidden, &aview2(&at.w2).t(), 1.0, &mut self.outputs);
    }

    /// Turns outputs into probabilities; returns the sum of the losses.
    fn softmax<'a>(&mut self, samples: impl Iterator<Item = &'a Sample>) -> f64 {
        let mut loss = 0.0;
        for (mut output, sample) in self.outputs.rows_mut().into_iter().zip(samples) {
            // Less the largest one, so that no exponential overflows.
            let top = output.fold(f32::NEG_INFINITY, |top, &x| top.max(x));
            let own = output[usize::from(sample.label)] - top;
            output.mapv_inplace(|x| (x - top).exp());
            let sum = output.sum();
            output /= sum;
            loss += f64::from(sum.ln() - own);
        }
        loss
    }

    fn derive_outputs(&mut self, samples: &[&Sample], factor: f32) {
        for (mut output, sample) in self.outputs.rows_mut().into_iter().zip(samples) {
            output[usize::from(sample.label)] -= 1.0;
        }
        self.outputs *= factor / samples.len() as f32;
    }
}

fn resize(array: &mut Array2<f32>, shape: [usize; 2]) {
    if array.shape() != shape {
        *array = Array2::zeros(shape);
    }
}

fn view_mut<const N: usize>(rows: &mut [[f32; N]]) -> ArrayViewMut2<'_, f32> {
    ArrayViewMut2::from(rows)
}

/// The sums of the columns.
fn sum_into<const N: usize>(rows: &ArrayView2<'_, f32>, sums: &mut [f32; N]) {
    for (sum, column) in sums.iter_mut().zip(rows.axis_iter(Axis(1))) {
        *sum = column.sum();
    }
}

/// The index of the largest output.
fn largest(outputs: &ndarray::ArrayView1<'_, f32>) -> u8 {
    (1..CLASSES).fold(0, |best, i| if outputs[i] > outputs[best] { i } else { best }) as u8
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
