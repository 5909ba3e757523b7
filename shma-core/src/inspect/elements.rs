//! Bytes, and what they mean.

use super::scalar::Scalar;
use crate::element::{ElementType, StructField};

/// An array of scalars, of any number of dimensions, as bytes and their type.
#[derive(Debug, Clone, Copy)]
pub struct Elements<'a> {
    ty: &'static ElementType,
    bytes: &'a [u8],
}

impl<'a> Elements<'a> {
    /// Takes bytes for a value of a type.
    ///
    /// # Panics
    ///
    /// If there are more or fewer bytes than such a value has.
    pub fn new(ty: &'static ElementType, bytes: &'a [u8]) -> Self {
        assert_eq!(bytes.len(), ty.size(), "a {ty} has {} bytes", ty.size());
        Self { ty, bytes }
    }

    /// The type of the whole.
    pub fn ty(&self) -> &'static ElementType {
        self.ty
    }

    /// The bytes of the whole.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The lengths of its dimensions, outermost first; empty for a single scalar.
    pub fn shape(&self) -> Vec<usize> {
        self.ty.shape()
    }

    /// How many scalars there are; never 0.
    #[expect(clippy::len_without_is_empty, reason = "it is never empty")]
    pub fn len(&self) -> usize {
        self.bytes.len() / self.ty.scalar().size()
    }

    /// A scalar, counted flat in C order.
    ///
    /// # Panics
    ///
    /// If there are not so many.
    pub fn get(&self, index: usize) -> Scalar<'a> {
        let scalar = self.ty.scalar();
        let first = index.checked_mul(scalar.size()).expect("an index of the array");
        Scalar::of(scalar, &self.bytes[first..][..scalar.size()])
    }

    /// All scalars in C order.
    pub fn iter(self) -> impl ExactSizeIterator<Item = Scalar<'a>> {
        let scalar = self.ty.scalar();
        self.bytes.chunks_exact(scalar.size()).map(move |bytes| Scalar::of(scalar, bytes))
    }

    /// A field of a struct whose bytes these are.
    pub(super) fn member(bytes: &'a [u8], field: &StructField) -> Self {
        Self::new(field.ty, &bytes[field.offset..][..field.ty.size()])
    }
}
