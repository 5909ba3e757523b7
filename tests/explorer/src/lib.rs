//! An exhaustive explorer of a small abstract machine with weak memory, and the protocols of
//! `shma-core` on it.
//!
//! A test can run a protocol millions of times and never meet the one order of steps that breaks
//! it. Here a protocol is a handful of short programs, and *every* order of their steps is visited.
//! That includes every message that a load may read in C11's memory, and a death before every step.
//! The protocol is written a second time for that, so a green model shows that its design is right.
//! The tests with real processes check the code.
//!
//! # How to read a model
//!
//! ```
//! use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
//! use shma_explorer::{Compare, Machine, Program};
//!
//! let mut machine = Machine::new();
//! let (data, ready) = (machine.word("data", 0), machine.word("ready", 0));
//!
//! let mut p = Program::new("writer");
//! p.store(data, 7, Relaxed);
//! p.store(ready, 1, Release);
//! machine.run(p);
//!
//! let mut p = Program::new("reader");
//! let (seen, value) = (p.register("seen"), p.register("value"));
//! let again = p.here();
//! p.load(seen, ready, Acquire);
//! p.jump_if(seen.is(0), again);
//! p.load(value, data, Relaxed);
//! p.check(value.is(7), "the data is not there yet");
//! machine.run(p);
//!
//! let explored = machine.explore().expect("the protocol holds");
//! assert_eq!(explored.ends, 1);
//! ```
//!
//! [`Machine`] holds named words of memory and the programs. A [`Program`] is written by calling
//! its methods in order. Each adds an instruction that is executed when the machine explores. So
//! `p.when(..)` is a branch of the program, while an `if` of Rust chooses between two programs.
//! Wrong variants are made that way. `p.step("T4")` names what follows, in the words of the
//! protocol, for traces.
//!
//! [`Program::check`] says what must hold at a point of a program, and [`Machine::never_decreases`]
//! what must hold for a word. [`Machine::always`] says it for every state, and [`Machine::finally`]
//! for those in which the machine comes to rest. A failure prints which process did what to which
//! word with which value, from the beginning. [`verdict::holds`] looks for a short way there.
//! Reaching the limit of states is a failure as well. So is a part of a program that no execution
//! reached: a model is green only if all of it was explored.
//!
//! A green model counts only together with its mutants: [`verdict::is_caught`] asks that a wrong
//! variant fails, and by which property.
//!
//! The tests take some seconds. `SHMA_LONG=1` adds the larger configurations,
//! which take some minutes and up to 1 GiB:
//!
//! ```text
//! SHMA_LONG=1 cargo test --release -p shma-explorer --test protocols commit -- --nocapture
//! ```
//!
//! # The machine
//!
//! Memory is a history of messages for each word, in modification order. Each process has a *view*:
//! for each word, the oldest message that it may still read. A store leaves a message that carries
//! a view, and a process that acquires it raises its own. This is the promise-free part of the view
//! machine of Kang, Hur, Lahav, Vafeiadis and Dreyer ("A promising semantics for relaxed-memory
//! concurrency", POPL 2017). That one follows the timestamps of Lahav, Giannarakis and Vafeiadis
//! ("Taming release-acquire consistency", POPL 2016). Without promises a load sees only what was
//! stored before, as in RC11 (Lahav, Vafeiadis, Kang, Hur and Dreyer, "Repairing sequential
//! consistency in C/C++11", PLDI 2017). Doherty, Dongol, Wehrheim and Derrick ("Verifying C11
//! programs operationally", PPoPP 2019) argue about programs with such a machine.
//!
//! - A process has three views: what it knows, what an acquire fence would add, and what its last
//!   release fence knew, which relaxed stores carry.
//! - A store may take any place in modification order after what the process knows. A
//!   read-modify-write comes right after what it reads, and carries on its release sequence; other
//!   stores end it, as since C++20.
//! - A compare-exchange that fails is a relaxed load: it may have seen an old value. It is a strong
//!   one, so it never fails on the value that it expects.
//! - Sequentially consistent fences know all that earlier ones knew.
//! - A [heavy fence](Program::heavy_fence) is such a fence in its own process and in each that accepts
//!   it, at one instant, wherever that one is in its program. The kernel switches away from a process
//!   that ends or dies, and so such a process has passed one then.
//! - [`Program::load_latest`] is a question to the kernel, which knows the latest value.
//! - A process that [may die](Program::dies_with) does so before any of its steps. What it has
//!   stored stays; the kernel then clears its token, and that is a store after all it did.
//! - [`Program::sleep`] and wake are those of a futex: the kernel compares with the latest value
//!   and sleeps in one step. A slice of time ends only when no process can move and one was killed.
//!   So a wake-up lost among living processes shows as a sleeper at rest.
//!
//! # What it cannot express
//!
//! - *Load buffering*: a load never sees what is stored only after it, by its own process or by one
//!   that depends on it. C11 allows that for relaxed accesses, RC11 and this machine do not. No
//!   processor does it where the store depends on what was loaded. The stores of these protocols
//!   do: the place, the value, or the right to store at all comes from a load.
//! - Sequentially consistent accesses (only fences), spurious failure of weak compare-exchanges,
//!   accesses of mixed size, and races of accesses that are not atomic: the protocols have none.
//! - Fairness. Endless loops are not found, only machines that rest in a wrong state.
//! - Large numbers: a [`Word`] has 16 bits. Arithmetic wraps, as that of versions does.
//!
//! # How it keeps small
//!
//! Steps that touch only the process's own registers, and its acquire and release fences, are run
//! together with the step before them. Messages that no process can read any more are dropped, and
//! so is what no later step reads: dead registers, views that no later step uses. A state is
//! remembered by a fingerprint of 128 bits (hash compaction: Wolper and Leroy, "Reliable hashing
//! without collision detection", CAV 1993). [`Machine::without_reduction`] leaves all but the first
//! out; tests compare both.

mod access;
mod ahead;
mod expression;
mod fingerprint;
mod instruction;
mod machine;
mod memory;
pub mod models;
pub mod outcomes;
mod perform;
mod program;
mod search;
mod state;
mod step;
mod trace;
pub mod verdict;

pub use expression::{Compare, Expression, Operator, Register, Word};
pub use instruction::{Label, Place, Words};
pub use machine::{Machine, Moment, Process};
pub use program::Program;
pub use search::{Explored, Failure};
pub use state::Status;
pub use trace::Trace;
