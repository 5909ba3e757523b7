//! What the library needs of the operating system, as a contract; one module a platform.
//!
//! | item | contract |
//! |---|---|
//! | `futex_wait(word, seen, at_most)` | sleeps while `word` is `seen`, woken by [`futex_wake_one`] or [`futex_wake_all`] from any process that maps the word; may return early for any reason; returns whether the whole time has passed |
//! | `Words` | the same on up to `most_words()` words at once; only the first has to stay mapped |
//! | `pause(at_most)` | sleeps; may return early for any reason |
//! | `coarse_nanos`, `precise_nanos` | one monotonic clock for all processes, cheap and exact |
//! | `light_fence`, `heavy_fence`, `accept_heavy_fences` | a heavy fence and a light one order each other as two fences of sequential consistency do, if the process of the light one has accepted heavy ones before; two light ones do not. A light fence is no instruction; the other two may be refused, and a heavy one may miss the light one at times |
//! | `boot_id` | a number of this run of the machine, or `None` |
//! | `ByteLock` | a lock on one byte of a file that belongs to the open file description |
//! | `Description` | whether a number still refers to an open file description, and not to another one of the same file |
//! | `open`, `open_at_once`, `create_new`, `read`, `read_text`, `names_in`, `names_among`, `above_streams` | no descriptor gets the number of a standard stream, whichever of them is closed |
//! | `Mapping`, `How`, `HUGE` | a mapping that no fork child can write, at an address that huge pages fit |
//! | `ForkPage` | a number that is another one in a child than in its parent, and a time in which no fork copies what a thread is about to give up |
//! | `spawn_unsignalled` | a thread that no handler of a signal runs in |
//! | `Uncancelled` | a time in which the thread is not cancelled, and so not unwound |
//! | `file_size_limit` | how long a file this process may make |
//! | `free_memory` | bytes that this process may still take, or `None` |
//! | `may_be_unmapped(uid)` | whether the number may stand for users that it does not tell apart |
//!
//! `heap` stands in under loom: there waiting is yielding, and there are no files.

#[cfg(loom)]
mod heap;
#[cfg(not(loom))]
mod linux;

#[cfg(loom)]
pub(crate) use heap::*;
#[cfg(not(loom))]
pub use linux::Uncancelled;
#[cfg(not(loom))]
pub(crate) use linux::*;
