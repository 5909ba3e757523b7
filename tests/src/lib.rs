//! What the integration tests share.

pub mod bank;
pub mod child;
pub mod commits;
pub mod counters;
pub mod five_fields;
pub mod hostile;
pub mod kill_storm;
pub mod namespace;
pub mod notes;
pub mod panics;
pub mod parts;
pub mod ping_pong;
pub mod place;
pub mod program;
pub mod python;
pub mod refusal;
pub mod region;
pub mod rng;
pub mod sandbox;
pub mod sizes;
pub mod skip;
pub mod slot_counts;
pub mod states;
#[cfg(target_arch = "x86_64")]
pub mod stepped;
pub mod switched;
pub mod unfinished;
pub mod watchdog;

/// The code blocks of the README, compiled.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
