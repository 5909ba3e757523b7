//! What was selected of a field: an array of scalars in memory of our own.

use shma_core::ElementType;
use shma_core::inspect::{Elements, FieldView, Scalar};

use crate::failure::Failure;
use crate::selection::{Selection, Taken};

/// An array in C order; without dimensions it is one scalar.
#[derive(Debug)]
pub struct Array<'m> {
    pub scalar: &'m ElementType<'m>,
    pub shape: Vec<usize>,
    pub bytes: Vec<u8>,
    /// The publication that it is of.
    pub version: u64,
}

impl<'m> Array<'m> {
    /// Reads what is selected of a field, all of it from one publication. Of the outermost
    /// dimension only what lies between the first and the last index is copied from the region.
    pub fn read(field: &'m FieldView, selection: &Selection) -> Result<Self, Failure> {
        let ty = field.manifest().ty;
        let shape = ty.shape();
        let taken = selection.of_shape(&shape)?;
        let stays = taken.iter().filter(|taken| taken.stays).map(|taken| taken.count);
        let mut array =
            Self { scalar: ty.scalar(), shape: stays.collect(), bytes: Vec::new(), version: 0 };
        if taken.iter().any(|taken| taken.count == 0) {
            array.version = field.version().into();
            return Ok(array);
        }
        let row = ty.size() / shape.first().copied().unwrap_or(1);
        let (first, last) = taken.first().map_or((0, 0), |taken| {
            let ends =
                [taken.indices().next(), taken.indices().last()].map(Option::unwrap_or_default);
            (ends[0].min(ends[1]), ends[0].max(ends[1]))
        });
        let mut rows = vec![0; (last + 1 - first) * row];
        array.version = field.read_part(first * row, &mut rows)?.into();
        let mut taken = taken;
        if let Some(outermost) = taken.first_mut() {
            outermost.start -= first;
        }
        let lengths: Vec<usize> = shape.iter().skip(1).copied().collect();
        gather(&rows, &taken, &lengths, array.scalar.size(), &mut array.bytes);
        Ok(array)
    }

    /// How many scalars there are.
    pub fn len(&self) -> usize {
        self.bytes.len() / self.scalar.size()
    }

    pub fn get(&self, index: usize) -> Scalar<'_> {
        let size = self.scalar.size();
        Elements::new(self.scalar, &self.bytes[index * size..][..size]).get(0)
    }

    pub fn iter(&self) -> impl Iterator<Item = Scalar<'_>> {
        (0..self.len()).map(|index| self.get(index))
    }
}

/// Appends what is taken. `lengths` are those of all dimensions but the outermost.
fn gather(from: &[u8], taken: &[Taken], lengths: &[usize], scalar: usize, to: &mut Vec<u8>) {
    let Some((outermost, rest)) = taken.split_first() else {
        to.extend_from_slice(&from[..scalar]);
        return;
    };
    let row = scalar * lengths.iter().product::<usize>();
    for index in outermost.indices() {
        gather(&from[index * row..][..row], rest, lengths.get(1..).unwrap_or(&[]), scalar, to);
    }
}
