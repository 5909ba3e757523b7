//! The digit images: unpacked, checked, scaled, and parted into a training and a test set.

use std::io::Read;

use anyhow::{Context, Result, ensure};
use flate2::read::GzDecoder;

/// Pixels of an image, row by row.
pub const PIXELS: usize = 784;
/// Digits.
pub const CLASSES: usize = 10;

/// In each group of so many lines the last one is a test image.
const TEST_EVERY: usize = 5;

// Beside this file, so that a program of another package can have this module too.
const FILE: &[u8] = include_bytes!("../../../data/mnist_5k.csv.gz");

/// One image.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Brightness from 0 to 1.
    pub pixels: [f32; PIXELS],
    /// The digit that it shows.
    pub label: u8,
}

/// All images.
#[derive(Debug)]
pub struct Digits {
    /// What is learned.
    pub train: Vec<Sample>,
    /// What the learned is tried on.
    pub test: Vec<Sample>,
}

impl Digits {
    /// Unpacks the images that the program carries within itself.
    pub fn load() -> Result<Self> {
        let mut text = String::new();
        GzDecoder::new(FILE).read_to_string(&mut text).context("cannot unpack the digit images")?;
        Self::parse(&text)
    }

    /// Reads lines of 784 pixel values and a label.
    pub fn parse(text: &str) -> Result<Self> {
        let mut digits = Self { train: Vec::new(), test: Vec::new() };
        for (index, line) in text.lines().enumerate() {
            let sample =
                sample(line).with_context(|| format!("bad image in line {}", index + 1))?;
            let is_test = index % TEST_EVERY == TEST_EVERY - 1;
            if is_test { &mut digits.test } else { &mut digits.train }.push(sample);
        }
        ensure!(
            !digits.test.is_empty(),
            "{} images are too few for a test set",
            digits.train.len()
        );
        Ok(digits)
    }
}

fn sample(line: &str) -> Result<Sample> {
    let (pixels, label) = line.rsplit_once(',').context("no comma found")?;
    let label = label.parse().with_context(|| format!("the label is `{label}`"))?;
    ensure!(usize::from(label) < CLASSES, "the label is {label}, not a digit");
    let mut sample = Sample { pixels: [0.0; PIXELS], label };
    let mut values = pixels.split(',');
    for (index, pixel) in sample.pixels.iter_mut().enumerate() {
        let value = values.next().with_context(|| format!("{index} pixels instead of {PIXELS}"))?;
        let value: u8 = value.parse().with_context(|| format!("a pixel is `{value}`"))?;
        *pixel = f32::from(value) / 255.0;
    }
    ensure!(values.next().is_none(), "more than {PIXELS} pixels");
    Ok(sample)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_each_digit(samples: &[Sample]) -> [usize; CLASSES] {
        let mut counts = [0; CLASSES];
        for sample in samples {
            counts[usize::from(sample.label)] += 1;
        }
        counts
    }

    #[test]
    fn the_file_has_400_training_and_100_test_images_of_each_digit() {
        let digits = Digits::load().unwrap();
        assert_eq!(of_each_digit(&digits.train), [400; CLASSES]);
        assert_eq!(of_each_digit(&digits.test), [100; CLASSES]);
    }

    #[test]
    fn pixels_are_scaled_to_the_unit_interval() {
        let digits = Digits::load().unwrap();
        for sample in digits.train.iter().chain(&digits.test) {
            assert!(sample.pixels.iter().all(|pixel| (0.0..=1.0).contains(pixel)));
            let lit = sample.pixels.iter().filter(|&&pixel| pixel > 0.5).count();
            assert!((10..PIXELS / 2).contains(&lit), "{lit} bright pixels in a {}", sample.label);
        }
        assert!(digits.train.iter().any(|sample| sample.pixels.contains(&1.0)));
    }

    #[test]
    fn no_test_image_is_a_training_image() {
        let digits = Digits::load().unwrap();
        let bits = |sample: &Sample| sample.pixels.map(f32::to_bits);
        let train: std::collections::HashSet<_> = digits.train.iter().map(bits).collect();
        assert!(digits.test.iter().all(|sample| !train.contains(&bits(sample))));
    }

    #[test]
    fn a_damaged_line_is_named() {
        let line = |pixels: usize, label: &str| format!("{}{label}\n", "7,".repeat(pixels));
        let good = line(PIXELS, "3");
        for (bad, reason) in [
            (line(PIXELS - 1, "3"), "783 pixels instead of 784"),
            (line(PIXELS + 1, "3"), "more than 784 pixels"),
            (line(PIXELS, "10"), "the label is 10, not a digit"),
            (line(PIXELS, "x"), "the label is `x`"),
            (good.replacen('7', "256", 1), "a pixel is `256`"),
            ("\n".to_owned(), "no comma found"),
        ] {
            let error = Digits::parse(&format!("{}{bad}", good.repeat(5))).unwrap_err();
            let text = format!("{error:#}");
            assert!(text.starts_with("bad image in line 6: "), "{text}");
            assert!(text.contains(reason), "{text}");
        }
        assert!(Digits::parse(&good).unwrap_err().to_string().contains("too few"));
    }
}
