//! Where old values come from.

use std::collections::HashMap;

use crate::checkpoint::Checkpoint;
use crate::error::Error;
use crate::manifest::OwnedManifest;
use crate::manifest::element::ElementType;

/// Old values, each with its name.
pub(crate) trait Source {
    /// Where they are, in the order of the declaration where that is known.
    fn places(&self) -> Vec<usize>;

    /// The name of a value.
    fn name(&self, place: usize) -> String;

    /// Where the value of this name is.
    fn place(&self, name: &str) -> Option<usize>;

    /// The type of a value, as far as it has one.
    fn ty(&self, place: usize) -> Option<&ElementType<'_>>;

    /// The type of a value, in words.
    fn printed(&self, place: usize) -> String;

    /// The shape of a value, if it consists of the same scalars as this type and has as many dimensions.
    fn shape_as(&self, place: usize, ty: &ElementType<'_>) -> Option<Vec<usize>>;

    /// Reads bytes of a value, from its byte `first` on.
    fn read(&self, place: usize, first: usize, into: &mut [u8]) -> Result<(), Error>;
}

/// The values of a region, in the order of its manifest.
#[derive(Debug)]
pub(crate) struct Values {
    manifest: OwnedManifest,
    places: HashMap<String, usize>,
    bytes: Vec<Vec<u8>>,
}

impl Values {
    pub(crate) fn new(manifest: OwnedManifest, bytes: Vec<Vec<u8>>) -> Self {
        let names = manifest.get().fields.iter().map(|field| field.name.to_owned());
        let places = names.zip(0..).collect();
        Self { manifest, places, bytes }
    }
}

impl Source for Values {
    fn places(&self) -> Vec<usize> {
        (0..self.bytes.len()).collect()
    }

    fn name(&self, place: usize) -> String {
        self.manifest.get().fields[place].name.to_owned()
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.places.get(name).copied()
    }

    fn ty(&self, place: usize) -> Option<&ElementType<'_>> {
        Some(self.manifest.get().fields[place].ty)
    }

    fn printed(&self, place: usize) -> String {
        self.manifest.get().fields[place].ty.to_string()
    }

    fn shape_as(&self, place: usize, ty: &ElementType<'_>) -> Option<Vec<usize>> {
        shape_as(self.manifest.get().fields[place].ty, ty)
    }

    fn read(&self, place: usize, first: usize, into: &mut [u8]) -> Result<(), Error> {
        into.copy_from_slice(&self.bytes[place][first..][..into.len()]);
        Ok(())
    }
}

impl Source for Checkpoint {
    fn places(&self) -> Vec<usize> {
        match self.manifest() {
            Some(manifest) => {
                let names = manifest.get().fields.iter().map(|field| field.name);
                names.filter_map(|name| Self::place(self, name)).collect()
            }
            None => (0..self.tensors().len()).collect(),
        }
    }

    fn name(&self, place: usize) -> String {
        self.tensors().nth(place).map_or_else(String::new, |it| it.name.escape_debug().to_string())
    }

    fn place(&self, name: &str) -> Option<usize> {
        Self::place(self, name)
    }

    fn ty(&self, place: usize) -> Option<&ElementType<'_>> {
        Self::ty(self, place)
    }

    fn printed(&self, place: usize) -> String {
        Self::printed(self, place)
    }

    fn shape_as(&self, place: usize, ty: &ElementType<'_>) -> Option<Vec<usize>> {
        match Self::ty(self, place) {
            Some(stored) => shape_as(stored, ty),
            None => self.plain_shape(place, ty),
        }
    }

    fn read(&self, place: usize, first: usize, into: &mut [u8]) -> Result<(), Error> {
        Self::read(self, place, first, into)
    }
}

fn shape_as(old: &ElementType<'_>, new: &ElementType<'_>) -> Option<Vec<usize>> {
    let same = is_same_scalar(old.scalar(), new.scalar());
    Some(old.shape()).filter(|shape| same && shape.len() == new.shape().len())
}

/// Whether the bytes of the two mean the same. What a struct is called does not matter, only its members.
fn is_same_scalar(old: &ElementType<'_>, new: &ElementType<'_>) -> bool {
    match (old, new) {
        (ElementType::Struct { fields: old, .. }, ElementType::Struct { fields: new, .. }) => {
            old.len() == new.len()
                && old.iter().zip(*new).all(|(old, new)| {
                    old.name == new.name
                        && old.offset == new.offset
                        && old.ty.shape() == new.ty.shape()
                        && is_same_scalar(old.ty.scalar(), new.ty.scalar())
                })
        }
        (old, new) => old == new,
    }
}
