//! A row of the grid, which carries the number of the step that it belongs to.
//!
//! Index `i` is the point at `x = i * spacing`. The one with index 0 lies on the edge of the plate,
//! where the temperature is always 0, so no worker needs it, and its place holds the step. A 64-bit
//! float counts to 2^53 without a gap.

/// `WIDTH - 1` temperatures behind a step number.
pub type Row<const WIDTH: usize> = [f64; WIDTH];

/// The step before the first one, of which there are no rows.
pub const BEFORE: i64 = -1;

/// The step that the row belongs to.
pub fn step<const WIDTH: usize>(row: &Row<WIDTH>) -> i64 {
    row[0] as i64
}

/// Says which step the row belongs to.
pub fn set_step<const WIDTH: usize>(row: &mut Row<WIDTH>, step: i64) {
    row[0] = step as f64;
}

/// The temperatures, except those on the edge of the plate.
pub fn cells<const WIDTH: usize>(row: &Row<WIDTH>) -> &[f64] {
    &row[1..]
}

/// As [`cells`], to be changed.
pub fn cells_mut<const WIDTH: usize>(row: &mut Row<WIDTH>) -> &mut [f64] {
    &mut row[1..]
}
