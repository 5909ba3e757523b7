//! What was selected of a field: an array of scalars in memory of our own.

use std::borrow::Cow;

use shma_core::ElementType;
use shma_core::inspect::{Elements, FieldView, Scalar};

use crate::failure::Failure;
use crate::selection::Selection;

/// An array in C order; without dimensions it is one scalar.
#[derive(Debug)]
pub struct Array<'m> {
    pub scalar: &'m ElementType<'m>,
    pub shape: Vec<usize>,
    pub bytes: Cow<'m, [u8]>,
    /// The publication that it is of.
    pub version: u64,
}

impl<'m> Array<'m> {
    /// Reads what is selected of a field, all of it from one publication. Only what lies between the
    /// first and the last selected byte is copied from the region.
    pub fn read(field: &'m FieldView, selection: &Selection) -> Result<Self, Failure> {
        let scalar = selection.scalar(field.manifest().ty);
        let span = selection.span();
        let mut bytes = vec![0; span.len()];
        let version = match span.is_empty() {
            true => field.version(),
            false => field.read_part(span.start, &mut bytes)?,
        };
        if !selection.is_contiguous() {
            bytes = selection.gather(&bytes);
        }
        let (bytes, version) = (bytes.into(), version.into());
        Ok(Self { scalar, shape: selection.shape(), bytes, version })
    }

    /// The elements of a member of a struct.
    pub fn of(elements: Elements<'m>) -> Self {
        let (scalar, shape) = (elements.ty().scalar(), elements.shape());
        Self { scalar, shape, bytes: elements.bytes().into(), version: 0 }
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
