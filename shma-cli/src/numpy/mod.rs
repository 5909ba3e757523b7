//! Files for numpy, and files of numpy: `.npy` holds one array, `.npz` several.
//!
//! From the bottom up: [`literal`] reads the Python text in a header
//! ([`cursor`] is a place in it, [`scalar`] its numbers and texts), [`dtype`] knows numpy's types,
//! [`fit`] brings the items of a file into the form of a field, [`npy`] is the file of one array,
//! [`member`] checks an array's bytes in an archive, [`npz`] is the archive ([`sink`] keeps
//! its failures quiet), and [`source`] reads whichever of the two a file is.

mod cursor;
mod dtype;
mod fit;
mod literal;
mod member;
pub mod npy;
pub mod npz;
mod scalar;
mod sink;
pub mod source;
