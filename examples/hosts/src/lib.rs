//! What programs on two hosts share: the bridges between them.

#![warn(missing_docs)]

pub mod bridges;
