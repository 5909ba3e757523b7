//! The heat equation on a plate, as `heat` solves it and others that come to its bits: forward in time,
//! centred in space, with five points.
//!
//! Every point is computed by the same operations in the same order wherever the plate is cut, so the
//! bits of the result do not depend on the cuts. In a row of the grid, index 0 is on the edge of the plate,
//! where the temperature is always 0; what stands there is left alone.

/// A time step is this much of the squared spacing of the grid. Above a quarter the scheme is
/// unstable.
pub const RATIO: f64 = 0.2;

/// Computes a row at the next step from itself and the rows beside it.
pub fn advance_row<const WIDTH: usize>(
    here: &[f64; WIDTH],
    south: &[f64; WIDTH],
    north: &[f64; WIDTH],
    next: &mut [f64; WIDTH],
) {
    let last = WIDTH - 1;
    next[1] = point(here[1], 0.0, here[2], south[1], north[1]);
    for x in 2..last {
        next[x] = point(here[x], here[x - 1], here[x + 1], south[x], north[x]);
    }
    next[last] = point(here[last], here[last - 1], 0.0, south[last], north[last]);
}

#[inline(always)]
fn point(here: f64, west: f64, east: f64, south: f64, north: f64) -> f64 {
    here + RATIO * ((west + east) + (south + north) - 4.0 * here)
}

/// A number that differs for any two plates, except with a chance of one in 2^64: FNV-1a over the bits of
/// all temperatures (Fowler, Noll, Vo, 1991).
pub fn checksum<'a>(cells: impl Iterator<Item = &'a f64>) -> u64 {
    let bytes = cells.flat_map(|cell| cell.to_bits().to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
