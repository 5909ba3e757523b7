//! A typed state store in shared memory for processes on one machine.
//!
//! You declare a struct of fixed-size arrays. The derive makes of it a layout that all processes
//! agree on at compile time, one partition with its own semaphore per field, and typed handles.
//! Any number of processes update one field in turn, read it at any time, and wait for it to
//! change. Any of them may be killed at any instruction.
//!
//! ```
//! use shma_core::ShmState;
//!
//! #[derive(ShmState)]
//! struct Model {
//!     weights: [[f32; 64]; 16],
//!     bias: [f32; 16],
//!     #[shm(no_merge)] // left out of element-wise operations on the whole state
//!     step: u64,
//! }
//! # let name = format!("doc-crate-{}", std::process::id());
//! # let name = name.as_str();
//!
//! // In every process, with the same name:
//! let model = Model::open_or_create(name, &Model::zeroed())?;
//!
//! let mut gradient = Model::zeroed();
//! gradient.bias[0] = 1.0;
//! model.update_with(&gradient, |g, w| w - 0.1 * g); // field by field, so processes pipeline
//! model.step.update(|new, old| *new = old + 1); // exclusive read-modify-write
//!
//! let bias = model.bias.read()[0]; // never mixed, and no writer waits for it
//! let step = model.snapshot().step; // all fields as they stood at one instant
//! println!("after {step} steps the first bias is {bias}");
//! # assert_eq!((bias, step), (-0.1, 1));
//! # Ok::<(), shma_core::Error>(())
//! ```
//!
//! # What you get
//!
//! - Reads never block and never write shared memory; each returns exactly what one publication held.
//!   (One exception: a read-write handle overtaken 64 times in a row may hold the semaphore for one
//!   copy.) A process that may only read the file can read the state.
//! - Read-modify-write by many processes without lost updates, per field: [`Field::update`],
//!   [`Field::update_with`], and [`Field::update_range`] at the cost of the part.
//! - All fields as they stood at one instant ([`Shm::snapshot`]), and several fields changed as one
//!   ([`Shm::transaction`]).
//! - Fields without a lock, element by element, where `#[shm(atomic)]` says so: [`Atomic`].
//! - Waiting for the next publication of a field ([`Field::wait_newer`]; in async code
//!   [`Field::newer`]), for that of any of several ([`wait_any`]), or for a value that suits
//!   ([`Field::update_when`]). A publication without waiters pays nothing for it.
//! - Updates that find nothing to do publish nothing and wake no process: [`Field::update_if`].
//! - Survival of `kill -9`: the last published values are intact, transactions are wholly in or out,
//!   and the next writer continues. No decision rests on process ids or time-outs, so a stopped
//!   process loses nothing, and containers make no difference.
//! - A difference field by field if two programs declare a state differently, and a region that any
//!   tool can read by the text in it. [`inspect`] does so, and so does the command `shma`.
//! - States without the struct, for programs that learn at run time what is in them, and for bindings
//!   to other languages: [`untyped`].
//!
//! # What you pay
//!
//! - **Memory**: K values per field, four by default, all of them reserved at creation.
//! - **Copies**: closures work on private memory, so `update` copies the value three times, and a
//!   transaction the whole state twice. [`performance`](docs::performance) has the table.
//! - **Sizes are types**: nothing grows, and there are no pointers, strings or enums in a state.
//! - **Readers may retry**: one that copies more slowly than a writer publishes K - 1 times tries
//!   again. [`Field::try_read`] bounds that.
//! - **Writers wait**: one closure at a time per field, and a holder that is stopped is waited for
//!   ([`Field::update_timeout`] bounds that).
//! - **The newest value only**: this is no queue.
//! - **Linux only.**
//!
//! [`limitations`](docs::limitations) is the whole list.
//!
//! # How it works
//!
//! A region is a file, in `/dev/shm` by default, mapped by all processes that use it. Every field has K slots, a
//! version, and a semaphore of one word. Publication `n` goes to slot `n % K`. A writer acquires the
//! semaphore, stores which publication it begins, fills the next slot, and stores the version. A
//! reader loads the version, copies that slot, and retries if a writer may have begun to reuse it.
//!
//! The word of a semaphore names its holder by a number that is not reused. Each holder keeps a lock
//! on one byte of the file, which ends with its address space, however that ends. A writer that finds
//! the semaphore held asks the kernel about that byte. A dead holder is replaced, and what it left
//! half-done is either not visible or completed.
//!
//! A transaction fills the slots of all fields that it changes, and then makes one word odd: that is
//! the instant at which it has happened. From then on the next writer can store the versions in its
//! place.
//!
//! [`docs`] has a page for each part of it: the bytes, the arguments, every death, every atomic
//! access, who can do what to whom.
//!
//! # A full example
//!
//! Three handles play three processes: a controller, a solver, and a monitor that may only read.
//!
//! ```
//! use std::thread;
//! use std::time::Duration;
//!
//! use shma_core::{Error, ShmState};
//!
//! #[derive(ShmState)]
//! struct Plate {
//!     /// Rows of temperatures.
//!     heat: [[f64; 32]; 16],
//!     inflow: f64,
//!     outflow: f64,
//!     /// How often each sensor was read.
//!     #[shm(atomic)]
//!     reads: [u64; 4],
//! }
//! # let name = format!("doc-full-{}", std::process::id());
//! # let name = name.as_str();
//!
//! // The solver waits for the region, and heats rows 3 and 4 at the cost of these two rows.
//! fn solve(name: &str) -> Result<(), Error> {
//!     let plate = Plate::options().wait(Duration::from_secs(5)).open(name)?;
//!     plate.heat.update_range(3..5, |new, old| {
//!         for (new, old) in new.iter_mut().flatten().zip(old.iter().flatten()) {
//!             *new = old + 20.0;
//!         }
//!     });
//!     plate.reads.fetch_add(3, 1);
//!     Ok(())
//! }
//!
//! // The controller makes it. It goes with the last handle.
//! let mut init = Plate::zeroed();
//! init.inflow = 8.0;
//! let controller = Plate::create(name, &init)?;
//!
//! // The monitor follows it without write permission.
//! let monitor = Plate::open_read_only(name)?;
//! let seen = monitor.heat.version();
//! thread::scope(|scope| {
//!     let solver = scope.spawn(|| solve(name));
//!     let newer = monitor.heat.wait_newer(seen, Duration::from_secs(60))?;
//!     assert!(newer > seen);
//!     let mut rows = [[0.0; 32]; 2];
//!     monitor.heat.read_range(3..5, &mut rows);
//!     assert_eq!(rows, [[20.0; 32]; 2]);
//!     solver.join().unwrap()
//! })?;
//! assert_eq!(monitor.reads.get(3), 1);
//!
//! // What leaves one field arrives in the other, for all processes at the same instant.
//! controller.transaction(|new, old| {
//!     *new.inflow = old.inflow - 2.0;
//!     *new.outflow = old.outflow + 2.0;
//! });
//! let cut = monitor.snapshot();
//! assert_eq!((cut.inflow, cut.outflow), (6.0, 2.0));
//!
//! // Element by element, over all of the field. The argument gets what was published.
//! let mut cooling = [[1.0; 32]; 16];
//! controller.heat.merge(&mut cooling, |new, old| (old - new).max(0.0));
//! assert_eq!((cooling[0][0], cooling[3][0]), (0.0, 19.0));
//! assert_eq!(monitor.heat.get(3), [19.0; 32]);
//! # Ok::<(), shma_core::Error>(())
//! ```
//!
//! What a handle may do is part of its type:
//!
//! ```compile_fail
//! # use shma_core::{Field, ReadOnly};
//! fn reset(inflow: &Field<f64, ReadOnly>) {
//!     inflow.write(&0.0); // no such call
//! }
//! ```
//!
//! # Features
//!
//! `half` makes `f16` and `bf16` of the crate `half` elements, `complex` the `Complex<f32>` and
//! `Complex<f64>` of `num_complex`.
#![deny(missing_docs)]
#![deny(unsafe_code)]
#![cfg_attr(
    loom,
    allow(
        dead_code,
        unused_imports,
        reason = "only the protocols are compiled, and only models use them"
    )
)]

