//! The bytes of a region.
//!
//! A region is the file `/dev/shm/shma.NAME`, or `shma.NAME` in another directory
//! ([`Options::dir`](crate::Options::dir)). Any tool can read it without the struct: the manifest
//! at its end says where everything lies. Programs of this library take offsets from the type, at
//! compile time, and never from the file.
//!
//! Numbers are in the byte order of the machine, which the header marks. All words are accessed as
//! atomics, because a peer may write any of them at any time.
//!
//! | part | where | what |
//! |---|---|---|
//! | header | 0 | what the file is, and the words that belong to all fields |
//! | partitions | 4096 | one per field in declaration order, each on a multiple of 128 |
//! | manifest | behind the last partition, on a multiple of 128 | JSON text up to the end of the file |
//!
//! # Sizes
//!
//! | name | bytes | why |
//! |---|---|---|
//! | `header` | 4096 | a page; it is read and checked before anything is mapped |
//! | `control` | 256 | two pairs of cache lines: what readers poll, and what writers fight over |
//! | `align` | 128 | partitions, slots and stripes: processors fetch cache lines in pairs |
//! | `stripes` | 1024 | 8 counters, each on a multiple of 128 |
//! | `word` | 8 | slots are copied in words, and dirty ranges count them |
//!
//! # Header
//!
//! | offset | bytes | name | holds |
//! |---|---|---|---|
//! | 0 | 8 | `magic` | the characters `SHMAREGN` |
//! | 8 | 4 | `format` | 2: the version of this page |
//! | 12 | 4 | `byte_order` | `0x01020304`; seen as `0x04030201`, the file is of the other byte order |
//! | 16 | 8 | `total` | bytes of the file |
//! | 24 | 16 | `fingerprint` | [`Manifest::fingerprint`](crate::Manifest::fingerprint) |
//! | 40 | 16 | `instance` | random, another one in every region that is created |
//! | 56 | 4 | `flags` | bit 0: persistent; no other bit is set |
//! | 60 | 4 | `retired` | not 0: the name is gone. A hint; what the name leads to is the truth |
//! | 64 | 4 | `next_id` | owner ids drawn so far, modulo 2^30 - 1 |
//! | 68 | 4 | `mark` | 1: clean, all has reached the file system. Else the region is in use, or was when the machine stopped |
//! | 72 | 8 | `text_at` | where the manifest starts |
//! | 80 | 8 | `text_len` | bytes of the manifest, at most 512 KiB |
//! | 88 | 16 | `boot_id` | the run of the machine that used the region last, as `/proc/sys/kernel/random/boot_id` prints it; 0 if it could not be read |
//! | 104 | 24 | | 0 |
//! | 128 | 8 | `commit` | odd while a transaction that has happened is being written out |
//! | 136 | 3960 | | 0 |
//!
//! `retired`, `next_id`, `mark`, `boot_id` and `commit` change; all else is written before the region has its name.
//!
//! # Control block
//!
//! At the start of every partition. "The holder" is the process that holds the field's semaphore.
//!
//! | offset | bytes | name | written by | holds |
//! |---|---|---|---|---|
//! | 0 | 8 | `version` | the holder; recovery | publications so far, creation included: at least 1. Slot `version % K` is the active one |
//! | 8 | 8 | `begin` | the holder | `version`, or `version + 1` from the start of the next publication on |
//! | 16 | 8 | `published` | the holder | time of the latest publication, in nanoseconds of `CLOCK_MONOTONIC` |
//! | 24 | 4 | `notify` | waiters; processes that wake them | bit 0: a process may sleep on this word. The rest counts the times that sleepers were woken, and starts at 1 |
//! | 28 | 100 | | none | 0 |
//! | 128 | 4 | `lock` | every writer | 0: free. Else bits 0 to 29: the holder's owner id. Bit 30: the holder publishes more than once before it releases the word, by a `Writer`. Bit 31: a process may sleep on this word |
//! | 132 | 4 | `pid` | the holder | for people: process id of the latest holder, in its own PID namespace |
//! | 136 | 8 | `target` | a transaction | the version that the transaction gives the field; means something while `commit` is odd |
//! | 144 | 8 | `contended` | every writer | for people: acquisitions that found the semaphore taken |
//! | 152 | 8 | `dead_owners` | every writer | for people: acquisitions from a dead owner |
//! | 160 | 32 | | none | 0 |
//! | 192 | 64 | `dirty` | the holder | 8 numbers, of which K count. `dirty[n % K]`, as `first << 32 \| end` in words: where publication `n` may differ from `n - 1` |
//!
//! # Slots and stripes
//!
//! An ordinary field has K slots from 256 on, K being 2, 4 or 8. A slot takes the size of a value,
//! rounded up to a multiple of 128. What lies behind the value in a slot is 0.
//!
//! An `#[shm(atomic)]` field has 8 stripes from 256 on, 1024 bytes in all, and behind them one slot.
//! Each stripe is a counter of 8 bytes on a multiple of 128. The version is their sum and 1 for the
//! creation, and that 1 is all that its `version` ever holds. In its control block only `notify`
//! changes.
//!
//! Values lie as Rust lays out `repr(C)`: arrays in C order without gaps, numbers in the byte order
//! of the machine. There are no gaps in structs either, since every byte has to mean something.
//!
//! # Manifest
//!
//! One JSON object without line breaks:
//!
//! | key | holds |
//! |---|---|
//! | `name` | the declared name of the state |
//! | `format` | as in the header |
//! | `byte_order` | `little` or `big` |
//! | `fingerprint` | 32 hexadecimal digits |
//! | `fields` | in declaration order |
//!
//! A region whose creator has noted texts ([`Options::note`](crate::Options::note)) has `notes` too, behind
//! the other keys: an object of texts, which may hold anything. Every field has
//!
//! | key | holds |
//! |---|---|
//! | `name` | its name |
//! | `type` | its type as Rust writes it: `[[f32; 784]; 128]` |
//! | `scalar`, `shape`, `order` | the type again: innermost element, lengths from the outermost, `C` |
//! | `size` | bytes of one value |
//! | `offset` | where its partition starts |
//! | `slots`, `slots_at`, `slot_stride` | how many there are, where the first starts, bytes from one to the next |
//! | `timed`, `atomic` | whether the field says so |
//! | `stripes_at` | of an atomic field: where the first stripe starts |
//! | `struct` | if the scalar is a struct: its `size`, and its `fields` with name, type and offset in it |
//!
//! # A region byte by byte
//!
//! | offset | what |
//! |---|---|
//! | 0 | header |
//! | 4096 | control block of `count` |
//! | 4352 | its 4 slots, 128 bytes apart |
//! | 4864 | control block of `row` |
//! | 5120 | its 4 slots of 400 bytes, 512 bytes apart |
//! | 7168 | control block of `hits` |
//! | 7424 | its 8 stripes, 128 bytes apart |
//! | 8448 | its only slot |
//! | 8576 | manifest |
//!
//! ```
//! use std::os::unix::fs::FileExt;
//!
//! use shma_core::ShmState;
//!
//! #[derive(ShmState)]
//! struct Board {
//!     count: u64,
//!     row: [f32; 100],
//!     #[shm(atomic)]
//!     hits: [u32; 3],
//! }
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let name = format!("doc-layout-{}", std::process::id());
//!
//! let board = Board::create(&name, &Board::zeroed())?;
//! board.row.set(7, 0.5);
//!
//! // From here on, nothing that knows of `Board`.
//! let file = std::fs::File::open(format!("/dev/shm/shma.{name}"))?;
//! let word = |at: u64| {
//!     let mut bytes = [0; 8];
//!     file.read_exact_at(&mut bytes, at).map(|()| u64::from_ne_bytes(bytes))
//! };
//! assert_eq!(word(72)?, 8576);
//! let mut text = vec![0; word(80)? as usize];
//! file.read_exact_at(&mut text, word(72)?)?;
//! let manifest: serde_json::Value = serde_json::from_slice(&text)?;
//! let row = |key: &str| manifest["fields"][1][key].as_u64().unwrap();
//!
//! let version = word(row("offset"))?;
//! assert_eq!(version, 2);
//! let slot = row("slots_at") + version % row("slots") * row("slot_stride");
//! let mut element = [0; 4];
//! file.read_exact_at(&mut element, slot + 7 * 4)?;
//! assert_eq!(f32::from_ne_bytes(element), 0.5);
//!
//! // No writer may have begun to overwrite that slot meanwhile.
//! let begin = word(row("offset") + 8)?;
//! assert!(begin.wrapping_sub(version) < row("slots"));
//! # Ok(())
//! # }
//! ```
//!
//! # Reading from another language
//!
//! `shma header NAME` writes what this section says as a header for C and C++.
//!
//! ## What to check first
//!
//! Open the file without following links, and ask `fstat` for its length. Map all of it, shared; read
//! permission is enough. Then compare, in this order, and stop at the first difference:
//!
//! 1. The length is at least 4096.
//! 2. `magic` is `SHMAREGN`.
//! 3. `byte_order`, read as a number, is `0x01020304`.
//! 4. `format` is the version that the program was written for.
//! 5. `total` is the length of the file.
//! 6. `fingerprint` is the one that the program was written for. A program without one takes names,
//!    types and offsets from the manifest: `text_at + text_len` is `total`, and every slot ends at
//!    `text_at` or before.
//!
//! The fingerprint is one number of 128 bits. Text shows it as 32 hexadecimal digits, the most
//! significant first. The header holds it in the machine's byte order. On a little-endian machine
//! the first two digits are the byte at 39, and the last two are the byte at 24.
//!
//! A process that may write the file can store any value, and ends its readers by SIGBUS if it
//! shortens the file. So compare the file's user too.
//!
//! ## Names of scalars
//!
//! | `scalar` | bytes | is |
//! |---|---|---|
//! | `u8`, `u16`, `u32`, `u64`, `u128` | 1, 2, 4, 8, 16 | an unsigned integer |
//! | `i8`, `i16`, `i32`, `i64`, `i128` | 1, 2, 4, 8, 16 | a signed integer in two's complement |
//! | `f16`, `f32`, `f64` | 2, 4, 8 | a float of IEEE 754 |
//! | `bf16` | 2 | the upper half of an `f32` |
//! | `Complex<f32>`, `Complex<f64>` | 8, 16 | real part, imaginary part |
//! | any other name | `struct.size` | a struct |
//!
//! A struct's key `struct` holds `size` and `fields`. Each member has the keys `name`, `type`, `scalar`,
//! `shape`, `order`, `size` and `offset`, and `struct` if it is a struct itself. Its `offset` counts from
//! the start of the struct. Members lie without gaps, so a packed struct may hold numbers at odd
//! addresses. Two fields may have different structs of one name.
//!
//! ## One value of one field
//!
//! All loads are of whole, aligned words. `commit` is in the header, the other words are in the control
//! block.
//!
//! 1. Load `version` as v, with acquire.
//! 2. Load `begin`. If it is v, go to step 4; no commit is pending.
//! 3. A publication has begun, and may belong to a transaction that has already happened. Load `commit`
//!    as c, with acquire; then load `version` again as v, with acquire. If c is odd, c is pending; if in
//!    addition `target` is v + 1, add 1 to v.
//! 4. Copy slot `v % slots`, in words of 8 bytes: its start is `slots_at + v % slots * slot_stride`.
//! 5. Make an acquire fence.
//! 6. Load `begin`. Accept if `begin - v < slots`, in wrapping arithmetic, and, with a pending c, if
//!    `commit` is still c. Otherwise start again at 1.
//!
//! Do not test `version` in step 6: a writer stores `begin` before it overwrites the slot, and `version`
//! after it. Every reader needs step 3: without it, a reader returns an old value although another
//! reader has already returned the transaction's.
//!
//! An atomic field has one slot and no publications. Load each number by itself, in its own size. Its
//! version is 1 plus the sum of the 8 counters that start at `stripes_at`.
//!
//! ## Several fields at one instant
//!
//! 1. Load `commit` as c, with acquire.
//! 2. For each field: load `version` as v, with acquire. If c is odd and `target` is v + 1, add 1 to v.
//!    Copy slot `v % slots`, make an acquire fence, and load `begin`. If `begin - v` is `slots` or more,
//!    start again at 1.
//! 3. Make a fence of sequential consistency.
//! 4. If c is even, load each `version` again. If one is not its v, start again at 1.
//! 5. Load `commit`. If it is not c, start again at 1.
//!
//! Atomic fields take no part: copy them between steps 1 and 3.
//!
//! A reader that starts again many times sleeps some microseconds between its attempts.
//! [`consistency`](super::consistency) says why each step is there, and
//! [`memory_model`](super::memory_model) which store each load meets.
