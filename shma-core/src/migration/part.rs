//! The part that two arrays of the same scalars and as many dimensions have in common.

use std::ops::Range;

use crate::error::Error;

/// Gives it run by run: where the run begins in the old array, and its bytes of the new one.
pub(super) fn each(
    old_shape: &[usize],
    new_shape: &[usize],
    scalar: usize,
    mut run: impl FnMut(usize, Range<usize>) -> Result<(), Error>,
) -> Result<(), Error> {
    if old_shape.contains(&0) {
        // Its other dimensions may be any numbers.
        return Ok(());
    }
    let runs = Runs::of(old_shape, new_shape, scalar);
    runs.each(0, 0, 0, &mut |old, at| run(old, at..at + runs.bytes))
}

/// The common part, as runs that lie in one piece in both arrays.
struct Runs {
    /// For each dimension outside of a run: how many of it both have, and its strides in the two.
    outer: Vec<(usize, usize, usize)>,
    /// Bytes of a run.
    bytes: usize,
}

impl Runs {
    fn of(old: &[usize], new: &[usize], scalar: usize) -> Self {
        // The dimensions inside of the last one in which the two differ belong to a run whole.
        let differing = old.iter().zip(new).rposition(|(old, new)| old != new).unwrap_or(0);
        let inside =
            |shape: &[usize], from: usize| shape.iter().skip(from).product::<usize>() * scalar;
        let outer = old[..differing.min(old.len())].iter().zip(new).enumerate();
        let outer = outer.map(|(dimension, (old_len, new_len))| {
            let count = *old_len.min(new_len);
            (count, inside(old, dimension + 1), inside(new, dimension + 1))
        });
        let run = match (old.get(differing), new.get(differing)) {
            (Some(old), Some(new)) => *old.min(new),
            _ => 1,
        };
        Self { outer: outer.collect(), bytes: run * inside(new, differing + 1) }
    }

    fn each(
        &self,
        dimension: usize,
        old: usize,
        new: usize,
        copy: &mut impl FnMut(usize, usize) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let Some((count, old_stride, new_stride)) = self.outer.get(dimension) else {
            return copy(old, new);
        };
        (0..*count).try_for_each(|i| {
            self.each(dimension + 1, old + i * old_stride, new + i * new_stride, copy)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn indices(shape: &[usize]) -> Vec<Vec<usize>> {
        shape.iter().fold(vec![vec![]], |all, len| {
            let longer =
                |index: &Vec<usize>| (0..*len).map(|i| [&index[..], &[i]].concat()).collect();
            all.iter().flat_map(|index| -> Vec<Vec<usize>> { longer(index) }).collect()
        })
    }

    fn offset(index: &[usize], shape: &[usize]) -> usize {
        index.iter().zip(shape).fold(0, |at, (i, len)| at * len + i)
    }

    /// Against the plain way, element by element, for all small shapes.
    #[test]
    fn the_common_part_is_copied_and_nothing_else() {
        for dimensions in 0..=3 {
            let shapes = indices(&vec![3; dimensions]);
            let shapes: Vec<Vec<usize>> =
                shapes.iter().map(|shape| shape.iter().map(|len| len + 1).collect()).collect();
            for old_shape in &shapes {
                for new_shape in &shapes {
                    let count = old_shape.iter().product::<usize>();
                    let old: Vec<u8> = (0..2 * count as u8).map(|i| i + 1).collect();
                    let mut new = vec![0; 2 * new_shape.iter().product::<usize>()];
                    let mut expected = new.clone();
                    for index in indices(new_shape) {
                        if index.iter().zip(old_shape).all(|(i, len)| i < len) {
                            let from = 2 * offset(&index, old_shape);
                            let to = 2 * offset(&index, new_shape);
                            expected[to..to + 2].copy_from_slice(&old[from..from + 2]);
                        }
                    }
                    let copy = |at: usize, run: Range<usize>| {
                        new[run.clone()].copy_from_slice(&old[at..at + run.len()]);
                        Ok(())
                    };
                    each(old_shape, new_shape, 2, copy).unwrap();
                    assert_eq!(new, expected, "{old_shape:?} to {new_shape:?}");
                }
            }
        }
    }
}
