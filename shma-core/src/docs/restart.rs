//! Restart and shutdown: what to call at start, and what stays at the end.
//!
//! # Which call at start
//!
//! | the program | calls | and if |
//! |---|---|---|
//! | owns the state, and begins anew each time | [`create`](crate::ShmState::create) | its predecessor died: the dead region is replaced. It still runs: `AlreadyExists`, so two instances never run at once |
//! | goes on where its predecessor stopped, or is one of several equals | [`open_or_create`](crate::ShmState::open_or_create) | all died: it gets the last published values |
//! | uses the state of another program | [`open`](crate::ShmState::open), with [`Options::wait`](crate::Options::wait) | the other one has not started yet: waits, then `NotFound` |
//! | only looks | [`open_read_only`](crate::ShmState::open_read_only) | the same |
//!
//! A region is ephemeral by default: dropping the last handle to it removes it. With
//! [`Options::persistent`](crate::Options::persistent) it stays until [`unlink`](crate::ShmState::unlink).
//! `create` never replaces a persistent region.
//!
//! # Values that outlive a run
//!
//! A region that is opened again holds what the last run published. That includes what was meant
//! for that run only: a flag that says "stop", a count of ready workers, an error. Such a value
//! ends the next run before it begins. So the process that starts a run resets these fields before
//! it starts others:
//!
//! ```
//! use shma_core::ShmState;
//!
//! #[derive(ShmState)]
//! struct Control {
//!     ticks: u64, // outlives a run
//!     #[shm(atomic)]
//!     stop: u32, // means something within one run
//! }
//! # let name = format!("doc-restart-{}", std::process::id());
//!
//! for run in 1..=2 {
//!     let options = Control::options().persistent(true);
//!     let control = options.open_or_create(&name, &Control::zeroed())?;
//!     assert_eq!(control.stop.get(), run - 1, "the second run finds what the first one said");
//!     control.stop.set(0);
//!     while control.stop.get() == 0 {
//!         control.ticks.update(|new, old| *new = old + 1);
//!         control.stop.set(1);
//!     }
//! }
//! assert_eq!(Control::open(&name)?.ticks.read(), 2);
//! # Control::unlink(&name)?;
//! # Ok::<(), shma_core::Error>(())
//! ```
//!
//! A number of the run beside the flag does without the reset: write `stop = run`, and obey it only in
//! that run.
//!
//! # Is there another process
//!
//! | question | ask |
//! |---|---|
//! | is any process attached? | [`View::is_attached`](crate::inspect::View::is_attached), exact |
//! | which processes, how many attachments? | [`Census`](crate::inspect::Census), or `shma info NAME` |
//! | does the holder of a semaphore live? | [`FieldView::status`](crate::inspect::FieldView::status), or `shma info NAME` |
//! | does the worker still publish? | [`age`](crate::Field::age) of a field that it writes at least every so often |
//! | does the name still lead to my region? | [`is_current`](crate::Shm::is_current) |
//!
//! A handle does not learn that another process has ended. The kernel frees the semaphores of a dead
//! process, and its last published values stay.
//!
//! ```
//! use shma_core::{ShmState, inspect::View};
//!
//! #[derive(ShmState)]
//! struct Control {
//!     ticks: u64,
//! }
//! # let name = format!("doc-present-{}", std::process::id());
//!
//! let control = Control::options().persistent(true).create(&name, &Control::zeroed())?;
//! assert!(View::open(&name)?.is_attached()?);
//! drop(control);
//! assert!(!View::open(&name)?.is_attached()?);
//! # Control::unlink(&name)?;
//! # Ok::<(), shma_core::Error>(())
//! ```
//!
//! # How a region ends
//!
//! | the last process | its ephemeral region |
//! |---|---|
//! | drops its last handle | is removed |
//! | returns from `main` with a handle in a `static`, or in a thread that still runs | stays, dead: destructors do not run |
//! | calls `process::exit` or `abort`, or panics with `panic = "abort"` | the same |
//! | is ended by a signal: SIGKILL, but also SIGTERM, SIGINT and SIGHUP without a handler | the same |
//! | has changed its user since it created the region, so that it may not remove the file | the same |
//! | has only read-only handles, and may not open the file for writing | the same |
//!
//! A dead region keeps its memory and its values. The next `open` or `open_or_create` takes it over, the
//! next `create` replaces it, and `shma clean` or
//! [`inspect::remove_dead`](crate::inspect::remove_dead) removes it. To leave nothing behind, let `main` own
//! the handles, handle SIGTERM and SIGINT by a flag that ends the main loop, and return.
//!
//! # On a disk
//!
//! A region in a directory on a disk ([`Options::dir`](crate::Options::dir)) outlives the machine's restart.
//! It is a cache of memory and no database: the kernel writes its pages to the disk in any order, at any
//! time.
//!
//! | the machine | the region then |
//! |---|---|
//! | restarts after the last writer dropped its handles | opens as ever, with the last published values |
//! | restarts, or loses power, while a process may write | is [`Error::Unclean`](crate::Error::Unclean): its pages are of several moments, also within one field |
//! | loses power right after a creation | may be missing, may be the region that was replaced, or may be no region |
//!
//! The last handle that may write waits until all is on the disk, and then marks the region clean. The
//! first one that attaches again takes the mark away. A process that is ended by a signal leaves no mark;
//! the next one that opens and drops the region sets it. Processes of the same run of the machine open a
//! region with or without the mark. What a killed process has published is whole, because memory
//! is.
//!
//! [`Options::accept_unclean`](crate::Options::accept_unclean) opens an unclean region. Then
//! semaphores of the previous run are free, a transaction that was being written out is completed
//! from what there is, and values may be torn. Values that must survive a power cut belong in a checkpoint.
//!
//! Runs of the machine are told apart by the kernel's boot id, which containers share. Where it cannot
//! be read, regions in memory are taken for this run's, and unmarked regions on a disk for unclean.
//! The age of values starts anew with the first writer of a run.
//!
//! # Checkpoints and backups
//!
//! [`Shm::checkpoint`](crate::Shm::checkpoint) writes one instant of all fields to a `.safetensors` file, and
//! [`load`](crate::ShmState::load) gives it back:
//!
//! ```
//! use shma_core::{Error, Shm, ShmState};
//!
//! #[derive(ShmState)]
//! struct Training {
//!     weights: [f32; 64],
//!     step: u64,
//! }
//!
//! /// The region if there is one, else what was saved, else zeroes.
//! fn start(name: &str, file: &std::path::Path) -> Result<Shm<Training>, Error> {
//!     let saved = match file.exists() {
//!         true => Training::load(file)?,
//!         false => Training::zeroed(),
//!     };
//!     Training::open_or_create(name, &saved)
//! }
//! # let name = format!("doc-checkpoint-{}", std::process::id());
//! # let file = std::env::temp_dir().join(format!("{name}.safetensors"));
//!
//! let training = start(&name, &file)?;
//! training.step.update(|new, old| *new = old + 1);
//! training.checkpoint(&file)?; // and the machine may stop
//! drop(training);
//! assert_eq!(start(&name, &file)?.step.read(), 1);
//! # std::fs::remove_file(&file).unwrap();
//! # Ok::<(), Error>(())
//! ```
//!
//! | what happens | the file |
//! |---|---|
//! | a writer publishes meanwhile | holds one instant; the writer does not wait |
//! | the process is killed, the disk is full, a call fails | is the old one, whole |
//! | the machine loses power after the call has returned | is the new one, as far as the disk keeps what it has confirmed |
//! | two processes save to one path | is that of one of them, whole |
//!
//! The state is copied once into private memory. numpy, PyTorch, JAX, candle and burn read the file by
//! the field's names; a file that they write loads if it has the same names, types and shapes. The
//! manifest, the notes and the versions stand in its metadata.
//!
//! A copy of a region's file that is made while a process writes is no backup. It takes pages of
//! many publications, and nothing refuses it. Of 8 such copies 6 were torn. Save a checkpoint, or copy a
//! region that no process writes.
//!
//! # When the declaration has changed
//!
//! A program that is built with another declaration gets [`Error::LayoutMismatch`](crate::Error::LayoutMismatch)
//! from `open` and `open_or_create`, whether the old region is in use or dead. The message names each field
//! and each member of a struct that differs, and says whether a process is attached.
//!
//! | the old values | then |
//! |---|---|
//! | are to be kept, and no process uses them | [`migrate_region`](crate::ShmState::migrate_region) copies them by name and type; then unlink the old region and create the new one |
//! | are in a file | [`migrate_file`](crate::ShmState::migrate_file), in the same way |
//! | are of no use, and no process uses them | `create` replaces an ephemeral region; unlink a persistent one first, or `shma rm NAME` |
//! | are in use by processes of the old build | end those first; or let the new build use another name, and copy from the living region |
//!
//! A field that was renamed says its former name: `#[shm(was = "old")]`. Numbers are never converted and
//! arrays never reshaped. What [`Migration`](crate::Migration) prints tells what became of each field, and
//! [`is_lossless`](crate::Migration::is_lossless) whether anything is missing.
//! [A changed struct](super::recipes#a-changed-struct) is the whole program.
