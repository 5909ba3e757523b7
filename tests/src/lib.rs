//! What the integration tests share.

pub mod bank;
pub mod child;
pub mod commits;
pub mod counters;
pub mod crowd;
pub mod dice;
pub mod hostile;
pub mod ledger;
pub mod namespace;
pub mod notebook;
pub mod panics;
pub mod parts;
pub mod rally;
pub mod refusal;
pub mod region;
pub mod skip;
pub mod states;
#[cfg(target_arch = "x86_64")]
pub mod stepped;
pub mod stripes;
pub mod switched;
pub mod unfinished;
pub mod watchdog;

/// The code blocks of the README, compiled.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
