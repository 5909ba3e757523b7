//! What of an array, as Python writes it: `0:3, ::16`.

use crate::failure::Failure;

/// What stands between brackets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Slices(Vec<Part>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// One index, whose dimension goes away.
    Index(i64),
    Range {
        start: Option<i64>,
        stop: Option<i64>,
        step: i64,
    },
    /// As many whole dimensions as are left.
    Ellipsis,
}

/// What is taken of one dimension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    pub start: usize,
    pub step: isize,
    pub count: usize,
    /// Whether the dimension stays: an index takes it away.
    pub stays: bool,
}

impl Taken {
    fn all(len: usize) -> Self {
        Self { start: 0, step: 1, count: len, stays: true }
    }
}

impl Slices {
    /// Reads what stands between a pair of brackets.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let mut parts = Vec::new();
        let mut pieces: Vec<&str> = text.split(',').map(str::trim).collect();
        // As in a tuple, a comma at the end changes nothing.
        if pieces.len() > 1 && pieces.last() == Some(&"") {
            pieces.pop();
        }
        for piece in pieces {
            let part = Part::parse(piece).ok_or_else(|| {
                Failure::usage(format!(
                    "`{piece}` is no slice: write an index, START:STOP, START:STOP:STEP or `...`"
                ))
            })?;
            parts.push(part);
        }
        if parts.iter().filter(|part| **part == Part::Ellipsis).count() > 1 {
            return Err(Failure::usage(format!("`[{text}]` has more than one `...`")));
        }
        Ok(Self(parts))
    }

    /// `[0][1:3]` is `[0, 1:3]`, and what stands in front of the last pair are indices.
    pub fn append(&mut self, more: Self) -> Result<(), Failure> {
        if !self.0.iter().all(|part| matches!(part, Part::Index(_))) {
            return Err(Failure::usage(
                "what follows a slice goes into the same brackets: write [0:3, 1] for [0:3][:, 1]",
            ));
        }
        self.0.extend(more.0);
        Ok(())
    }

    /// What is taken of each dimension of the array that is called `what`.
    pub fn of_shape(&self, what: &str, shape: &[usize]) -> Result<Vec<Taken>, Failure> {
        let given = self.0.iter().filter(|part| **part != Part::Ellipsis).count();
        if given > shape.len() {
            return Err(Failure::usage(format!(
                "{given} indices for `{what}`, which has {} dimensions",
                shape.len()
            )));
        }
        let mut taken = Vec::new();
        for part in &self.0 {
            let dimension = taken.len();
            match part {
                Part::Ellipsis => {
                    let whole = &shape[dimension..][..shape.len() - given];
                    taken.extend(whole.iter().map(|len| Taken::all(*len)));
                }
                part => taken.push(part.of(what, dimension, shape[dimension])?),
            }
        }
        taken.extend(shape[taken.len()..].iter().map(|len| Taken::all(*len)));
        Ok(taken)
    }
}

impl Part {
    fn parse(text: &str) -> Option<Self> {
        if text == "..." {
            return Some(Self::Ellipsis);
        }
        let number = |text: &str| match text.trim() {
            "" => Some(None),
            text => text.parse::<i64>().ok().map(Some),
        };
        let pieces: Vec<&str> = text.split(':').collect();
        match pieces[..] {
            [index] => Some(Self::Index(number(index)??)),
            [start, stop] => {
                Some(Self::Range { start: number(start)?, stop: number(stop)?, step: 1 })
            }
            [start, stop, step] => Some(Self::Range {
                start: number(start)?,
                stop: number(stop)?,
                step: number(step)?.unwrap_or(1),
            })
            .filter(|part| !matches!(part, Self::Range { step: 0, .. })),
            _ => None,
        }
    }

