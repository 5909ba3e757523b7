//! How to build what users build most, as programs that run.
//!
//! Each is a file of `shma-core/examples`, 70 to 90 lines long, and starts its own processes: `cargo
//! run --example lockstep`.
//!
//! | to build | see | the point of it |
//! |---|---|---|
//! | solvers that exchange boundary rows | [lock step](#solvers-in-lock-step) | a pair of fields for even and odd steps; one field loses a step |
//! | a learner with actors | [follow](#a-learner-and-actors-that-follow-it) | `read_newer` copies only what is newer, and versions may be skipped |
//! | a control loop | [control](#a-control-loop) | reads never block; a read-only follower polls at its own rate |
//! | a work-stealing pool beside a state | [pool](#work-stealing-pools) | compute in the pool, publish outside of it |
//! | tests of code that uses a state | [testing](#testing) | a name of its own, a guard, conditions instead of pauses |
//!
//! # Solvers in lock step
//!
//! Two processes that need each other's boundary at every step may be one step apart: the process
//! that is ahead has published step `n + 1` while the other one has not yet read step `n`. A field
//! holds the newest value only, so with one field for each boundary the slower process misses step
//! `n` and waits for ever. With a field for even steps and one for odd steps, step `n` is overwritten
//! by `n + 2`. That is published only after the neighbour has published `n + 1`, and it does that
//! after it has read `n`.
//!
//! ```no_run
#![doc = include_str!("../../examples/lockstep.rs")]
//! ```
//!
//! # A learner and actors that follow it
//!
//! ```no_run
#![doc = include_str!("../../examples/follow.rs")]
//! ```
//!
//! # A control loop
//!
//! ```no_run
#![doc = include_str!("../../examples/control.rs")]
//! ```
//!
//! # Work-stealing pools
//!
//! ```no_run
#![doc = include_str!("../../examples/pool.rs")]
//! ```
//!
//! # Testing
//!
//! ```no_run
#![doc = include_str!("../../examples/testing.rs")]
//! ```
