//! Every atomic access to a region: where it is, its ordering, its partner, and what shows without it.
//!
//! Nothing of Rust's borrows the region: it is accessed by atomics alone. Slots are copied by one
//! pair of primitives that mean a loop of relaxed accesses, a word at a time. So every race is one
//! between atomics, and what orders them is written here.
//!
//! *L* is a relaxed load followed by an acquire fence. It is used where a read-only mapping may be
//! read: the standard library promises atomic loads from read-only memory only if they are relaxed.
//! A partner that an acquire load would meet is met by the fence too.
//!
//! # Faults that can be switched on
//!
//! The last column names the mutants that take the access or its ordering away; `mutant!` marks their
//! places in the sources.
//!
//! - `RUSTFLAGS="--cfg loom" cargo test --release -p shma-core --lib` explores the protocols under
//!   loom (`src/protocol/models`), each with the mutants that it has to catch.
//! - `RUSTFLAGS="--cfg shma_mutant"` builds them in, and `SHMA_MUTANT=name` switches one on for a
//!   process: for tests with real processes.
//! - `--cfg shma_tsan` puts fences and assembly in words that ThreadSanitizer understands, for the
//!   campaign `tsan`.
//! - The models run the library's own steps: what is in `src/protocol` is compiled as it is, with
//!   loom's atomics in place of the standard library's.
//! - Names with a capital letter are faults of the abstract machine in the workspace's
//!   `tests/explorer/src/models`. It explores what loom cannot: a kill before every step, and what a
//!   thread does by a version that it has loaded itself.
//!
//! # Reading (`slots.rs`)
//!
//! | access | ordering | meets | without it |
//! |---|---|---|---|
//! | `version`, in `enter` | L | the release store in `publish`, the compare-exchange in `recover`: the slot is seen | `load-not-acquired` |
//! | `begin`, in `enter` | Relaxed | nothing: it only decides whether `commit` is looked at | |
//! | `commit`, beside a begun publication | L | the release stores in `happen`, the compare-exchange in `recover`: targets and slots, or versions, are seen | `read-ignores-commit` |
//! | `version` again, behind `commit` | L | as the first; a version older than an even `commit` could be older than the transaction | `read-version-once` |
//! | `target` | Relaxed | behind the load of `commit`, which released it | |
//! | the slot's words | Relaxed | the two fences below, and `version` | |
//! | fence, in `accept` | Acquire | the release fence in `begin`: a reader that saw a word of a later publication sees its `begin` | `slots-no-reader-fence` |
//! | `begin`, in `accept` | Relaxed | behind that fence; accepted if less than K further | `slots-limit` |
//! | `commit`, in `accept` | Relaxed | behind that fence; has to be what it was, if a target was gone by | `read-unconfirmed` |
//!
//! # Publishing (`slots.rs`)
//!
//! The writer holds the semaphore. What it loads of the control block is relaxed (`load_held_64`):
//! the words change under the semaphore alone, whose acquisition orders them.
//!
//! | access | ordering | meets | without it |
//! |---|---|---|---|
//! | `begin`, store | Relaxed | before the fence, and so before the slot | `slots-late-begin`, `BeginAfterCatchUp` |
//! | fence, behind it | Release | the acquire fence in `accept` | `slots-no-writer-fence` |
//! | `dirty`, loads | Relaxed | of all slots but the own, and of the own too if a writer died there | `slots-own-word-skipped` |
//! | words, from the active slot to this one | Relaxed | as the slot's words | |
//! | `dirty`, store | Relaxed | behind the catch-up, before the data | `DirtyBeforeCatchUp`, `DirtyAfterData`, `WholeWithoutWord` |
//! | fence, behind it | Release | the fence in `take_over`: a successor that finds data finds their range | `SuccessorDoesNotAcquire` |
//! | the slot's words | Relaxed | the loads of readers; see there | |
//! | the same by non-temporal stores, `sfence` before | x86-64 | the acquire fence in `accept`: the order of x86-64, which the release fence relies on, leaves such stores out | |
//! | and `sfence` behind | x86-64 | L of `version` in readers, likewise | `words-unfenced-behind` |
//! | `version`, store | Release | L of `version` in readers: the slot is seen | `slots-relaxed-version` |
//!
//! # Committing and recovering (`commit.rs`)
//!
//! | access | ordering | meets | without it |
//! |---|---|---|---|
//! | `target` of a field that takes part, store | Relaxed | released by the odd `commit`, and by the fence in `begin` as in the next row | |
//! | `target` of a field that does not, store | Release | a reader that takes it for that of the transaction before finds in `accept` that that one has ended | `commit-stays-unsaid`, `commit-relaxed-stay` |
//! | `commit`, load before it is made odd | Relaxed | only the holder of all semaphores changes it, or a recoverer, before the dead owner's semaphore can be acquired | |
//! | `commit`, store of odd | Release | L of `commit` in readers, snapshots and `recover`: targets and slots are seen | `commit-relaxed` |
//! | `version`, stores | Release | as in publishing | `slots-relaxed-version` |
//! | `commit`, store of even | Release | L of `commit`: all versions are seen | `EvenRelaxed` |
//! | `commit`, in `recover` | L | the store of odd | `NoRecovery`, `RecoveryAfterUpdate` |
//! | `target`, in `recover` | Relaxed | behind it | `TargetFromBegin` |
//! | `version`, compare-exchange in `recover` | Release, Acquire on failure | L of `version` in readers: the slot came to the recoverer through `commit`. On failure: the release of another recoverer that has redone it | `recover-relaxed-version`, `recover-relaxed-failure`, `recover-plain-version` |
//! | `commit`, compare-exchange in `recover` | Release, Relaxed on failure | L of `commit`: all versions are seen | `recover-relaxed-commit` |
//!
//! # Snapshots (`snapshot.rs`)
//!
//! | access | ordering | meets | without it |
//! |---|---|---|---|
//! | `commit`, first look | L | as in reading | `SnapshotIgnoresCommit` |
//! | `version`, first look | L | as in reading | `load-not-acquired` |
//! | `target` | Relaxed | behind the first look at `commit` | |
//! | each field's slot, fence and `begin` | | as in reading | `slots-no-reader-fence` |
//! | fence | SeqCst | the same fence of another snapshot: of two, one has seen all that the other has | `snapshot-acquire-fence`, `SnapshotFenceAcquire` |
//! | the same fence on x86-64, if the thread holds no semaphore | the compiler's | all stores have one order, and loads are not reordered; the last store of the thread itself came before a locked instruction | |
//! | the same fence, if the thread holds a semaphore | SeqCst, everywhere | that of another holder: what each has published may still be on its way | `snapshot-forgets-own` |
//! | `version`, second look | Relaxed | behind the fence | `snapshot-looks-once`, `SnapshotWithoutRecheck` |
//! | `commit`, second look | Relaxed | behind the fence | `snapshot-commit-unconfirmed`, `SnapshotOddUnconfirmed` |
//!
//! # The semaphore (`semaphore.rs`)
//!
//! | access | ordering | meets | without it |
//! |---|---|---|---|
//! | `lock`, 0 to own id | Acquire, Relaxed on failure | the release of the last holder: all it stored is seen | `semaphore-relaxed-acquire` |
//! | `lock`, looked at by a waiter | Relaxed | a hint for the compare-exchanges | |
//! | `lock`, setting WAITERS | Relaxed | nothing: the bit carries no data | |
//! | `lock`, 0 to own id with WAITERS, having slept | Acquire, Relaxed on failure | as the first; others may sleep still | `semaphore-forgets-sleepers` |
//! | fence, when the kernel says that the owner is dead | Acquire | all that the dead owner did | `semaphore-no-take-over-fence` |
//! | `lock`, from the dead owner's word | Acquire, Relaxed on failure | a release in between; exactly the word that was asked about | `semaphore-swapped-take-over` |
//! | `lock`, own id to 0 | AcqRel, Relaxed on failure | Release: the next holder. Acquire: `meet` of a waiter for a publication | `semaphore-relaxed-release`, `semaphore-deaf-release`, `semaphore-plain-release` |
//! | `lock`, own id with WAITERS to 0 | AcqRel, Relaxed on failure | the same; then one waiter is woken | `semaphore-wakes-none` |
//! | `lock`, `meet`: exchanged for itself | AcqRel, Relaxed on failure | Acquire: the release of a publisher. Release: that of the announcement, to the next publisher, also to one that acquires it for many publications. The bit `WRITER` in it: that one has acquired it already | `semaphore-relaxed-meeting`, `notify-meets-none`, `writer-unmarked` |
//! | `lock`, in messages and when an id is drawn | Relaxed | nothing: gone as soon as seen | |
//!
//! # Waiting for a publication (`notify.rs`)
//!
//! | access | ordering | meets | without it |
//! |---|---|---|---|
//! | `notify`, in `look` | L | the release in `wake_announced`: a waiter that is turned away finds the publication | `NotifyLoadedRelaxed` |
//! | `notify`, setting SLEEPERS | Relaxed | released by `meet`; exactly the word that was looked at | `notify-any-word`, `wait-any-announces-one` |
//! | `version`, behind `meet` | L | the publisher's store, through `lock` | `notify-looks-once` |
//! | heavy fence, behind `meet`, if `lock` says `WRITER` | SeqCst, in this thread and in the holder | the light fence: either the holder's look at `notify` comes after it, or the holder's `version` before it | `notify-no-heavy-fence`, `FenceAfterLook`, `Unregistered` |
//! | light fence, between the holder's `version` and its look at `notify` | the compiler's | the heavy fence of a waiter | `notify-no-light-fence`, `LookBeforeVersion` |
//! | `lock`, exchanged for itself by a holder that no heavy fence reaches, in the same place | AcqRel, Relaxed on failure | `meet` of a waiter, as the release does | `notify-untouched` |
//! | `notify`, in `wake_if_announced` | Relaxed | behind the publisher's change of `lock`, or its light fence | |
//! | `notify`, in `wake_announced` | AcqRel, Relaxed on failure | L in `look`: another number, so that the kernel turns away a waiter that is about to sleep | `notify-same-word` |
//!
//! One thread waits for all futures of a process (`wait_list.rs`). Its list has such a word too, private to
//! the process, and the lock of the list is where both sides meet.
//!
//! | access | ordering | meets | without it |
//! |---|---|---|---|
//! | the list's `notify`, setting SLEEPERS | Relaxed | released by the lock, which the thread acquires next | `list-unannounced` |
//! | the list's `notify`, in `wake_if_announced` | Relaxed | behind the lock, under which the wait was added | `list-adds-silently` |
//! | the end of the thread | the lock | a wait that is added starts another thread | `list-ends-blindly` |
//!
//! # Between the threads of a process (`mailbox.rs`, `lease.rs`)
//!
//! No word of these lies in a region. A thread that ends another one's held semaphore leaves the entry in
//! that thread's mailbox. A field of the C library lends memory to its updates.
//!
//! | access | ordering | meets | without it |
//! |---|---|---|---|
//! | the list of a mailbox, an entry put first | Release, Relaxed on failure | the acquire in `take`, whose thread reads the entry | `mailbox-relaxed-put` |
//! | the list of a mailbox, taken out | Acquire | the release of each entry | `mailbox-relaxed-take` |
//! | the list of a mailbox, in `is_empty` | Relaxed | nothing: an entry that is not seen yet is taken out later | |
//! | `owed`, less a share | AcqRel | Release: what this thread did comes before another one frees the mailbox. Acquire: that of the others | `mailbox-unreleased-settle`, `mailbox-unacquired-settle` |
//! | `owed`, and what was taken out | Relaxed | nothing: the owner's share keeps the mailbox | |
//! | the state of a lease, before it begins | Acquire | the release at the end of the last one, by an earlier thread | `lease-relaxed-start` |
//! | the state of a lease, as it begins | Relaxed | nothing: no other thread changes it then | |
//! | the state of a lease, exchanged at its end | AcqRel | Release: the next lease, or the end of the lender, which frees the value. Acquire: the end of the lender | `lease-unreleased-end`, `lease-unacquired-end` |
//! | the state of a lease, exchanged at the end of its lender | AcqRel | the same in the other direction | `lease-unreleased-lender`, `lease-unacquired-lender` |
//!
//! # Atomic fields (`cells.rs`, `numbers`, `call_counters.rs`)
//!
//! | access | ordering | meets | without it |
//! |---|---|---|---|
//! | an element: load, store, read-modify-write | Relaxed | elements are ordered with nothing but themselves | |
//! | a run of elements: loads, stores, additions by load and store | Relaxed, each in the element's own size | as above | `a_race_tears_no_number` fails |
//! | a counter, after a call | AcqRel | Release: the fence in `sum`, so elements of counted calls are seen; and the acquire in `meet`. Acquire: the release in `meet` | `calls-relaxed-count`, `calls-deaf-count` |
//! | the counters, added up, and a fence | Relaxed, Acquire | the increments | `calls-unordered-sum` |
//! | a counter, in `meet`: exchanged for itself | AcqRel, Relaxed on failure | Acquire: the increments. Release: the announcement, to the next caller | `calls-relaxed-meeting`, `calls-mute-meeting`, `notify-meets-none` |
//!
//! # Numbers of their own
//!
//! All of these are relaxed, because nothing is concluded about other words from them.
//!
//! | word | accesses |
//! |---|---|
//! | `published` | stored before each publication; read by `age` |
//! | `pid` | stored by each holder; read for messages |
//! | `contended`, `dead_owners` | counted up; for people |
//! | `next_id` | counted up by each owner; only that ids differ matters |
//! | `retired` | written through the file, read when it is opened |
//! | the header and everything in a new region | stored before the region has a name; the system calls on both sides order it |
//! | the fork page (private memory) | its generation is read before and after a closure, by the process that it belongs to; its count of forks is a lock, with acquire and release |
//!
//! # What a death orders
//!
//! A process that is killed has carried out some first part of its stores, in the order that the
//! fences above force on them. None of what it did is undone. A process that learns of the death
//! asked the kernel, which ended the dead process's lock after its last store, and has a fence
//! behind the answer. So a successor sees everything that the dead owner did, as if it had been
//! released.
