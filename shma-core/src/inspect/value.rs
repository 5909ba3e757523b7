//! A value that was read, with its type.

use super::elements::Elements;
use crate::element::ElementType;
use crate::version::Version;

/// A value of a field, as bytes and what they mean.
#[derive(Debug, Clone)]
pub struct Value {
    pub(super) ty: &'static ElementType,
    pub(super) version: Version,
    pub(super) bytes: Vec<u8>,
}

impl Value {
    /// Its type.
    pub fn ty(&self) -> &'static ElementType {
        self.ty
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
        Elements::new(self.ty, &self.bytes)
    }
}
