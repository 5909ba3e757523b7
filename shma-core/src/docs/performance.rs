//! What each call costs: copies, locked instructions, system calls.
//!
//! A *copy* is what `memcpy` of the value's size does, or of the part's size if the call is for a
//! part. *Locked* instructions (compare-exchange, atomic addition) have a cache line for
//! themselves; they dominate small values. The tables are for the uncontended case.
//!
//! Every call that writes also reads the clock, which is no system call where the kernel offers it
//! as a function. (A [`Writer`](crate::Writer) that publishes more than 16 times in a tick reads it
//! at every eighth publication.) It also looks at a thread-local record and at a private page.
//!
//! # Reading
//!
//! | call | copies | locked | system calls |
//! |---|---|---|---|
//! | `version` | 0 | 0 | 0 |
//! | `read`, `read_into`, `try_read` | 1 | 0 | 0 |
//! | `read_versioned`, `read_flat` | 1 | 0 | 0 |
//! | `read_boxed` | 1, and zeroing | 0 | the allocator's |
//! | `get`, `read_range` | 1 of the part | 0 | 0 |
//! | `read_newer`, nothing newer | 0 | 0 | 0 |
//! | `age` | 0 | 0 | 0 |
//! | `holder`, the semaphore is free or the handle's own | 0 | 0 | 0 |
//! | `holder`, another attachment has it | 0 | 0 | 2: the lock of its byte, the descriptor |
//! | `snapshot_into` | 1 of the state | none on x86-64, unless the thread holds a semaphore; else 1 fence | 0 |
//! | `wait_newer`, something newer | 0 | 0 | 0 |
//! | `wait_newer`, asleep | 0 | 2 a slice | 2 a slice of 100 ms: name, sleep; 1 more if a `Writer` holds the field: `membarrier`, which interrupts the holder's processor. The first slice is then 1 ms |
//! | `wait_newer` by a read-only handle | 0 | 0 | 1 a millisecond: sleep; 1 in 100 ms: name |
//! | `wait_any`, asleep | 0 | 2 a field and slice | 1 a slice of 100 ms: sleep; 1 more for each region: name |
//! | `newer`, in the thread of the process | the waits and their wakers | the same | the same; to add a wait, 1 more that wakes the thread |
//!
//! A read repeats itself if K - 1 publications pass and another one begins while it copies. Copying
//! takes as long for the writer as for the reader, so with 4 slots this is rare. With 2 slots
//! beside a writer that never pauses it is the rule. `#[shm(slots = 8)]` is for readers that are
//! much slower than their writer.
//!
//! # Writing
//!
//! | call | copies | locked | system calls |
//! |---|---|---|---|
//! | `write` | 1 | 2 | 0 |
//! | `update`, up to 4 KiB | 3: to the stack, to the stack again, back | 2 | 0 |
//! | `update`, larger | 3, by way of two buffers that the handle keeps | 2, and two locks of the process's own | 0 |
//! | `update_if`, `update_when`, published | as `update` | 2 | 0 |
//! | `update_if`, not published | 2, to private memory | 2 | 0, and no waiter is woken |
//! | `update_when`, asleep | as `update_if` and `wait_newer` for each publication | | |
//! | `write_flat`, `update_flat`, `update_with_flat` | as `write`, `update`, `update_with` | 2 | 0 |
//! | `update_with` | 2, block by block, and the argument is read | 2 | 0 |
//! | `merge` | the same, and the argument is written | 2 | 0 |
//! | `set` | 1 of the part, and catching up | 2 | 0 |
//! | `update_range` | 3 of the part, and catching up | 2 | 0; the allocator's for parts over 4 KiB |
//! | `update_with`, `merge` of the whole state | as for each field in turn | 2 a field | 0 |
//! | `transaction` | 2 of the state, a comparison of the two, 1 of each field that was changed | 2 a field; for a state over 4 KiB two locks of the process's own | 0 once warm |
//! | `transaction_of` | the same, of the fields that it names | 2 for each field of the state | 0 once warm |
//! | `snapshot`, `snapshot_of` | 1 of the state, or of the fields that it names | 0; one fence, on x86-64 only if the thread holds a semaphore | 0; a state of more than 16 fields keeps a list |
//! | any of them, while a reader sleeps for a publication | | 1 more | 1: wake |
//! | the same calls of a [`Writer`](crate::Writer) | the same | 0 | 0 |
//! | `writer`, and dropping it | 0 | 2 | 1: registers the process for `membarrier`, which takes up to 20 ms the first time if the process has several threads |
//!
//! *Catching up* copies, within the region, the ranges that the last K - 1 publications changed, each
//! one read and written once. So a part costs parts, whatever the field's size. The exception is
//! whole updates: the K - 1 partial updates after one copy the whole field within the region. A field
//! that is updated in parts should not be updated as a whole in between; split it, if two writers
//! need it in different ways.
//!
//! `write` is cheaper than `update` where the old value is not needed, and `update_with` where the
//! change is element by element. `update_with` allocates nothing of the field's size.
//!
//! # Copies
//!
//! Nanoseconds of one copy on an AMD EPYC of the Zen 5 kind (November 2026), private memory to four
//! shared places in turn, median of nine rounds with all ways taking turns:
//!
//! | bytes | `memcpy` of glibc | words | 16 bytes | 32 bytes, AVX | 64 bytes, AVX-512 | `rep movsb` | 64 bytes, non-temporal |
//! |---|---|---|---|---|---|---|---|
//! | 64 | 1.9 | 2.2 | 1.6 | 1.6 | 1.9 | 3.2 | 190 |
//! | 256 | 2.4 | 5.6 | 3.4 | 1.9 | 1.9 | 11 | 140 |
//! | 1 Ki | 5.4 | 19 | 12 | 6.8 | 4.6 | 14 | 190 |
//! | 4 Ki | 33 | 72 | 49 | 24 | 17 | 33 | 110 |
//! | 16 Ki | 110 | 350 | 200 | 100 | 95 | 110 | 530 |
//! | 32 Ki | 230 | 660 | 390 | 380 | 390 | 220 | 1,900 |
//! | 256 Ki | 2,300 | 5,300 | 4,200 | 3,500 | 3,600 | 2,200 | 7,500 |
//! | 4 Mi | 160,000 | | 150,000 | 160,000 | 170,000 | 130,000 | 130,000 |
//! | 64 Mi | 9,200,000 | | 8,100,000 | 9,800,000 | 10,000,000 | 6,500,000 | 8,600,000 |
//!
//! So on Zen 5, and on all processors that were not measured, what is read is moved up to 24 KiB by
//! the widest vectors that the processor has. From there on `rep movsb` moves it, and from 4 KiB on
//! it moves what is stored. There it costs a writer alone more. But a writer beside a polling
//! reader has to get its lines back from the reader's cache, and vector stores fetch them with what
//! they hold. Such a writer took 230 ns instead of 140 for 4 KiB, and 640 instead of 270 for 16
//! KiB. Non-temporal stores gain nothing there that `rep movsb` does not.
//!
//! On an Intel Xeon of the Emerald Rapids kind they do. In `memcpy`s of glibc 2.36, least of 25 rounds
//! with all ways taking turns, on two cores of a virtual machine:
//!
//! | bytes | loads: `rep movsb` | loads: non-temporal | stores: `rep movsb` | stores: non-temporal |
//! |---|---|---|---|---|
//! | 1 Mi | 0.99 | 1.40 | 0.99 | 0.94 |
//! | 2 Mi | 1.05 | 0.74 | 0.99 | 0.73 |
//! | 4 Mi | 0.97 | 0.71 | 1.01 | 0.78 |
//! | 8 Mi | 0.97 | 0.76 | 0.92 | 0.57 |
//! | 16 Mi | 0.97 | 0.78 | 1.01 | 0.50 |
//! | 32 Mi | 0.97 | 0.48 | 0.99 | 0.48 |
//! | 64 Mi | 1.04 | 0.53 | 1.01 | 0.54 |
//! | 256 Mi | 1.69 | 0.99 | 1.47 | 0.87 |
//!
//! From 128 MiB on glibc's own copy is non-temporal, so `rep movsb` is 1.5 to 1.8 of it. A read is moved
//! by such stores from 8 second caches on (16 MiB there). Its value is used next, and below that
//! size what they save is lost when the value is fetched from memory. A write is, from one second
//! cache on (2 MiB). Beside a polling reader, a writer of 2 to 16 MiB wrote 1.4 to 1.7 times as
//! often as by `rep movsb`, and the reader read 0.9 to 1.05 times as often. A fence stands before
//! and behind such stores; small values pay nothing for them.
//!
//! Vectors on such a processor are aligned to lines of what is stored. Allocators place large
//! blocks 16 bytes beside a line. A read of 4 to 16 KiB into such memory took 1.4 to 1.9 `memcpy`s
//! without that, and 0.8 to 1.0 with it. `rep movsb` begins at 8 KiB for stores, where vectors took
//! 1.0 to 1.9.
//!
//! Below 128 bytes 16 are moved at a time in place of the call, not 8. Compiled code reads what was
//! loaded as vectors of 16 bytes. A processor makes such a read wait until two stores of 8 bytes
//! have reached the cache (5 ns of an `update` of 64 bytes, here). `shma-bench copies` compares all
//! of them again, and says what is chosen.
//!
//! The plain way of a write of a small value is compiled into the caller and keeps all it has in
//! registers. Whatever is stored in between, to the stack too, has to reach the cache before the
//! semaphore can be released. A guard and a publication that were returned through memory took 7 ns
//! of the 22 that a `write` of 64 bytes had taken.
//!
//! Element-wise calls go in blocks of 1 KiB. From 2 MiB on, neither the old slot nor the new one is
//! in the second cache. There the next block of both is prefetched while one is computed. Without
//! that, the short copies of a block are over before the processor sees a stream in them. Such a
//! call took 1.5 to 1.7 plain loops; with prefetching it takes 1.0 to 1.1 from 16 MiB on. With
//! blocks of 2 KiB it took 1.2 to 1.3, with blocks of 512 bytes more at every size. Below 2 MiB
//! prefetching costs more than it gains.
//!
//! # Contention
//!
//! | who | does |
//! |---|---|
//! | a writer that finds the semaphore taken | looks 8 times, with 4 to 256 pauses in between, twice as many each time, asks the kernel whether the owner lives (1 system call, 2 if it does not), sleeps until it is woken, at most 5 ms, and so on |
//! | the holder, if a waiter sleeps | 1 more locked instruction and 1 system call when it releases it |
//! | `try_update` | 1 system call to find out whether the owner lives |
//! | a reader of up to 1 KiB that a publication overtook, for some 4,096 publications | has the lines of all slots fetched together with the version, before it knows which it needs |
//! | a reader that lost 64 tries | after each further try sleeps 50 µs; if it may write, it also tries for the semaphore (2 locked), and holds it for one copy |
//!
//! What that is for: a version and then its slot are two ways from core to core. Such a way takes some
//! 25 ns where the cores share a cache and some 200 ns where they do not. (A hypervisor moves its
//! cores between the two; `shma-bench` says how far apart they were.) Meanwhile a writer that never
//! pauses publishes a small value three times. Far apart, reads of 64 to 512 bytes began again 0.05
//! to 0.4 times each. With all lines fetched at once it is 0.0002, and the reader gets 1.4 to 6
//! times as much done. The writer, which has to get more lines back, gets half as much done.
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
//! | `fetch_add` and `fetch_sub` of integers, `swap`, `fetch_and`, `fetch_or`, `fetch_xor` | 2 locked |
//! | `compare_exchange` | 2 locked, 1 if it fails |
//! | `fetch_add` and `fetch_sub` of floats, `fetch_max`, `fetch_min` | a loop of compare-exchanges, 1 locked to count the call |
//! | `add`, `add_range`, `update_with` | 1 locked an element, or a loop; 1 locked to count the call |
//! | `add_racy`, `add_range_racy` | a plain loop in place, by vectors of 16 bytes; 1 locked to count the call |
//! | `update_with_racy` | a copy to private memory and back, block by block, and the closure; 1 locked to count the call |
//! | `read_into` | a copy, by vectors of 16 bytes |
//! | `version` | 9 loads |
//! | `wait_newer`, asleep | 9 locked a slice; otherwise as above |
//!
//! Calls are counted in 8 counters, by owner, so that counting is no bottleneck. Writers of elements in
//! one cache line do fight over it.
//!
//! # Attaching
//!
//! | call | cost |
//! |---|---|
//! | `create` | reserves and fills K values of every field; some 30 system calls, and a look at the names in the directory, if there are more than 256 [not each time](crate::docs::crash#creating) |
//! | `open` | reads header and manifest; some 20 system calls; maps, and touches the header and one page a field |
//! | `open_read_only` | reads header and manifest; some 10 system calls; maps, and touches nothing |
//! | first touch of each page | a page fault, unless [`Options::prefault`](crate::Options::prefault) took them all at once |
//! | dropping a handle | some 10 system calls |
//!
//! # Memory
//!
//! A region takes K times its values, and they are reserved when it is created: nothing can fail for
//! want of memory later. In private memory, `update` of a field over 4 KiB keeps two values of it
//! per handle, and `transaction` two of a state over 4 KiB. Both keep them from the first such call until
//! the handle is dropped. `update_with`, `merge`, `write`, `set` and all ways to read into the
//! caller's memory keep nothing.
//!
//! # Measured
//!
//! The workspace's `shma-bench` measures all of this beside other libraries, memory and locks, and
//! prints what was aimed at and what was reached. The readme has the table of a run. What was not
//! reached in the full run of 23 November 2026, and what is known of it:
//!
//! | what | aim | measured | why |
//! |---|---|---|---|
//! | `write` of 4 KiB, in `memcpy`s | 1.5 | 1.52 | the copy, by `rep movsb` as glibc's is, and the semaphore's two locked instructions of 5 ns each; `rep movsb` is chosen for the writer beside a reader (0.82 to 0.89 of what a bare copy keeps beside one, where vectors kept 0.45 to 0.58); by vectors it took 1.13 |
//! | `update_with` of 64 and 256 MiB, in plain loops | 1.0 | 1.01, 1.03 | pages of `/dev/shm` have 4 KiB, those of the loop's buffers may be huge ones. The same loop over memory of that kind took 1.06 to 1.3 of itself. 0.95 to 1.1 in other runs, once 1.38 |
//! | `update` of 16 MiB, in plain loops | 3.0 | 3.3 | as above; 2.75 to 3.2 in other runs |
//! | what a reader leaves of the writer, 16 KiB, of what it leaves of a bare copy | 0.8 | 0.78 | the copies are the same; the writer also has to get the line of the version back, for each value. 0.87 in other runs |
//! | the lesser of two processes that add, of all calls | 0.33 | 0.31 | the process that has the line gets it again sooner, the more so the farther the cores are apart. They were moved while this was measured, so it is of a mixture (±62 %); 0.34 to 0.45 in six runs of this question alone, three near and three far. Near, the two make 2.6 to 3.1 times as many additions as under a mutex, far 0.98 to 1.1 times |
//!
//! A whole-state call on fields that together exceed the second cache is slower than a lock around
//! values in place. Such a lock touches a quarter of the memory: K slots in turn are K times the
//! values.
