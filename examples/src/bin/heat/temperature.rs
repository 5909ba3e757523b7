//! The temperatures of the whole plate at one step.

use shma_examples::scheme;

use crate::truth::Truth;

/// A square of temperatures, row after row, without the edge.
#[derive(Debug)]
pub struct Temperature {
    points: usize,
    cells: Vec<f64>,
}

impl Temperature {
    /// From rows of so many points.
    pub fn new(points: usize, cells: Vec<f64>) -> Self {
        Self { points, cells }
    }

    /// The analytic solution.
    pub fn of(truth: &Truth, points: usize, time: f64) -> Self {
        let moment = truth.at(time);
        Self::new(points, (1..=points).flat_map(|row| moment.cells(row)).collect())
    }

    /// Points each way.
    pub fn points(&self) -> usize {
        self.points
    }

    /// The temperature at a point, counted from 0.
    pub fn at(&self, x: usize, y: usize) -> f64 {
        self.cells[y * self.points + x]
    }

    /// The highest temperature.
    pub fn highest(&self) -> f64 {
        self.cells.iter().copied().fold(f64::NEG_INFINITY, f64::max)
    }

    /// The largest difference from the analytic solution.
    pub fn error(&self, truth: &Truth, time: f64) -> f64 {
        let moment = truth.at(time);
        let rows = self.cells.chunks(self.points).enumerate();
        rows.map(|(row, cells)| moment.error(row + 1, cells)).fold(0.0, f64::max)
    }

    /// Its [`checksum`](scheme::checksum).
    pub fn checksum(&self) -> u64 {
        scheme::checksum(self.cells.iter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_bit_changes_the_checksum() {
        let truth = Truth::new(64);
        let plate = Temperature::of(&truth, 64, 0.0);
        let mut other = Temperature::of(&truth, 64, 0.0);
        assert_eq!(plate.checksum(), other.checksum());
        let bits = other.cells[1000].to_bits();
        other.cells[1000] = f64::from_bits(bits ^ 1);
        assert_ne!(plate.checksum(), other.checksum());
    }

    #[test]
    fn the_checksum_is_the_published_one() {
        // For the eight bytes "foobar", 0, 0, continued from the published sum of "foobar".
        let foobar = f64::from_bits(u64::from_le_bytes(*b"foobar\0\0"));
        let published: u64 = 0x8594_4171_f739_67e8;
        let prime: u64 = 0x0000_0100_0000_01b3;
        let expected = published.wrapping_mul(prime).wrapping_mul(prime);
        assert_eq!(Temperature::new(1, vec![foobar]).checksum(), expected);
    }

    #[test]
    fn one_wrong_point_is_the_error_of_the_plate() {
        let truth = Truth::new(64);
        let mut plate = Temperature::of(&truth, 64, 0.01);
        plate.cells[64 * 63 + 63] += 0.5;
        assert_eq!(plate.error(&truth, 0.01), 0.5);
    }
}
