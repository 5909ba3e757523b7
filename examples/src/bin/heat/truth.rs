//! The analytic solution, by which the computed one is measured.
//!
//! `sin(m pi x) sin(n pi y)` is 0 on the edge of the unit square and an eigenfunction of the
//! Laplacian, so that it only decays, as `exp(-(m^2 + n^2) pi^2 t)`. The plate starts with two such
//! modes. They have neither symmetry of the grid in common, so a strip in a wrong place is noticed.
//!
//! The scheme has its own decay for each mode, which differs from that by a rate of
//! `h^2 |pi^4 (m^4 + n^4) / 12 - RATIO / 2 (m^2 + n^2)^2 pi^4|` to leading order in the spacing `h`.
//! For these modes the largest error never comes above `h^2`; a test follows it over all steps.

use std::f64::consts::PI;

/// Amplitude, and half-waves along x and y.
const MODES: [(f64, f64, f64); 2] = [(1.0, 1.0, 1.0), (0.3, 2.0, 3.0)];

/// The analytic solution on a grid.
#[derive(Debug)]
pub struct Truth {
    spacing: f64,
    modes: [Mode; MODES.len()],
}

#[derive(Debug)]
struct Mode {
    amplitude: f64,
    rate: f64,
    along_x: Vec<f64>,
    along_y: Vec<f64>,
}

/// The analytic solution at a time.
#[derive(Debug)]
pub struct Moment<'a> {
    truth: &'a Truth,
    amplitudes: [f64; MODES.len()],
}

impl Truth {
    /// On a grid of so many points each way, those on the edge not counted.
    pub fn new(points: usize) -> Self {
        let spacing = 1.0 / (points + 1) as f64;
        let sines = |waves: f64| {
            (0..=points).map(|index| (waves * PI * index as f64 * spacing).sin()).collect()
        };
        let modes = MODES.map(|(amplitude, m, n)| Mode {
            amplitude,
            rate: (m * m + n * n) * PI * PI,
            along_x: sines(m),
            along_y: sines(n),
        });
        Self { spacing, modes }
    }

    /// The distance of neighbouring points.
    pub fn spacing(&self) -> f64 {
        self.spacing
    }

    /// The largest error that the scheme may make at any time.
    pub fn tolerance(&self) -> f64 {
        self.spacing * self.spacing
    }

    /// The solution at a time.
    pub fn at(&self, time: f64) -> Moment<'_> {
        let amplitude = |mode: &Mode| mode.amplitude * (-mode.rate * time).exp();
        Moment { truth: self, amplitudes: self.modes.each_ref().map(amplitude) }
    }
}

impl Moment<'_> {
    /// Temperatures along a row, except the one on the edge. Row 0 lies on the edge of the plate.
    pub fn cells(&self, row: usize) -> impl Iterator<Item = f64> {
        let modes = self.truth.modes.each_ref();
        let heights = [0, 1].map(|mode| self.amplitudes[mode] * modes[mode].along_y[row]);
        let [first, second] = modes.map(|mode| &mode.along_x[1..]);
        first.iter().zip(second).map(move |(a, b)| heights[0] * a + heights[1] * b)
    }

    /// The largest error of these temperatures along a row; infinite if one is not a number.
    pub fn error(&self, row: usize, cells: &[f64]) -> f64 {
        let error = |(truth, cell): (f64, &f64)| match (truth - cell).abs() {
            error if error.is_nan() => f64::INFINITY,
            error => error,
        };
        self.cells(row).zip(cells).map(error).fold(0.0, f64::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Plan;
    use crate::plate::GRIDS;

    /// A mode of the scheme is multiplied by the same factor in every step, so the error of the
    /// scheme at any step is known without taking the steps.
    #[test]
    fn the_scheme_owes_less_than_is_tolerated_at_any_time() {
        for points in GRIDS {
            let truth = Truth::new(points);
            let h = truth.spacing();
            let plan = Plan::new(1, h, 1);
            let mut largest: f64 = 0.0;
            for step in 0..=(1.0 / plan.step_length) as i32 {
                let time = plan.time(step as u64);
                let error = MODES.iter().map(|&(amplitude, m, n)| {
                    let waves = (m * PI * h / 2.0).sin().powi(2) + (n * PI * h / 2.0).sin().powi(2);
                    let factor = 1.0 - 4.0 * shma_examples::scheme::RATIO * waves;
                    let exact = (-(m * m + n * n) * PI * PI * time).exp();
                    amplitude * (factor.powi(step) - exact).abs()
                });
                largest = largest.max(error.sum());
            }
            let owed = largest / truth.tolerance();
            assert!(owed > 0.5 && owed < 0.95, "{points} points: {owed} of what is tolerated");
        }
    }

    #[test]
    fn temperatures_solve_the_heat_equation() {
        let truth = Truth::new(512);
        let h = truth.spacing();
        let (row, column, time, dt) = (100, 200, 0.01, 1e-6);
        let at = |row: usize, column: usize, time: f64| {
            truth.at(time).cells(row).nth(column - 1).unwrap()
        };
        let here = at(row, column, time);
        let around = at(row - 1, column, time)
            + at(row + 1, column, time)
            + at(row, column - 1, time)
            + at(row, column + 1, time);
        let laplacian = (around - 4.0 * here) / (h * h);
        let change = (at(row, column, time + dt) - at(row, column, time - dt)) / (2.0 * dt);
        assert!((laplacian - change).abs() < 1e-3 * change.abs(), "{laplacian} {change}");
    }

    #[test]
    fn the_edge_of_the_plate_stays_cold() {
        let truth = Truth::new(64);
        assert!(truth.at(0.0).cells(0).all(|cell| cell == 0.0));
        for mode in &truth.modes {
            assert_eq!((mode.along_x[0], mode.along_y[0]), (0.0, 0.0));
        }
    }

    #[test]
    fn an_error_that_is_not_a_number_is_the_largest_of_all() {
        let truth = Truth::new(64);
        let moment = truth.at(0.0);
        let mut cells: Vec<_> = moment.cells(9).collect();
        assert_eq!(moment.error(9, &cells), 0.0);
        cells[5] = moment.cells(9).nth(5).unwrap() - 100.0;
        assert!((moment.error(9, &cells) - 100.0).abs() < 1e-9);
        cells[7] = f64::NAN;
        assert_eq!(moment.error(9, &cells), f64::INFINITY);
    }
}