    fn of(self, field: &str, dimension: usize, len: usize) -> Result<Taken, Failure> {
        // Arrays are far shorter than what an i64 counts.
        let signed = len as i64;
        let from_end = |index: i64| if index < 0 { index.saturating_add(signed) } else { index };
        match self {
            Self::Index(index) => {
                let at = from_end(index);
                if !(0..signed).contains(&at) {
                    return Err(Failure::usage(format!(
                        "index {index} is out of range: dimension {dimension} of `{field}` has {len}"
                    )));
                }
                Ok(Taken { start: at as usize, step: 1, count: 1, stays: false })
            }
            Self::Range { start, stop, step } if step > 0 => {
                let start = from_end(start.unwrap_or(0)).clamp(0, signed);
                let stop = from_end(stop.unwrap_or(signed)).clamp(0, signed);
                Ok(Self::steps(start, (stop - start).max(0), step))
            }
            Self::Range { start, stop, step } => {
                let start = start.map_or(signed - 1, from_end).clamp(-1, signed - 1);
                let stop = stop.map_or(-1, from_end).clamp(-1, signed - 1);
                Ok(Self::steps(start, (start - stop).max(0), step))
            }
            Self::Ellipsis => Ok(Taken::all(len)),
        }
    }

    /// Steps from `start` over a distance.
    fn steps(start: i64, distance: i64, step: i64) -> Taken {
        let width = step.unsigned_abs().min(i64::MAX as u64) as i64;
        let count = distance / width + i64::from(distance % width != 0);
        // A step that is never taken may be too large to add up.
        let step = if count > 1 { step as isize } else { 1 };
        Taken { start: start.max(0) as usize, step, count: count as usize, stays: true }
    }
}

#[cfg(test)]
mod tests {
    use super::Slices;

    fn indices(text: &str, shape: &[usize]) -> Vec<(Vec<usize>, bool)> {
        let taken = Slices::parse(text).unwrap().of_shape("x", shape).unwrap();
        let place =
            |start: usize, step: isize, i: usize| start.wrapping_add_signed(step * i as isize);
        let all = |taken: &super::Taken| {
            (0..taken.count).map(|i| place(taken.start, taken.step, i)).collect()
        };
        taken.iter().map(|taken| (all(taken), taken.stays)).collect()
    }

    /// Against what Python 3 gives for `list(range(5))[..]`.
    #[test]
    fn a_slice_differs_from_pythons() {
        let cases: [(&str, &[usize]); 16] = [
            (":", &[0, 1, 2, 3, 4]),
            ("1:3", &[1, 2]),
            ("-2:", &[3, 4]),
            (":-2", &[0, 1, 2]),
            ("::2", &[0, 2, 4]),
            ("1::3", &[1, 4]),
            ("::-1", &[4, 3, 2, 1, 0]),
            ("3:0:-2", &[3, 1]),
            ("-1:-6:-1", &[4, 3, 2, 1, 0]),
            ("-100:100", &[0, 1, 2, 3, 4]),
            ("100:", &[]),
            ("3:1", &[]),
            ("1:3:-1", &[]),
            ("100::-3", &[4, 1]),
            ("2::9223372036854775807", &[2]),
            ("2::-9223372036854775808", &[2]),
        ];
        for (slice, expected) in cases {
            assert_eq!(indices(slice, &[5]), [(expected.to_vec(), true)], "{slice}");
        }
        assert_eq!(indices("-1", &[5]), [(vec![4], false)]);
    }

    #[test]
    fn a_dimension_is_taken_for_another() {
        let whole = |len: usize| ((0..len).collect::<Vec<_>>(), true);
        assert_eq!(Slices::default().of_shape("x", &[2, 3]).unwrap().len(), 2);
        assert_eq!(indices("1", &[2, 3]), [(vec![1], false), whole(3)]);
        assert_eq!(indices("..., 1", &[2, 3, 4]), [whole(2), whole(3), (vec![1], false)]);
        assert_eq!(indices("0, ..., ", &[2, 3]), [(vec![0], false), whole(3)]);
    }

    #[test]
    fn nonsense_is_a_slice() {
        for text in ["", "a", "1:2:3:4", "::0", "1.5", "..., ...", ",", "[0"] {
            assert!(Slices::parse(text).is_err(), "{text}");
        }
        for (text, shape) in [("5", [5, 1]), ("-6", [5, 1]), ("0, 0, 0", [5, 1])] {
            assert!(Slices::parse(text).unwrap().of_shape("x", &shape).is_err(), "{text}");
        }
    }
}
