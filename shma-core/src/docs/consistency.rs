//! Why no value is mixed, why a snapshot shows one instant, and why a death loses nothing.
//!
//! Each argument stands in full in front of the code that rests on it: at the heads of
//! `slots.rs`, `commit.rs`, `snapshot.rs` and `notify.rs` in `src/protocol`. Here is what each says
//! in one sentence, and then a case to follow by hand.
//!
//! # One field, one value
//!
//! *A reader accepts a slot only if no writer can have begun to overwrite it.*
//!
//! Publication `n` lies in slot `n % K`, and its writer stores `begin = n` before the first word of
//! it. A reader loads `version` = v, copies slot `v % K`, then loads `begin`, and accepts if
//! `begin - v < K`.
//!
//! With K = 4, a reader finds version 10 and copies slot 2, slowly:
//!
//! | writers meanwhile | slot written | `begin` | the reader |
//! |---|---|---|---|
//! | nothing | | 10 | accepts |
//! | publish 11, 12 and 13 | 3, 0, 1 | 13 | accepts: slot 2 was not touched |
//! | have begun 14 | 2 | 14 | refuses, although `version` is 13 still |
//!
//! So a reader loses only if K - 1 publications pass and another one begins while it copies. No
//! reader ever makes a writer wait for that; what a reader does that has lost often is told in
//! [`limitations`](super::limitations#readers).
//!
//! # Parts
//!
//! *The slot that is reused is K publications old. Each of the K - 1 publications since then recorded
//! the range that it changed, so their union covers every difference.*
//!
//! A field of 8 words, K = 4. `dirty[n % 4]` is where publication n differs from n - 1:
//!
//! | publication | changes words | goes to slot | range recorded |
//! |---|---|---|---|
//! | 1 | (creation fills all slots) | 1 | none |
//! | 2 | 0 and 1 | 2 | `dirty[2]` = 0..2 |
//! | 3 | 4 | 3 | `dirty[3]` = 4..5 |
//! | 4 | 6 and 7 | 0 | `dirty[0]` = 6..8 |
//! | 5 | 2 and 3 | 1 | `dirty[1]` = 2..4 |
//!
//! Before publication 5 slot 1 holds publication 1. It differs from publication 4 in 0..2, 4..5 and
//! 6..8 alone: that is what `dirty[2]`, `dirty[3]` and `dirty[0]` say. The writer copies those three
//! ranges from slot 0 to slot 1, which makes the two equal. Then it replaces `dirty[1]`, and only
//! then stores words 2 and 3. It has copied 5 words and stored 2, however large the field is.
//!
//! *Killed while it copies*: slot 1 is more equal to slot 0 than before, no recorded range is lost, and
//! the next writer copies the same ranges. *Killed while it stores words 2 and 3*: slot 1 differs
//! from slot 0 in 2..4. The next writer finds `begin` = 5 beside `version` = 4, so it knows that
//! a writer was at slot 1, and copies `dirty[1]` as well. Left out, its own publication 5 would
//! bring the dead writer's words along.
//!
//! A whole update need not copy first, but it records the whole field as changed. So the K - 1
//! partial updates after it copy the whole field once each, because each finds another slot that is
//! entirely out of date. A whole update that was cut off, by a death or a panic, costs the next
//! partial one such copy:
//!
//! ```
//! # use shma_core::ShmState;
//! # use std::panic::{AssertUnwindSafe, catch_unwind};
//! #[derive(ShmState)]
//! struct Line {
//!     cells: [u64; 4096],
//! }
//! # let name = format!("doc-parts-{}", std::process::id());
//! let line = Line::create(&name, &Line::zeroed())?;
//!
//! // An element-wise update stores block after block, and this one fails half-way.
//! let mut left = 2000;
//! let ones = Box::new([1; 4096]);
//! let failed = catch_unwind(AssertUnwindSafe(|| {
//!     line.cells.update_with(&ones, |new, old| {
//!         left -= 1;
//!         assert!(left > 0);
//!         new + old
//!     });
//! }));
//! assert!(failed.is_err());
//! assert_eq!(u64::from(line.cells.version()), 1);
//!
//! // What it had stored is in a slot that this publication uses, and does not come along.
//! line.cells.set(4000, 7);
//! assert_eq!(line.cells.read_boxed().iter().sum::<u64>(), 7);
//! # Ok::<(), shma_core::Error>(())
//! ```
//!
//! # Several fields at one instant
//!
//! *A transaction happens when `commit` becomes odd; from then on its values count, whether the
//! versions say so yet or not.*
//!
//! A committer holds the semaphores of all fields. It fills slots, and writes into every field's
//! `target` the version that the field is to have. Then it makes `commit` odd, stores the versions,
//! and makes `commit` even again. So a reader that finds `commit` odd takes `target` for the
//! version where it is one ahead. A read of one field looks at `commit` only where `begin` says
//! that a publication has begun. That is the case from before the transaction happens until its
//! version is stored.
//!
//! *A snapshot is a consistent cut*: there is an instant at which all its values stood together. Fields a = 60
//! and b = 40, and a transaction that moves 10 from a to b:
//!
//! | the snapshot | meanwhile | it finds | and |
//! |---|---|---|---|
//! | loads `commit` = 4, reads a = 60, b = 40 | nothing | the same versions, `commit` = 4 | accepts |
//! | loads `commit` = 4, reads a = 60 | the transaction, all of it | b = 50, `version` of a is another | refuses |
//! | loads `commit` = 5 | the versions are being stored | a = 50, b = 50 by their targets | accepts if `commit` = 5 still |
//! | loads `commit` = 5, reads a = 50 | it ends, b is updated to 51 | b = 51, `commit` = 6 | refuses |
//!
//! In the first case every field kept its value from the first look at it to the second, and all
//! first looks come before all second looks. So any instant in between will do. In the third
//! nothing else can be published, because all semaphores are held until `commit` is even.
//!
//! Updates of single fields are cut the same way. If a process updates x and then y, no snapshot has
//! the new y beside the old x. And if two processes update x and y independently, no two snapshots
//! disagree on which came first. For that the fence between first and second looks is of sequential
//! consistency, and not an acquire fence.
//!
//! ```
//! # use shma_core::ShmState;
//! #[derive(ShmState)]
//! struct Accounts {
//!     a: i64,
//!     b: [i64; 100],
//! }
//! # let name = format!("doc-cut-{}", std::process::id());
//! let init = Box::new(Accounts { a: 60, b: [40; 100] });
//! let clerk = Accounts::create(&name, &init)?;
//! let auditor = Accounts::open_read_only(&name)?;
//! std::thread::scope(|scope| {
//!     scope.spawn(|| {
//!         for i in 0..500 {
//!             clerk.transaction(|new, old| {
//!                 *new.a = old.a - 1;
//!                 new.b[i % 100] += 1;
//!             });
//!         }
//!     });
//!     let mut seen = Accounts::zeroed();
//!     for _ in 0..500 {
//!         auditor.snapshot_into(&mut seen);
//!         assert_eq!(seen.a + seen.b.iter().sum::<i64>(), 4060);
//!     }
//! });
//! # Ok::<(), shma_core::Error>(())
//! ```
//!
//! # Redo
//!
//! *Completing a transaction is a list of compare-exchanges, each of which succeeds once, however
//! many processes try and however often.*
//!
//! A committer is killed when `commit` is 5. It was about to take a from version 7 to 8, and b was
//! to stay at 3:
//!
//! | process | does | a: `version`, `target` | b: `version`, `target` | `commit` |
//! |---|---|---|---|---|
//! | | | 7, 8 | 3, 3 | 5 |
//! | P takes a's semaphore from the dead | loads `commit` = 5, and is stopped | 7, 8 | 3, 3 | 5 |
//! | Q takes b's semaphore from the dead | a from 7 to 8 | 8, 8 | 3, 3 | 5 |
//! | Q | b from 2 to 3: fails, it is 3 | 8, 8 | 3, 3 | 5 |
//! | Q | `commit` from 5 to 6, wakes all waiters | 8, 8 | 3, 3 | 6 |
//! | Q | updates b, and releases its semaphore | 8, 8 | 4, 3 | 6 |
//! | P goes on | a from 7 to 8: fails, it is 8 | 8, 8 | 4, 3 | 6 |
//! | P | b from 2 to 3: fails, it is 4 | 8, 8 | 4, 3 | 6 |
//! | P | `commit` from 5 to 6: fails | 8, 8 | 4, 3 | 6 |
//!
//! What keeps the targets still under P is that only a transaction writes them, that it needs all
//! semaphores, and that P holds one. Had P stored versions instead, b would have gone back from 4
//! to 3. Suppose that the committer had not reset b's target, and that an earlier transaction had
//! left it at 4 and died before it happened. Then Q would have published what the earlier
//! transaction left in the slot.
//!
//! If Q is killed on the way, its semaphore is a dead owner's again, and the next process to
//! acquire it does the same.
//!
//! # Waiters and publishers
//!
//! *Both change the lock word by a read-modify-write: one comes first, and the other sees what was
//! done before it.*
//!
//! A publisher stores `version`, releases the lock word, then reads `notify`. A waiter reads
//! `notify`, looks at `version`, announces itself in `notify`, and exchanges the lock word for
//! itself. Then it looks at `version` again, and sleeps if `notify` is still what it made of it.
//!
//! | the waiter's change of the lock word comes | the publisher | the waiter |
//! |---|---|---|
//! | after the publisher's | may find no announcement, and makes no system call | finds the new version, and does not sleep |
//! | before the publisher's | finds the announcement, makes `notify` another number, wakes | is turned away by the kernel, which compares the number, or is woken |
//!
//! A [`Writer`](crate::Writer) does not release the lock word between its publications, and does
//! not touch it either. Two threads that each store and then load can both miss the other's store,
//! unless both have a fence in between. A waiter finds in the lock word that a `Writer` holds the
//! semaphore. It then has the kernel execute a fence in the holder's thread as well (`membarrier`),
//! and only then looks again:
//!
//! | the kernel's fence meets the holder | the holder | the waiter |
//! |---|---|---|
//! | after it has stored `version` | may have found no announcement | finds the new version, and does not sleep |
//! | before that | finds the announcement when it reads `notify`, makes it another number, wakes | is turned away or woken, as above |
//!
//! Linux may miss the holder with that fence (seen with 6.18, if the holder's process has just begun to publish
//! this way). So the first sleep of a waiter beside a `Writer` lasts for a millisecond, and then it looks again:
//! by then each sees what the other had stored.
//!
//! So a publication that no process waits for pays one load. A publisher that dies before it wakes leaves
//! sleepers, and they look again at the end of their slice of 100 ms. For atomic fields the counter
//! of calls stands in place of the lock word.
//!
//! One that waits for several fields does these steps for one field after the other, and sleeps on all the
//! words in one system call. The kernel compares each word as it enters the thread there, so a wake on a
//! word that was entered already ends the sleep. The thread that waits for futures is such a waiter. One of
//! its words belongs to its own list: it is changed when a wait is added.
//!
//! ```
//! # use shma_core::{ShmState, Version};
//! # use std::time::Duration;
//! #[derive(ShmState)]
//! struct Clock {
//!     tick: u64,
//! }
//! # let name = format!("doc-waiters-{}", std::process::id());
//! let clock = Clock::create(&name, &Clock::zeroed())?;
//! let watch = Clock::open(&name)?;
//! std::thread::scope(|scope| {
//!     scope.spawn(|| (1..=200).for_each(|tick| _ = clock.tick.write(&tick)));
//!     let (mut seen, mut tick) = (Version::default(), 0);
//!     while tick < 200 {
//!         // None is waited for that is there already, and none is slept through.
//!         watch.tick.wait_newer(seen, Duration::from_secs(60)).unwrap();
//!         seen = watch.tick.read_into(&mut tick);
//!     }
//! });
//! # Ok::<(), shma_core::Error>(())
//! ```
