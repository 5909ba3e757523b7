//! What lies in memory if a process dies at a given step, what others see, and who mends it.
//!
//! A death is SIGKILL, a crash, an `abort`, or the end of the process while threads are inside
//! calls. The promise is the same at every instruction. The last published values are intact,
//! transactions are wholly in or out, and a writer that waits acquires the semaphore.
//!
//! None of it rests on a clean-up by the dying process. All locks belong to open file descriptions,
//! which the kernel ends with the process. A process that wants what an owner holds asks the kernel
//! whether that owner lives. The kernel tears the process's memory down first, which takes about
//! 80 ms per GiB resident; until then the process counts as alive.
//!
//! # How to stop there
//!
//! The first column names a stop point of the sources. Built with `RUSTFLAGS="--cfg shma_stop"`, a
//! process with `SHMA_STOP=publish.begun` in its environment kills itself when it first gets there,
//! with `SHMA_STOP=publish.begun:3` the third time. With `SHMA_STOP=pause:publish.begun` it stops
//! there until SIGCONT, with `SHMA_STOP=pause:publish.begun:each` every time. Rows without a name
//! lie between two that have one. The workspace's `tests/tests/deaths/stop_points` stops at every
//! point: in `births.rs` (creating, attaching), `updates.rs`, `writers.rs` (many updates under one
//! acquisition), `contention.rs` (waiting, taking over), `commits.rs` (transactions and their
//! recovery), `reads.rs` and `ends.rs` (leaving, unlinking).
//!
//! Beside those stories stand campaigns, which try to break the promises anywhere: in the workspace,
//! `cargo run --release -p shma-campaigns --bin campaign -- list`. `step-kill` kills each call
//! behind every instruction that changes something for others, and then at all its other
//! instructions. `kill` kills whole herds at random, and `birth` the processes that race for a
//! name. `full` refuses each system call in turn, and `models` explores abstract machines that die
//! before every store.
//!
//! # Creating
//!
//! A region is made complete under a temporary name, `shma-tmp.` and 32 hexadecimal digits, and then
//! renamed. So no process ever sees half a region under its name.
//!
//! The file is one byte long until its creator has locked it, and gets its length and its memory under
//! the lock. So a longer file without a lock has lost its creator, and is removed at once. A creator
//! that lives keeps its lock however slow it is, and its file stays.
//!
//! A creation looks for such files among all names of the directory. Where there are more than 256, a
//! process that has looked rests for 5 µs a name, 50 ms for 10,000, before a creation of it looks again.
//! The first creation of a process always looks, and so does one that lacks memory.
//!
//! | stop point | what is there | others see | who mends it |
//! |---|---|---|---|
//! | `create.made` | a temporary file of one byte, not locked yet | nothing under the name | the next creation by the same user, once the file is older than 60 s |
//! | `create.locked` | the same; the lock "attached" ended with the process | the same | the same |
//! | `create.lengthened` | a temporary file with the region's length, and without memory | the same | the next creation by the same user that looks, at once |
//! | `create.reserving` | the same, with some of its memory reserved | the same | the same |
//! | `create.reserved` | the same, with all of it | the same | the same |
//! | `attach.token` | the same, and one owner id is drawn | the same | the same |
//! | `create.filled` | a whole region under the temporary name | the same | the same |
//! | `create.replacing` | as above, and beside it the dead region that was to be replaced; its locks went with the process | the dead region, with its last values | the next creation replaces it, or `open` takes it over |
//! | | renamed over the dead region, which does not say `retired` yet | the new region with its initial values | no repair is needed: the name leads to the new one |
//! | `create.named` | a whole region without attachments | its initial values | `open` takes it over; the next creation replaces it, unless it is persistent |
//!
//! # Attaching
//!
//! | stop point | what is there | others see | who mends it |
//! |---|---|---|---|
//! | `attach.opened` | nothing new | nothing | |
//! | `attach.token` | `next_id` is one further | nothing | no repair is needed: ids are not reused until 2^30 of them are drawn |
//! | `attach.beginning` | `mark` says that a process was about to write, `boot_id` is this run's | nothing, until the machine is started again; then `Unclean` on a disk | the next attacher |
//! | `attach.locked` | the same: the lock went with the process | for as long as it lived, that the region is in use | |
//!
//! # Updating a field
//!
//! v is the version, t the slot of v + 1. The semaphore is a dead owner's in every row up to
//! `publish.published`: the next writer finds it taken, asks the kernel, and takes it over.
//!
//! | stop point | what is there | a reader sees | the next writer |
//! |---|---|---|---|
//! | | `lock` is the dead owner's, `pid` may be an earlier one's | v | takes over |
//! | `acquire.acquired` | the same, with its `pid` | v | takes over |
//! | (in the closure of `update`, `update_range`) | the same: closures work on private memory | v | takes over |
//! | `publish.begun` | `begin` = v + 1, slot t as it was | v, with one more look at `commit` | takes over, and counts `dirty[t]` among the ranges to copy |
//! | `publish.caught_up` | partial updates: some ranges of slot t are more like the active slot | v | the same |
//! | `publish.marked` | `dirty[t]` is the range that was to be changed | v | the same, by the new `dirty[t]` |
//! | (in the closure of `update_with`, `merge`) | some blocks of slot t are stored | v | the same; a whole update stores all of slot t anyway |
//! | | `published` is the time of a publication that did not come | v, with too young an `age` | the same; its own publication sets it |
//! | `publish.stored` | all of slot t is stored | v | the same |
//! | `publish.published` | `version` = v + 1, and sleepers sleep | v + 1 | takes over, and wakes the sleepers of all fields |
//! | `release.freed` | the semaphore is free, and its sleeping waiters were not woken | v + 1 | one that is awake acquires it at once, sleepers after at most 5 ms |
//! | `wake.released` | the semaphore is free, and waiters for a publication were not woken | v + 1; sleepers after at most 100 ms | acquires it at once |
//! | `wake.told` | `notify` is another number, and sleepers were not woken | the same | the same |
//!
//! A panic in a closure leaves the same memory as a death there, except that the semaphore is free.
//!
//! Under a [`Writer`](crate::Writer) the rows from `publish.begun` to `publish.published` come once
//! for each publication. There v is the version before it, and all earlier publications are
//! published. In place of `release.freed` and `wake.released` there is:
//!
//! | stop point | what is there | a reader sees | the next writer |
//! |---|---|---|---|
//! | `wake.kept` | `version` = v + 1, the semaphore is the dead owner's, and waiters for a publication were not woken | v + 1; sleepers after at most 100 ms, or when there is a next writer | takes over, and wakes the sleepers of all fields |
//!
//! # Waiting
//!
//! | stop point | what is there | others |
//! |---|---|---|
//! | `acquire.sleeping` | bit 31 of `lock`: a waiter may sleep | the holder makes one needless wake-up call |
//! | | woken to acquire the semaphore, and dead before it could | sleepers look themselves after at most 5 ms |
//! | `wait.sleeping` | bit 0 of `notify` | the next publisher makes one needless wake-up call |
//!
//! # Taking over
//!
//! P takes over the semaphore of a dead owner D, and dies itself.
//!
//! | stop point | what is there | a reader sees | the next writer |
//! |---|---|---|---|
//! | `acquire.taken_over` | `lock` is P's, dead as D was; a transaction of D's may still be half written out | it by its targets | takes over from P, and completes it |
//! | `recover.version` | one more `version` is what its `target` says | the same | the same |
//! | `recover.done` | `commit` is even | it by its versions | takes over from P; wakes the sleepers of all fields |
//! | `recover.woken` | the same, and all sleepers are awake | the same | the same |
//!
//! The other semaphores that D held stay its own until another process wants them. A process that
//! acquires one finds `commit` even.
//!
//! # Transactions
//!
//! C holds the semaphores of all fields but atomic ones, and dies.
//!
//! | stop point | what is there | a reader or snapshot sees | the next writer of any field |
//! |---|---|---|---|
//! | (while acquiring) | some semaphores are C's | old values | takes over the one it wants, if it was C's |
//! | `transaction.acquired`, and in the closure | all semaphores are C's | old values | takes over |
//! | `publish.begun`, `publish.marked` | some fields have begun; some `target`s are set | old values | takes over; targets mean nothing while `commit` is even |
//! | `commit.slot` | some slots are stored | old values | the same |
//! | `commit.stored` | all slots are stored | old values | the same |
//! | `commit.happened` | `commit` is odd | **new values**, by their targets | takes over, stores the versions, makes `commit` even, wakes the sleepers of all fields |
//! | `publish.stored`, `publish.published`, `commit.version` | some versions are stored | new values | the same |
//! | `commit.done` | `commit` is even, and sleepers sleep | new values; sleepers after at most 100 ms | takes over, and wakes the sleepers of all fields |
//! | `release.freed`, `wake.released`, `wake.told` | some semaphores are free | new values | as after an update; takes over the semaphores that are still C's |
//!
//! A transaction that changed nothing stores nothing, and releases the semaphores.
//!
//! # Reading
//!
//! | stop point | what is there |
//! |---|---|
//! | `read.entered` | nothing: readers store nothing in the region |
//! | `snapshot.copied` | nothing |
//!
//! After 64 failed attempts a reader that may write also acquires the free semaphores, for one
//! attempt. If it dies there, the next writer takes them over.
//!
//! # Atomic fields
//!
//! There is no semaphore. A call that is cut off has changed the elements that it had reached, each
//! of them whole, and is not counted in `version`. If it was cut off after it was counted, sleepers
//! may not have been woken: they look after at most 100 ms.
//!
//! # Leaving
//!
//! The last handle to an ephemeral region removes its name. The last that may write to a region that
//! stays marks it clean.
//!
//! | stop point | what is there | others see | who mends it |
//! |---|---|---|---|
//! | `leave.marked` | `mark` names the leaver, whose owner id is dead | nothing, until the machine is started again; then `Unclean` on a disk | the next process that attaches for writing and leaves |
//! | `leave.written` | the same, and all has reached the disk | the same | the same |
//! | | a region that this process is attached to no more | that it is dead, if there is no other attachment | `open` takes it over, the next creation replaces it |
//! | `leave.closed` | the same | the same | the same |
//! | `leave.locked` | the same: the locks went with the process | the same | the same |
//! | | the name is gone | `NotFound` | |
//!
//! A process that is killed never gets here. So after a crash of all, an ephemeral region stays with
//! its last values until it is opened again, replaced, or unlinked. The same holds if the last one to
//! leave has no write permission, or is not the file's user where only that user may remove it.
//!
//! # Unlinking
//!
//! | stop point | what is there | others see | who mends it |
//! |---|---|---|---|
//! | `unlink.locked` | nothing new: the lock went with the process | the region as it was | |
//! | `unlink.unlinked` | the name is gone; `retired` is not set, sleepers sleep | `is_current` is false; sleepers get `Retired` after at most 100 ms | no repair is needed: the name leads nowhere |
//! | | the same, with `retired` | the same | |
//! | `wake.told` | the same, and some sleepers are awake | the same | |
//!
//! # Removing a dead region
//!
//! | stop point | what is there | others see | who mends it |
//! |---|---|---|---|
//! | `remove.locked` | nothing new: the locks went with the process | the dead region as it was | |
//! | | the name is gone | `NotFound` | |
