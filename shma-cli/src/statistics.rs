//! What can be said of many numbers in a few.

use shma_core::inspect::Scalar;

use crate::array::Array;

/// Statistics of the finite numbers among the elements that were read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Statistics {
    pub min: f64,
    pub mean: f64,
    pub max: f64,
    /// The square root of the sum of squares.
    pub norm: f64,
    pub nans: u64,
    pub infinities: u64,
}

impl Statistics {
    /// `None` if the elements are structs, or there is no finite number among them. Complex numbers
    /// count by their magnitude.
    pub fn of(array: &Array<'_>) -> Option<Self> {
        Self::of_numbers(array.iter().map_while(number))
    }

    pub fn of_numbers(numbers: impl Iterator<Item = f64>) -> Option<Self> {
        let (mut count, mut sum, mut norm) = (0_u64, 0.0, Norm::default());
        let mut statistics = Self {
            min: f64::INFINITY,
            mean: f64::NAN,
            max: f64::NEG_INFINITY,
            norm: f64::NAN,
            nans: 0,
            infinities: 0,
        };
        for number in numbers {
            if number.is_nan() {
                statistics.nans += 1;
            } else if number.is_infinite() {
                statistics.infinities += 1;
            } else {
                count += 1;
                sum += number;
                norm.add(number);
                statistics.min = statistics.min.min(number);
                statistics.max = statistics.max.max(number);
            }
        }
        if count + statistics.nans + statistics.infinities == 0 {
            return None;
        }
        if count == 0 {
            (statistics.min, statistics.max) = (f64::NAN, f64::NAN);
        } else {
            statistics.mean = sum / count as f64;
            statistics.norm = norm.value();
        }
        Some(statistics)
    }
}

/// A norm under way, as its largest part and the sum of the squares of all, each in parts of that
/// one: squares of large numbers would be infinite, those of small ones nothing.
#[derive(Default)]
struct Norm {
    largest: f64,
    squares: f64,
}

impl Norm {
    fn add(&mut self, number: f64) {
        let size = number.abs();
        if size > self.largest {
            self.squares = 1.0 + self.squares * (self.largest / size).powi(2);
            self.largest = size;
        } else if size > 0.0 {
            self.squares += (size / self.largest).powi(2);
        }
    }

    fn value(&self) -> f64 {
        self.largest * self.squares.sqrt()
    }
}

/// A scalar as a number on a scale; `None` for structs.
pub fn number(scalar: Scalar<'_>) -> Option<f64> {
    match scalar {
        Scalar::ComplexSingle(re, im) => Some(f64::from(re).hypot(im.into())),
        Scalar::ComplexDouble(re, im) => Some(re.hypot(im)),
        scalar => scalar.as_f64(),
    }
}

#[cfg(test)]
mod tests {
    use super::Statistics;

    #[test]
    fn what_is_not_finite_spoils_the_rest() {
        let numbers = [3.0, f64::NAN, -4.0, f64::INFINITY, f64::NEG_INFINITY];
        let statistics = Statistics::of_numbers(numbers.into_iter()).unwrap();
        assert_eq!((statistics.min, statistics.mean, statistics.max), (-4.0, -0.5, 3.0));
        assert_eq!((statistics.norm, statistics.nans, statistics.infinities), (5.0, 1, 2));
        assert_eq!(Statistics::of_numbers(std::iter::empty()), None);
        let large = Statistics::of_numbers([3e300, -4e300].into_iter()).unwrap();
        assert_eq!(large.norm, 5e300);
        let nothing = Statistics::of_numbers([f64::NAN].into_iter()).unwrap();
        assert!(nothing.mean.is_nan() && nothing.min.is_nan() && nothing.nans == 1);
    }
}
