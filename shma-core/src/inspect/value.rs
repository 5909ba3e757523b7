//! A value that was read, with its type.

use super::elements::Elements;
use crate::field::Version;
use crate::manifest::Known;
use crate::manifest::element::ElementType;

/// A value of a field, as bytes and what they mean.
#[derive(Debug, Clone)]
pub struct Value {
    manifest: Known,
    index: usize,
    pub(super) version: Version,
    pub(super) bytes: Vec<u8>,
}

impl Value {
    /// A value of a field, to read into.
    pub(super) fn blank(manifest: &Known, index: usize) -> Self {
        let bytes = vec![0; manifest.get().fields[index].size];
        Self { manifest: manifest.clone(), index, version: Version::default(), bytes }
    }

    /// Its type.
    pub fn ty(&self) -> &ElementType<'_> {
        self.manifest.get().fields[self.index].ty
    }

    /// The publication that it is of.
    pub fn version(&self) -> Version {
        self.version
    }

    /// Its bytes, in C order and the machine's byte order.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What the bytes mean.
    pub fn elements(&self) -> Elements<'_> {
        Elements::new(self.ty(), &self.bytes)
    }
}
