//! Numbers as characters.

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The last so many numbers as bars, from the smallest to the largest of them. What is no number is
/// a gap.
pub fn sparkline(numbers: &[f64], width: usize) -> String {
    let shown = &numbers[numbers.len().saturating_sub(width)..];
    let finite = || shown.iter().copied().filter(|number| number.is_finite());
    let (low, high) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::MIN, f64::max));
    let bar = |number: &f64| {
        if !number.is_finite() {
            return ' ';
        }
        let place = if high > low { (number - low) / (high - low) } else { 0.0 };
        BARS[((place * 7.0).round() as usize).min(7)]
    };
    shown.iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::sparkline;

    #[test]
    fn a_curve_has_another_shape() {
        assert_eq!(sparkline(&[0.0, 1.0, 2.0, 3.0, 7.0], 9), "▁▂▃▄█");
        assert_eq!(sparkline(&[9.0, 0.0, 7.0], 2), "▁█");
        assert_eq!(sparkline(&[5.0, 5.0], 4), "▁▁");
        assert_eq!(sparkline(&[f64::NAN, -1.0, 1.0], 4), " ▁█");
        assert_eq!(sparkline(&[], 4), "");
    }
}
