//! What the values of the rounds say together.

use serde::Serialize;

/// Median and spread.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Summary {
    pub rounds: usize,
    pub min: f64,
    pub lower_quartile: f64,
    pub median: f64,
    pub upper_quartile: f64,
    pub max: f64,
}

impl Summary {
    /// Summarises at least one value.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub fn of(values: &[f64]) -> Self {
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        Self {
            rounds: sorted.len(),
            min: quantile(&sorted, 0.0),
            lower_quartile: quantile(&sorted, 0.25),
            median: quantile(&sorted, 0.5),
            upper_quartile: quantile(&sorted, 0.75),
            max: quantile(&sorted, 1.0),
        }
    }

    /// The same of every value divided by this one.
    pub fn divided_by(self, divisor: f64) -> Self {
        Self {
            min: self.min / divisor,
            lower_quartile: self.lower_quartile / divisor,
            median: self.median / divisor,
            upper_quartile: self.upper_quartile / divisor,
            max: self.max / divisor,
            ..self
        }
    }

    /// How far the quartiles are apart, as a part of the median.
    pub fn spread(&self) -> f64 {
        (self.upper_quartile - self.lower_quartile) / self.median
    }
}

/// Between two values, the place on the straight line.
fn quantile(sorted: &[f64], part: f64) -> f64 {
    let at = part * (sorted.len() - 1) as f64;
    let (below, above) = (sorted[at.floor() as usize], sorted[at.ceil() as usize]);
    below + (above - below) * at.fract()
}

#[cfg(test)]
mod tests {
    use super::Summary;

    #[test]
    fn quantiles_are_off_by_one() {
        let summary = Summary::of(&[5.0, 1.0, 3.0, 2.0, 4.0]);
        let Summary { min, lower_quartile, median, upper_quartile, max, .. } = summary;
        assert_eq!([min, lower_quartile, median, upper_quartile, max], [1.0, 2.0, 3.0, 4.0, 5.0]);
        assert_eq!(Summary::of(&[1.0, 2.0]).median, 1.5);
        assert_eq!(Summary::of(&[7.0]).spread(), 0.0);
    }
}
