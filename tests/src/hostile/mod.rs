//! Files and peers that mean harm: what the campaigns against them, and the fuzzer, share.

pub mod files;
pub mod shelf;
pub mod targets;
