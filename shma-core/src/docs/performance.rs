//! What each call costs: copies, locked instructions, system calls.
//!
//! A *copy* is what `memcpy` of the value's size does; of the part's size where the call is for a
//! part. *Locked* instructions are those that have a cache line for themselves (compare-exchange,
//! atomic addition); they dominate small values. The tables are for the uncontended case.
//!
//! Every call that writes reads the clock as well, which is no system call where the kernel offers
//! it as a function, and looks at a thread-local record and at a private page.
//!
//! # Reading
//!
//! | call | copies | locked | system calls |
//! |---|---|---|---|
//! | `version` | 0 | 0 | 0 |
//! | `read`, `read_into`, `try_read` | 1 | 0 | 0 |
//! | `read_boxed` | 1, and zeroing | 0 | the allocator's |
//! | `get`, `read_range` | 1 of the part | 0 | 0 |
//! | `read_newer`, nothing newer | 0 | 0 | 0 |
//! | `age` | 0 | 0 | 0 |
//! | `snapshot_into` | 1 of the state | 1 fence | the allocator's, for a list of versions |
//! | `wait_newer`, something newer | 0 | 0 | 0 |
//! | `wait_newer`, asleep | 0 | 2 a slice | 2 a slice of 100 ms: link count, sleep |
//! | `wait_newer` by a read-only handle | 0 | 0 | 2 a millisecond: link count, sleep |
//!
//! A read repeats itself if K - 1 publications pass and another one begins while it copies. Copying
//! takes as long for the writer as for the reader, so with 4 slots this is rare; with 2 slots beside
//! a writer that never pauses it is the rule. `#[shm(slots = 8)]` is for readers that are much slower
//! than their writer.
//!
//! # Writing
//!
//! | call | copies | locked | system calls |
//! |---|---|---|---|
//! | `write` | 1 | 2 | 0 |
//! | `update`, up to 4 KiB | 3: to the stack, to the stack again, back | 2 | 0 |
//! | `update`, larger | 3, by way of two buffers that the handle keeps | 2, and two locks of the process's own | 0 |
//! | `update_with` | 2, block by block, and the argument is read | 2 | 0 |
//! | `merge` | the same, and the argument is written | 2 | 0 |
//! | `set` | 1 of the part, and catching up | 2 | 0 |
//! | `update_range` | 3 of the part, and catching up | 2 | 0; the allocator's for parts over 4 KiB |
//! | `update_with`, `merge` of the whole state | as for each field in turn | 2 a field | 0 |
//! | `transaction` | 2 of the state, a comparison of the two, 1 of each field that was changed | 2 a field | the allocator's, for lists of fields |
//! | any of them, somebody sleeps for a publication | | 1 more | 1: wake |
//!
//! *Catching up* copies, within the region, the ranges that the last K - 1 publications changed, each
//! one read and written once. So a part costs parts, whatever the field's size. The exception is
//! whole updates: the K - 1 partial updates after one copy the whole field within the region. A field
//! that is updated in parts should not be updated as a whole in between; split it, if two writers
//! need it in different ways.
//!
//! `write` is cheaper than `update` where the old value is not needed, and `update_with` where the
//! change is element by element: it allocates nothing of the field's size.
//!
//! # Contention
//!
//! | who | does |
//! |---|---|
//! | a writer that finds the semaphore taken | looks 100 times, asks the kernel whether the owner lives (1 system call, 2 if it does not), sleeps until it is woken, at most 5 ms, and so on |
//! | the holder, if somebody sleeps | 1 more locked instruction and 1 system call when it gives it back |
//! | `try_update` | 1 system call to find out whether the owner lives |
//! | a reader that lost 64 tries | after each further try sleeps 50 µs; if it may write, it also tries for the semaphore (2 locked), and holds it for one copy |
//!
//! Fields have cache lines of their own, and what readers poll is apart from what writers fight over.
//! Writers of different fields do not touch each other's lines. The commit word is written by
//! transactions alone; reads look at it only while a publication is under way.
//!
//! # Atomic fields
//!
//! | call | cost |
//! |---|---|
//! | `get` | 1 load |
//! | `set` | 1 store, 1 locked to count the call |
//! | `fetch_add` of integers | 2 locked |
//! | `fetch_add` of floats, `fetch_max`, `fetch_min` | a loop of compare-exchanges, 1 locked to count the call |
//! | `add`, `add_range`, `update_with` | 1 locked an element, or a loop; 1 locked to count the call |
//! | `version` | 9 loads |
//! | `wait_newer`, asleep | 9 locked a slice; otherwise as above |
//!
//! Calls are counted in 8 stripes, by owner, so that counting is no bottleneck. Writers of elements in
//! one cache line do fight over it.
//!
//! # Attaching
//!
//! | call | cost |
//! |---|---|
//! | `create` | reserves and fills K values of every field; some 30 system calls |
//! | `open` | reads header and manifest; some 20 system calls; maps, and touches the header and one page a field |
//! | `open_read_only` | reads header and manifest; some 10 system calls; maps, and touches nothing |
//! | first touch of each page | a page fault, unless [`Options::prefault`](crate::Options::prefault) took them all at once |
//! | dropping a handle | some 10 system calls |
//!
//! # Memory
//!
//! A region takes K times its values, and they are reserved when it is created: nothing can fail for
//! want of memory later. Of one's own memory, `update` of a field over 4 KiB keeps two values of it
//! per handle, and `transaction` two of the state, from the first such call until the handle is
//! dropped. `update_with`, `merge`, `write`, `set` and all ways to read into the caller's memory keep
//! nothing.
