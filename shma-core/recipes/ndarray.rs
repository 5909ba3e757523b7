//! Arrays of `ndarray`, from a field and to it, without a loop over indices.

use ndarray::{Array2, ArrayView2, ArrayViewMut2};
use shma_core::{Element, ShmState};

type Weights = [[f64; 3]; 4];

#[derive(ShmState)]
struct Model {
    weights: Weights,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let name = format!("ndarray-{}", std::process::id());
    let model = Model::create(&name, &Model::zeroed())?;
    let &[rows, columns] = Weights::SHAPE else { unreachable!("it has two dimensions") };
    let shape = (rows, columns);

    // An array in C order is one slice, and so is the field.
    let ours = Array2::from_shape_fn(shape, |(row, column)| (10 * row + column) as f64);
    let version = model.weights.write_flat(ours.as_slice().ok_or("not in C order")?);

    // Into an array that is there already: nothing is allocated.
    let mut seen = Array2::zeros(shape);
    assert_eq!(model.weights.read_flat(seen.as_slice_mut().ok_or("not in C order")?), version);
    assert_eq!(seen, ours);

    // Exclusive: the views are of the private copies that the closure gets.
    let norm = model.weights.update_flat(|new, old| {
        let old = ArrayView2::from_shape(shape, old)?;
        let norm = old.mapv(|weight| weight * weight).sum().sqrt();
        ArrayViewMut2::from_shape(shape, new)?.assign(&(&old / norm));
        Ok::<f64, ndarray::ShapeError>(norm)
    })?;

    // Element by element, block by block, with a gradient that is an array.
    let gradient = Array2::ones(shape);
    let gradient = gradient.as_slice().ok_or("not in C order")?;
    model.weights.update_with_flat(gradient, |gradient, weight| weight - 0.5 * gradient);

    model.weights.read_flat(seen.as_slice_mut().ok_or("not in C order")?);
    assert_eq!(seen, ours / norm - 0.5);
    println!("{seen:.3}");
    Ok(())
}
