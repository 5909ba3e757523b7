//! Who can do what to whom.
//!
//! A region is a file, so the kernel's permissions decide. [`Options::mode`](crate::Options::mode)
//! sets them; 0o600 is the default. What a peer can do by *using* the library is little; the tables
//! say what it can do by any means.
//!
//! # Who can do what
//!
//! | who | can | cannot |
//! |---|---|---|
//! | another user without permission | see name, size and times of the file; take the name first; fill `/dev/shm` | open the region; remove or replace its file, where the directory is sticky (mode 1777), as `/dev/shm` usually is; [`Options::dir`](crate::Options::dir) refuses a directory that other users may write to and that is not |
//! | a user with read permission | read all values; keep the region counted as attached, so that it is neither replaced nor deleted; with locks of its own making, keep the name from being removed by the library, and new writers from attaching; take wake-ups for itself, which makes sleepers wait to the end of their slice (5 ms for a semaphore, 100 ms for a publication) | change a byte; pretend that a dead owner lives; make a reader, or a writer that is attached, wait for longer than such a slice |
//! | a user with write permission | all of that; write any value; free a semaphore that is held, hold it, or let several processes hold it; pretend that a dead owner lives; truncate the file, which ends processes that touch what is gone by SIGBUS | make others access anything outside the region, or do anything undefined |
//! | the same user | all of that; remove or replace the file, change its mode, kill or debug the process | nothing: there is no boundary between processes of one user |
//! | root | everything | nothing |
//!
//! So give write permission only to users from whom you would accept any value. Give read
//! permission only to users that may get in the way of creating and removing.
//!
//! # Whose regions are used
//!
//! | the file belongs to | `open`, `open_read_only` | `create` over a dead one | `unlink` |
//! |---|---|---|---|
//! | this user | yes | yes | yes |
//! | root | yes, since root could do everything anyway | `ForeignOwner` | `ForeignOwner` |
//! | a user named by [`Options::allow_owner`](crate::Options::allow_owner) | yes | `ForeignOwner` | `ForeignOwner` |
//! | another user | `ForeignOwner` | `ForeignOwner` | `ForeignOwner` |
//!
//! "This user" is the effective user of the calling process, and for files that it may open the kernel
//! is asked, not the number. A user who takes a name first keeps
//! others from using it, and nothing more: such a file is neither read nor removed. Root is treated
//! as any user here; what belongs to others it removes by hand.
//!
//! # A hostile file under the name
//!
//! | what | answer |
//! |---|---|
//! | symbolic link | `NotARegion`; never followed |
//! | FIFO, socket, device, directory | `NotARegion`; never waited for |
//! | file of another user | `ForeignOwner`, before a byte is read |
//! | empty, short, random, of another format or byte order | `NotARegion`, which says what is wrong |
//! | a header that contradicts the file's size, flags that are not known | `NotARegion` |
//! | a header that says that the name is gone, under a name | `NotARegion` |
//! | a manifest that is not JSON, longer than 512 KiB or of more than 10,000 objects, or not where this layout has it | `NotARegion` |
//! | another layout | `LayoutMismatch`, field by field; text from the file is escaped, and cut after 40 lines |
//! | the right fingerprint over another manifest | `NotARegion` |
//! | truncated while it is opened | `NotARegion` or `Io` |
//!
//! Header and manifest are read once, by `pread` into private memory, and all checks work on that
//! copy. Nothing is mapped before they have passed. From then on offsets and lengths come from the
//! type. What is read from the region, versions and dirty ranges, is masked or clamped after every
//! load. The fingerprint tells accidents apart, not attacks.
//!
//! # A hostile peer that may write
//!
//! | it writes | what comes of it |
//! |---|---|
//! | slots | any values; every bit pattern is a value of an element, so nothing invalid |
//! | `version`, `begin`, `target`, `commit` | other slots, all inside the field; reads that try again for as long as it goes on, [`try_read`](crate::Field::try_read) and [`try_snapshot_into`](crate::Shm::try_snapshot_into) 64 times |
//! | `dirty` | ranges inside the field are copied |
//! | `lock`: free | two writers at once, and lost updates. Each works on private memory, which a lock of its process guards |
//! | `lock`: an owner that lives, or none there is | writers wait for the one, and take over from the other |
//! | `notify` | sleepers that wake for nothing, or sleep to the end of their slice |
//! | `next_id` | owner ids in another order; ids that live, or that a lock word shows, are passed over |
//! | `retired`, the rest of the header | programs that attach later are refused; attached programs do not read it |
//! | the file's length, or a hole into it | SIGBUS for processes that touch what is gone: for a hole, only if `/dev/shm` is full |
//!
//! Closures never see the region: they get private copies, which stay as they are while a peer
//! writes. Unlocking stores only to the lock word, by a compare-exchange on the own id. This is why
//! the semaphore is not a robust pthread mutex. The list of locks that such a mutex keeps lies in
//! shared memory, as addresses that the victim's unlock follows.
//!
//! # Containers
//!
//! Processes in several containers share regions if they share `/dev/shm`: one mount in all of them.
//! Whether an owner lives is asked by a lock of the shared file, so PID namespaces make no
//! difference. Process ids in messages are those of the holder's own namespace. A user namespace
//! shows all users that it does not map as one number, 65534 as a rule. Such a region is
//! `ForeignOwner` for every call, also if the calling process has that number itself, or allows it
//! by [`Options::allow_owner`](crate::Options::allow_owner). The number does not tell whose the
//! region is. Only if the kernel takes the process for that user it is this user's own. Where all
//! users are mapped, 65534 is a user like any other. Some sandboxes lack locks of open file
//! descriptions, and some file systems, as overlayfs, release them while the file is still mapped.
//! There attaching for writing fails with a clear error, and nothing falls back to something
//! weaker.
//!
//! The usual default of 64 MiB for `/dev/shm` in a container shows as `NoSpace`; `--shm-size` raises
//! it.
//!
//! # What tries it
//!
//! In the workspace, `cargo run --release -p shma-campaigns --bin campaign -- hostile-file --minutes 10`
//! gives mutated and random files to every call that opens one. It also lets libFuzzer look for
//! more of them, under AddressSanitizer. `hostile-peer` scribbles over a region while others use
//! it. `namespaces` is for owners that do not know of each other: the same process ids, ids that
//! come back, zombies, descriptors that children keep.
