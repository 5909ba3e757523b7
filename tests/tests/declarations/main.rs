//! What the derives make of a declaration, and what they refuse.
#![allow(uncommon_codepoints, reason = "`manifests` tries such names")]

mod derive;
pub mod derive_hygiene;
mod layouts;
mod manifests;
mod ui;
mod untyped;
