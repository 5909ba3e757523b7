//! How to build what users build most, as programs that run.
//!
//! Most are files of `shma-core/examples`, 50 to 90 lines long, that start their own processes: `cargo
//! run --example lockstep`.
//!
//! | to build | see | the point of it |
//! |---|---|---|
//! | solvers that exchange boundary rows | [lock step](#solvers-in-lock-step) | a pair of fields for even and odd steps; one field loses a step |
//! | a learner whose end is noticed | [presence](#presence) | the holder of a semaphore is known, and whether it lives |
//! | processes that answer each other | [the others' news](#the-others-news) | a call that publishes says which version, so its own is no news |
//! | a queue, a barrier, a pool of tickets | [waiting for a value](#waiting-for-a-value-that-suits) | `update_when` tries at each publication, and publishes when it has something to do |
//! | arrays of `ndarray`, `nalgebra`, `candle` | [arrays](#arrays-of-other-libraries) | a value is one slice, and its shape a constant |
//! | a learner with actors | [follow](#a-learner-and-actors-that-follow-it) | `read_newer` copies only what is newer, and versions may be skipped |
//! | a program that goes on where it was killed | [restart](#restart) | what outlives a run is published together; what does not is reset by the process that starts the run |
//! | a program whose struct has changed | [a changed struct](#a-changed-struct) | `migrate_region` copies what both declarations have, and tells what it does not |
//! | a process that waits for several fields, or an async program | [several fields](#several-fields-at-once-and-async) | `wait_any` is one sleep for all of them; `newer` is a future, for any executor |
//! | a control loop | [control](#a-control-loop) | reads never block; the loop holds the semaphores of what it writes; a read-only follower polls at its own rate |
//! | a work-stealing pool beside a state | [pool](#work-stealing-pools) | compute in the pool, publish outside of it |
//! | tests of code that uses a state | [testing](#testing) | a name of its own, a guard, conditions instead of pauses |
//!
//! # Solvers in lock step
//!
//! Two processes that need each other's boundary at every step may be one step apart. The process
//! that is ahead has published step `n + 1` while the other one has not yet read step `n`. A field
//! holds the newest value only, so with one field for each boundary the slower process misses step
//! `n` and waits for ever. With a field for even steps and one for odd steps, step `n` is
//! overwritten by `n + 2`. That is published only after the neighbour has published `n + 1`, and it
//! does that after it has read `n`.
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
//! # Presence
//!
//! ```no_run
#![doc = include_str!("../../examples/presence.rs")]
//! ```
//!
//! # The others' news
//!
//! A process that publishes to the field it waits for must not take its own publication for news. It
//! waits beyond the version that its own call returned. Versions count publications one by one, so the
//! same number says whether others published between its last look and its own call; what they
//! published is what its closure got as `old`.
//!
//! ```
//! use std::time::Duration;
//!
//! use shma_core::{Error, Field, ShmState, Version};
//!
//! #[derive(ShmState)]
//! struct Shared {
//!     estimate: [f64; 8],
//! }
//!
//! /// Mixes what this process has found out into the estimate, and returns when another process has
//! /// published since `seen`.
//! fn exchange(
//!     estimate: &Field<[f64; 8]>,
//!     seen: Version,
//!     mine: &[f64; 8],
//! ) -> Result<([f64; 8], Version), Error> {
//!     let published = estimate.update_with(mine, |new, old| 0.5 * (new + old));
//!     let between = u64::from(published).wrapping_sub(u64::from(seen)) - 1;
//!     if between == 0 {
//!         estimate.wait_newer(published, Duration::from_secs(60))?;
//!     }
//!     Ok(estimate.read_versioned())
//! }
//! # let name = format!("doc-news-{}", std::process::id());
//! # let one = Shared::create(&name, &Shared::zeroed())?;
//! # let two = Shared::open(&name)?; // in place of another process
//! # let seen = one.estimate.version();
//! # std::thread::scope(|scope| {
//! #     let one = scope.spawn(|| exchange(&one.estimate, seen, &[8.0; 8]));
//! #     let two = scope.spawn(|| exchange(&two.estimate, seen, &[8.0; 8]));
//! #     for process in [one, two] {
//! #         let (estimate, version) = process.join().unwrap()?;
//! #         assert_eq!((estimate, version.into()), ([6.0; 8], 3_u64));
//! #     }
//! #     Ok::<(), Error>(())
//! # })?;
//! # Ok::<(), Error>(())
//! ```
//!
//! # Waiting for a value that suits
//!
//! A field with [`update_when`](crate::Field::update_when) is what a mutex with a condition variable is,
//! between processes that may be killed. Each side changes the value when it suits and otherwise
//! publishes nothing, so idle processes leave each other asleep. With `update` in place of it each look
//! would be a publication, and would wake all others to look again.
//!
//! ```
//! use std::time::Duration;
//!
//! use shma_core::{Error, Field, ShmState};
//!
//! #[derive(ShmState)]
//! struct Work {
//!     /// How many jobs wait, and which: the first of them is the next.
//!     queue: [u64; 4],
//! }
//!
//! const PATIENCE: Duration = Duration::from_secs(60);
//!
//! fn put(queue: &Field<[u64; 4]>, job: u64) -> Result<(), Error> {
//!     queue.update_when(PATIENCE, |[waiting, places @ ..], _| {
//!         *places.get_mut(*waiting as usize)? = job; // `None` if it is full
//!         *waiting += 1;
//!         Some(())
//!     })
//! }
//!
//! fn take(queue: &Field<[u64; 4]>) -> Result<u64, Error> {
//!     queue.update_when(PATIENCE, |[waiting, places @ ..], _| {
//!         *waiting = waiting.checked_sub(1)?; // `None` if it is empty
//!         places.rotate_left(1);
//!         Some(places[2])
//!     })
//! }
//! # let name = format!("doc-queue-{}", std::process::id());
//! # let work = Work::create(&name, &Work::zeroed())?;
//! # std::thread::scope(|scope| {
//! #     scope.spawn(|| (0..50).for_each(|job| put(&work.queue, job).unwrap()));
//! #     for job in 0..50 {
//! #         assert_eq!(take(&work.queue)?, job);
//! #     }
//! #     Ok::<(), Error>(())
//! # })?;
//! # assert_eq!(u64::from(work.queue.version()), 101);
//! # Ok::<(), Error>(())
//! ```
//!
//! If a process is killed with a job in its hands, the job is lost. Where that matters, note in the
//! same closure which worker took it, and let each worker hold a field of its own as a sign of
//! [presence](#presence).
//!
//! # Arrays of other libraries
//!
//! [`read_flat`](crate::Field::read_flat), [`write_flat`](crate::Field::write_flat),
//! [`update_flat`](crate::Field::update_flat) and
//! [`update_with_flat`](crate::Field::update_with_flat) have a value as one slice of numbers in C order,
//! and [`Element::SHAPE`](crate::Element::SHAPE) has the lengths of its dimensions. That is all that
//! other libraries need. These programs are built by themselves, because the libraries take minutes:
//! `cargo run --manifest-path examples/arrays/Cargo.toml --bin ndarray`.
//!
//! ## ndarray
//!
//! ```text
#![doc = include_str!("../../recipes/ndarray.rs")]
//! ```
//!
//! ## nalgebra
//!
//! ```text
#![doc = include_str!("../../recipes/nalgebra.rs")]
//! ```
//!
//! ## candle
//!
//! ```text
#![doc = include_str!("../../recipes/candle.rs")]
//! ```
//!
//! # Several fields at once, and async
//!
//! ```no_run
#![doc = include_str!("../../examples/several.rs")]
//! ```
//!
//! # A control loop
//!
//! The loop is the only writer of its outputs, so it holds their semaphores by a
//! [`Writer`](crate::Writer) each: it waits for no process from then on. Any other call that would
//! write them learns which process holds them. So does every transaction of the state, which needs
//! all semaphores. What several processes change together with these outputs is better a state of
//! its own.
//!
//! ```no_run
#![doc = include_str!("../../examples/control.rs")]
//! ```
//!
//! # Restart
//!
//! More in [`restart`](super::restart).
//!
//! ```no_run
#![doc = include_str!("../../examples/restart.rs")]
//! ```
//!
//! # A changed struct
//!
//! ```no_run
#![doc = include_str!("../../examples/changed.rs")]
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
