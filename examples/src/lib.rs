//! What the example programs share.
//!
//! `track` is the state of `writer` and `reader`. The rest is for programs in which one process
//! leads and others work, `sgd` and `heat`. From the top down:
//!
//! - how such a program ends (`ending`), and the parsers of its options (`options`);
//! - what a person sees (`progress`, `console`, `picture`);
//! - the worker processes as the leader sees them (`crew`, `patience`), and the leader as a worker
//!   sees it (`lifeline`);
//! - names and signals (`region`, `stop`);
//! - the heat equation, for `heat` and the programs that come to its bits (`scheme`);
//! - files that are replaced as a whole (`files`, which the command `shma` has too).

#![warn(missing_docs)]

pub mod ending;
pub mod options;

pub mod console;
pub mod picture;
pub mod progress;

pub mod crew;
pub mod lifeline;
pub mod patience;

#[path = "../../shma-cli/src/files/mod.rs"]
pub mod files;
pub mod region;
pub mod scheme;
pub mod stop;
pub mod track;
