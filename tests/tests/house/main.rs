//! What holds for the sources.

mod circles;
mod imports;