pub mod docs;

pub use bytemuck;
pub use shma_derive::{ShmElement, ShmState};

cfg_if::cfg_if! {
    if #[cfg(all(target_os = "linux", target_pointer_width = "64"))] {
        mod os;
        mod protocol;
        mod sync;
        mod words;
    } else {
        compile_error!(
            "shma-core runs on 64-bit Linux only: it needs addresses for whole regions, futexes between \
             processes, and locks of open file descriptions"
        );
    }
}

cfg_if::cfg_if! {
    // Loom's models need the modules above, and no region.
    if #[cfg(all(target_os = "linux", target_pointer_width = "64", not(loom)))] {
        mod checkpoint;
        mod error;
        mod field;
        pub mod inspect;
        mod manifest;
        mod migration;
        mod partition;
        #[doc(hidden)]
        pub mod private;
        mod region;
        mod state;
        pub mod untyped;
        mod waiting;

        pub use {
            error::{Error, Place, SemaphoreHolder, Space},
            field::{Atomic, Field, Version, Waitable, Writer, wait_any},
            manifest::element::{AtomicElement, AtomicInteger, AtomicNumber, Element, ElementType, OfScalar, StructField},
            manifest::{Difference, Differing, FieldManifest, Manifest, OwnedManifest},
            migration::Migration,
            region::access::{Access, ReadOnly, ReadWrite},
            state::{Choice, Family, Handles, Muts, Options, Refs, Shm, ShmState, Uniform},
        };
    }
}
