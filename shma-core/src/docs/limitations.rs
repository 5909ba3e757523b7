//! What it does not do, and what to do instead.
//!
//! # Platform
//!
//! 64-bit Linux, from 4.14 on (`MADV_WIPEONFORK`). On other systems, and
//! on 32 bits, the crate does not compile, and says so in one error. A container that mounts
//! nothing there has overlayfs. On overlayfs a file's locks end with its descriptor though it is
//! still mapped, so nothing would tell a living owner from a dead one. `create` and `open` test for
//! that, and return an error. A system without `/dev/shm`, as AWS Lambda, has no default place for
//! regions, and every call says so. A strictly confined snap may create `/dev/shm/snap.NAME.*`
//! only, and regions are called `/dev/shm/shma.*`, so it needs the plug `shared-memory`.
//! [`Options::dir`](crate::Options::dir) names another directory, on tmpfs, ext4 or xfs. Network
//! file systems (NFS, SMB, FUSE) are none: other machines do not see the same memory, and many keep
//! no such locks. On file systems that write data to a new place each time (btrfs, zfs) reserved
//! room can still run out, and SIGBUS ends the writer. The protocols assume nothing of x86-64, but
//! it is what the tests run on. On aarch64 the library builds, and its copies are tested in emulation;
//! nothing was run or measured on such a processor. Values lie in the machine's byte order: a region is for one
//! machine. In memory it ends with the machine's run; on a disk it stays (see
//! [`restart`](super::restart)).
//!
//! # Sizes
//!
//! Sizes are part of the type. For data that grows, declare the most there can be and a length
//! beside it, and update both in a transaction. What has an address or a hidden rule in it cannot be
//! shared:
//!
//! ```compile_fail
//! # use shma_core::ShmState;
//! #[derive(ShmState)]
//! struct Growing {
//!     samples: Vec<f32>, // refused: write [f32; N], and a length
//! }
//! ```
//!
//! ```compile_fail
//! # use shma_core::ShmState;
//! #[derive(ShmState)]
//! struct Switch {
//!     on: bool, // refused: write u8; a peer may store any byte
//! }
//! ```
//!
//! A field is at most 32 GiB less 8 bytes. The name of a region has at most 200 characters, the
//! name of a field 4,096 bytes, and a manifest 512 KiB. An array has at most 64 dimensions, and at
//! most 32 structs lie within one another. A declaration beyond these limits does not build.
//!
//! A region takes K times its values (`#[shm(slots = 2)]` halves the default), all of it from the
//! start.
//!
//! `create` asks first whether there is enough: room in the directory, and in `/dev/shm` memory of the machine
//! (`MemAvailable` and free swap) and of its control groups. If not, it returns
//! [`Error::NoSpace`](crate::Error::NoSpace), where the kernel would have ended a process. Memory that
//! other processes take in the same moment can still be missing. A limit of file sizes (`ulimit -f`)
//! that is too low is [`Error::Io`](crate::Error::Io), which names it, and not the signal SIGXFSZ.
//!
//! Values over 64 KiB are not returned by value, since they would pass through the stack. Nor does
//! [`ShmState::zeroed`](crate::ShmState::zeroed) put a state there.
//!
//! # One value, not a queue
//!
//! A field holds the newest value. A reader that is slower than its writer misses what came in
//! between; it learns from versions how much that was.
//!
//! # Readers
//!
//! Reads never block, but retry beside a writer that publishes K - 1 times while they copy.
//!
//! - After 64 attempts a handle that may write also tries to acquire the semaphore, if it is free,
//!   and holds it for one copy. Writers wait for that copy; and if the reader is stopped in the
//!   middle of it, they wait for the reader. A read-only handle never does so, and neither do
//!   `try_read` and `try_snapshot_into`.
//! - A read-only handle goes on trying, with pauses. So does any handle while a
//!   [`Writer`](crate::Writer) holds the semaphore. More slots help, or a pause in the writer.
//! - A snapshot needs an instant at which no field is published while it looks at all of them. Beside a
//!   [`Writer`](crate::Writer) that never pauses there may be none; `try_snapshot_into` says so.
//! - A read-only handle cannot announce that it sleeps. So `wait_newer`, [`wait_any`](crate::wait_any) and
//!   [`newer`](crate::Field::newer) look at its fields once a millisecond. A removal of the name wakes them.
//! - The kernel lets a thread sleep on 128 words (`futex_waitv`, Linux 5.16). `wait_any` sleeps on the first
//!   128 fields of its list, and the thread behind `newer` on 127. Further fields are looked at once a
//!   millisecond, and so are all of several fields where the call is refused.
//! - Wakers of `newer` futures run in one thread. One that blocks delays the other futures of the process.
//! - A future that waits when the last handle goes, in another process, ends within 100 ms.
//!
//! # Writers
//!
//! - A holder that is stopped (SIGSTOP, a debugger, a suspended container) is waited for: it comes
//!   back. [`update_timeout`](crate::Field::update_timeout) waits at most its time-out and
//!   [`try_update`](crate::Field::try_update) not at all; both name the holder.
//! - A thread that ends inside a closure without unwinding, while its process lives on
//!   (`longjmp`, or the system call that ends one thread), keeps the semaphore until the process ends.
//! - A [`Writer`](crate::Writer) keeps the semaphore until it is dropped: others that write the field
//!   wait as long, and so does every transaction of the state. A `Writer` that is forgotten keeps it
//!   until its process ends.
//! - Waiters have no order: one that is awake when the semaphore becomes free acquires it.
//! - Closures run while the semaphore is held. What they wait for, all writers of the field wait for.
//! - Whole-state `update_with` and `merge` need one scalar type; `#[shm(no_merge)]` leaves fields
//!   out.
//!
//! ```compile_fail
//! # use shma_core::{Shm, ShmState};
//! #[derive(ShmState)]
//! struct Model {
//!     weights: [f32; 100],
//!     step: u64, // write #[shm(no_merge)] before it
//! }
//!
//! fn subtract(model: &Shm<Model>, gradient: &Model) {
//!     model.update_with(gradient, |g, w| w - g);
//! }
//! ```
//!
//! # Nesting
//!
//! A closure may update another field of the same region if that one is declared later. Every other
//! order could lead to two processes that wait for each other, so it is refused. The call panics,
//! or returns `Error::Reentrant` if it is one that returns a `Result`.
//!
//! ```
//! # use shma_core::{Error, ShmState};
//! #[derive(ShmState)]
//! struct Pair {
//!     first: u64,
//!     second: u64,
//! }
//! # let name = format!("doc-nesting-{}", std::process::id());
//! let pair = Pair::create(&name, &Pair::zeroed())?;
//! pair.first.update(|first, _| pair.second.update(|second, _| (*first, *second) = (1, 2)));
//!
//! let against = pair.second.update(|_, _| pair.first.try_update(|_, _| ()));
//! assert!(matches!(against, Err(Error::Reentrant { held, .. }) if held == "second"));
//! # Ok::<(), shma_core::Error>(())
//! ```
//!
//! Only the fields of one region have a checked order. A program that nests updates of several regions
//! must keep to one order of regions everywhere.
//!
//! Two versions of this library in one process do not share the record of what a thread holds. A
//! program and its plugin may have such versions. An update of a field by the one inside an update
//! of the same field by the other waits for ever. Keep all updates of a region in one of them.
//!
//! # Work-stealing pools
//!
//! A closure runs while its semaphore is held. If it waits for jobs of a pool, as rayon's `join`,
//! `par_iter` and `scope` do, its thread executes other jobs meanwhile. A job that updates the same field
//! on that thread panics ("inside an update of field .."). On another thread it waits for the semaphore,
//! whose holder waits for the job. Both hang for ever, and so do all writers of the field. So:
//!
//! - Compute in the pool first, and publish the result outside of it.
//! - Or publish from jobs, with closures that do not call the pool.
//! - Or let jobs add to an [`Atomic`](crate::Atomic) field, which has no semaphore.
//!
//! [`recipes`](super::recipes#work-stealing-pools) has a program.
//!
//! # Atomic fields
//!
//! Numbers of 4 and 8 bytes. The value as a whole is never a snapshot, in a transaction neither, and
//! they have no semaphore, so there is nothing to update exclusively:
//!
//! ```compile_fail
//! # use shma_core::{Atomic, ReadWrite};
//! fn reset(hits: &Atomic<[u32; 8], ReadWrite>) {
//!     hits.update(|new, _| new.fill(0)); // no such call: `set` each element
//! }
//! ```
//!
//! `add_racy`, `add_range_racy` and `update_with_racy` load and store without compare-exchange. What
//! processes add to one number at the same instant may be lost, and is not reported. So they are for
//! descent and other work that bears a lost step, and not for counting. `add`, `add_range` and
//! `update_with` lose nothing, at several times the cost.
//!
//! `compare_exchange` compares bits. For floats, -0.0 is not 0.0, and a NaN is equal to itself alone.
//! A number that was changed and changed back looks unchanged to it.
//!
//! # Fork
//!
//! A child's inherited handles read. Writes through them panic, or return `Error::Forked`: the child
//! is another owner, and has to open the region itself. If the parent drops its handle and was the
//! last one attached, the name goes, and the child reads on in a retired region. If the parent was
//! killed, the region stays as long as the child does. Dropping an inherited handle never removes
//! the region. A child's read-write handle waits like a read-only one: it looks once a millisecond.
//! A child that polls a future of its parent's gets a waiting thread of its own.
//!
//! In a child its parent's mappings can only be read: a handler of `pthread_atfork` takes the permission
//! to write away before `fork` returns. So a signal handler that interrupts a call may fork, and its
//! child may `exec` or `_exit`. If that child returns into a call that writes, the call panics, returns
//! `Error::Forked`, or is ended by SIGSEGV at its next store. What the parent publishes, and what it
//! holds, stays as it is.
//!
//! `_Fork`, and `clone` as a bare system call, run no such handler. Their children in a signal handler
//! must `exec` or `_exit`: one that returns into a call goes on with the parent's stores. Each call
//! looks for a fork once more right before it publishes, and before it releases the semaphore. A fork
//! between that look and the store goes unnoticed, and so do stores into a slot that the parent uses
//! again meanwhile.
//!
//! The library holds no lock of its own that a child could inherit locked. A panic does take locks of
//! the standard library. In a child of a program with threads, use the calls that return a `Result`.
//!
//! A thread that creates, opens, removes or leaves a region keeps others from forking for some 30 µs,
//! by handlers of `pthread_atfork`. It waits while they fork, at most a second. So no child gets a
//! share of a lock that says that its parent lives. The handlers are registered before `main`, so
//! that those of the program come before the wait and after it. `clone` as a bare system call and
//! `_Fork` do not call these handlers, and do not wait. Neither does a `fork` in the handler of a
//! signal that interrupts such a call. Other processes take the parent of such a child for alive
//! until the child ends or becomes another program.
//!
//! `vfork` and `posix_spawn` call no handlers either. Their children share their parent's memory, and so
//! its life, until they become other programs. That is usually at once, but a file action that
//! blocks, as one that opens a FIFO, delays it. If the parent is killed meanwhile, what it holds
//! stays held until the child goes on or ends.
//!
//! # Deaths that take long
//!
//! A process counts as alive as long as its memory exists. The kernel takes some 80 ms per GiB to
//! remove it. Before that it writes the core dump of a process that crashes. This takes long if the
//! core goes to a slow disk or to a program. Where a semaphore must be free sooner, limit core
//! dumps (`ulimit -c 0`).
//!
//! # Descriptors
//!
//! A daemon that closes all descriptors closes the library's. Its handles keep working, and other
//! processes still see it as alive. To learn whether another owner is dead, the library then opens the
//! file by its name. Once the name is gone it can no longer learn that, and waits for a dead holder as
//! for a living one.
//!
//! A handle recognises its descriptor by a mark on the open file description. So it leaves alone what
//! gets the number after such a daemon, also another handle to the same region. The check and the
//! use are two system calls. So a thread that closes descriptors must not run beside other threads
//! that open, use or drop handles.
//!
//! No descriptor of the library gets the number of a standard stream, 0 to 2, even if that stream is
//! closed. While the library opens a file it occupies the free ones among these numbers. So another
//! thread cannot reopen a stream at that moment by opening a file and expecting its number. `dup2`
//! works.
//!
//! # Ends
//!
//! - A region stays if its last process ends without dropping its handles: by a signal, `process::exit`,
//!   or with handles in statics. So it does if that process may not remove the file any more, since it
//!   has given up its user. It takes its memory until it is opened and left, replaced or removed; see
//!   [`restart`](super::restart#how-a-region-ends).
//! - Python's own `SharedMemory(name="shma.NAME")` removes the name when the Python process ends, and with
//!   it the region. Use `track=False` (Python 3.13),
//!   `resource_tracker.unregister("/shma.NAME", "shared_memory")` after opening, or
//!   `np.memmap("/dev/shm/shma.NAME", mode="r")`.
//! - A creation that is killed leaves a temporary file, with the memory that it had reserved. The next
//!   creation by the same user removes the file, whatever region it creates, and so does `shma clean`.
//!   Beside more than 256 files [not every creation looks](super::crash#creating).
//!   A file that takes no memory yet goes after 60 s.
//! - The last attachment to leave removes the name only if it may remove it from the directory. It
//!   must also have a handle that writes, or be allowed to open the file for writing.
//! - [`is_current`](crate::Shm::is_current) and `Error::Retired` go by the name: it must lead to this
//!   region's file. A file that was renamed or hard-linked by hand and has no other name is retired, and
//!   no process removes it. The same holds if the directory is removed or renamed. A process that can no
//!   longer see the region's directory, as after `chroot`, goes by the file's link count, as long as it
//!   has its descriptor.
//! - Creating, opening and removing wait at most a second for each other and for other threads that
//!   fork, and then return `Error::Timeout`. Dropping the last handle, which removes the name,
//!   waits as long for forks, and then leaves the name. [`Options::wait`](crate::Options::wait)
//!   looks for the region every 2 ms.
//!
//! # Time
//!
//! [`age`](crate::Field::age) is as exact as the kernel's tick, a few milliseconds, unless the field
//! is `#[shm(timed)]`. It does not count while the machine is suspended, and is meaningless between
//! containers with time namespaces of their own.
//!
//! Time decides only how soon something is noticed. A waiting writer notices a death within 5 ms of
//! the kernel's ending the process. A waiter notices within 100 ms that a wake-up was lost with a
//! killed process. It notices within 1 ms a publication by a [`Writer`](crate::Writer) that the kernel's
//! memory barriers do not reach: Linux 6.18 leaves out threads on a processor where their process had run
//! before, and no other since, when it made its first writer.
//!
//! # Numbers that wrap around
//!
//! | number | after | then |
//! |---|---|---|
//! | a version | 2^64 publications | it goes on at 0, in the right slot; "newer" means "another one" |
//! | a version as [`Version`](crate::Version) | the same | `<` is wrong across that point, `==` is right |
//! | `notify` | 2^31 wake-ups | a waiter that was stopped for exactly so many sleeps one slice |
//! | owner ids | 2^30 attachments | ids that live, or that a lock word shows, are passed over |
//!
//! # Signals
//!
//! Calls are not for signal handlers: `update` may allocate, and a handler that interrupts a holder
//! cannot wait for it.
