//! Matrices of `nalgebra`, which lie in memory column by column.
//!
//! So declare the field as its columns: then a view of the field's numbers is the matrix. A field that
//! is declared by rows, because others read it so, is copied by `from_row_slice`.

use nalgebra::{DMatrix, DMatrixView, DMatrixViewMut};
use shma_core::{Element, ShmState};

const ROWS: usize = 2;
const COLUMNS: usize = 3;

#[derive(ShmState)]
struct Plant {
    by_columns: [[f64; ROWS]; COLUMNS],
    by_rows: [[f64; COLUMNS]; ROWS],
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let name = format!("nalgebra-{}", std::process::id());
    let plant = Plant::create(&name, &Plant::zeroed())?;
    assert_eq!(<[[f64; ROWS]; COLUMNS]>::SHAPE, [COLUMNS, ROWS]);
    let gain = DMatrix::from_row_slice(ROWS, COLUMNS, &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);

    plant.by_columns.write_flat(gain.as_slice());
    assert_eq!(plant.by_columns.read(), [[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]);
    let mut seen = DMatrix::zeros(ROWS, COLUMNS);
    plant.by_columns.read_flat(seen.as_mut_slice());
    assert_eq!(seen, gain);

    // Exclusive, on views of the private copies that the closure gets.
    let turn = DMatrix::from_row_slice(ROWS, ROWS, &[0.0, -1.0, 1.0, 0.0]);
    plant.by_columns.update_flat(|new, old| {
        let old = DMatrixView::from_slice(old, ROWS, COLUMNS);
        DMatrixViewMut::from_slice(new, ROWS, COLUMNS).copy_from(&(&turn * old));
    });
    plant.by_columns.read_flat(seen.as_mut_slice());
    assert_eq!(seen, &turn * &gain);

    // The rows of a matrix are the columns of its transpose.
    plant.by_rows.write_flat(gain.transpose().as_slice());
    assert_eq!(plant.by_rows.read(), [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    let mut rows = [0.0; ROWS * COLUMNS];
    plant.by_rows.read_flat(&mut rows);
    assert_eq!(DMatrix::from_row_slice(ROWS, COLUMNS, &rows), gain);
    println!("{seen}");
    Ok(())
}
