//! Tensors of `candle`: a worker reads the parameters, computes a step, and adds it.
//!
//! A tensor owns its memory, so it is copied once on each way.

use candle_core::{Device, Tensor};
use shma_core::{Element, ShmState};

type Weights = [[f32; 3]; 2];

#[derive(ShmState)]
struct Model {
    weights: Weights,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let name = format!("candle-{}", std::process::id());
    let model = Model::create(&name, &Model::zeroed())?;
    let device = Device::Cpu;

    // To the field: the tensor's numbers in C order, whatever its strides.
    let first = Tensor::arange(0_f32, 6.0, &device)?.reshape(Weights::SHAPE)?;
    let version = model.weights.write_flat(&first.flatten_all()?.to_vec1::<f32>()?);
    assert_eq!(model.weights.read(), [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]);

    // From the field: the buffer is kept for the next time.
    let mut numbers = vec![0.0; Weights::SHAPE.iter().product()];
    assert_eq!(model.weights.read_flat(&mut numbers), version);
    let weights = Tensor::from_slice(&numbers, Weights::SHAPE, &device)?;

    // One step on the mean of the squares. Other workers may have published meanwhile: the step is
    // added to what is there.
    let gradient = ((&weights * 2.0)? / numbers.len() as f64)?;
    let step = gradient.flatten_all()?.to_vec1::<f32>()?;
    model.weights.update_with_flat(&step, |step, weight| weight - 0.3 * step);

    model.weights.read_flat(&mut numbers);
    let after = Tensor::from_slice(&numbers, Weights::SHAPE, &device)?;
    let expected = (weights * 0.9)?;
    let off = (after - expected)?.abs()?.max_all()?.to_scalar::<f32>()?;
    assert!(off < 1e-6, "off by {off}");
    println!("{numbers:?}");
    Ok(())
}
