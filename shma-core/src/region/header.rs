//! The first page of a region: from bytes of unknown origin to a header that was checked.

use std::mem::offset_of;

use crate::manifest::{FORMAT, MAX_TEXT, Manifest};
use crate::os::boot_id;
use crate::protocol::layout;
use crate::sync::{AtomicU32, AtomicU64, Ordering};

/// The first eight bytes of every region.
const MAGIC: u64 = u64::from_ne_bytes(*b"SHMAREGN");

/// Reads as something else on a machine of the other byte order.
const BYTE_ORDER: u32 = 0x0102_0304;

/// Stays until it is unlinked.
const PERSISTENT: u32 = 1;

/// The header as it lies in the region. All but `retired`, `next_id`, `mark`, `boot` and `commit` is
/// written once, before the region has its name.
#[repr(C, align(128))]
#[derive(Debug)]
pub(crate) struct Header {
    magic: AtomicU64,
    format: AtomicU32,
    byte_order: AtomicU32,
    total: AtomicU64,
    fingerprint: [AtomicU64; 2],
    instance: [AtomicU64; 2],
    flags: AtomicU32,
    /// A hint that the name is gone. What the name leads to is the truth.
    pub(crate) retired: AtomicU32,
    /// Where owner ids come from.
    pub(crate) next_id: AtomicU32,
    /// Whether all has reached the file system; see [`clean`](super::clean).
    pub(super) mark: AtomicU32,
    text_at: AtomicU64,
    text_len: AtomicU64,
    /// The run of the machine that has used the region last; zero if it is not known.
    boot: [AtomicU64; 2],
    _written_once: [AtomicU64; 3],
    /// Odd while a transaction that has happened is being written out; in a line of its own,
    /// because readers look at it.
    pub(crate) commit: AtomicU64,
    _rest: [AtomicU64; 15],
}

static_assertions::const_assert!(size_of::<Header>() <= layout::HEADER_BYTES);
static_assertions::const_assert_eq!(offset_of!(Header, retired), 60);
static_assertions::const_assert_eq!(offset_of!(Header, next_id), 64);
static_assertions::const_assert_eq!(offset_of!(Header, mark), 68);
static_assertions::const_assert_eq!(offset_of!(Header, text_at), 72);
static_assertions::const_assert_eq!(offset_of!(Header, boot), 88);
static_assertions::const_assert_eq!(offset_of!(Header, commit), 128);

/// Where `retired` lies, for code that reaches it through a descriptor.
pub(crate) const RETIRED_AT: u64 = offset_of!(Header, retired) as u64;

/// Where the instance id lies.
pub(crate) const INSTANCE_AT: u64 = offset_of!(Header, instance) as u64;

impl Header {
    /// Writes everything that never changes.
    pub(crate) fn fill(
        &self,
        manifest: &Manifest<'_>,
        text: u64,
        persistent: bool,
        instance: [u8; 16],
    ) {
        // Relaxed, all of them: no other process looks before the rename, and the system calls on both
        // sides of that order everything.
        let set = |word: &AtomicU64, value| word.store(value, Ordering::Relaxed);
        let at = manifest.tail() as u64;
        set(&self.magic, MAGIC);
        self.format.store(FORMAT, Ordering::Relaxed);
        self.byte_order.store(BYTE_ORDER, Ordering::Relaxed);
        set(&self.total, at + text);
        set_pair(&self.fingerprint, manifest.fingerprint().to_ne_bytes());
        set_pair(&self.instance, instance);
        self.flags.store(if persistent { PERSISTENT } else { 0 }, Ordering::Relaxed);
        set(&self.text_at, at);
        set(&self.text_len, text);
        self.set_boot(boot_id().unwrap_or(0));
    }

    /// The run of the machine that has used the region last.
    pub(super) fn boot(&self) -> u128 {
        let mut id = [0; 16];
        for (half, word) in id.chunks_mut(8).zip(&self.boot) {
            // Relaxed: the caller has looked at `mark` before, or looks again.
            half.copy_from_slice(&word.load(Ordering::Relaxed).to_ne_bytes());
        }
        u128::from_be_bytes(id)
    }

    /// Notes the run of the machine.
    pub(super) fn set_boot(&self, id: u128) {
        // As it is printed, from the first digit to the last.
        set_pair(&self.boot, id.to_be_bytes());
    }
}

impl Header {
    /// The number that the region was given when it was created.
    pub(crate) fn instance(&self) -> u128 {
        let mut bytes = [0; 16];
        let (halves, _) = bytes.as_chunks_mut::<8>();
        for (half, word) in halves.iter_mut().zip(&self.instance) {
            // Relaxed: written before the region had its name.
            *half = word.load(Ordering::Relaxed).to_ne_bytes();
        }
        u128::from_ne_bytes(bytes)
    }
}

fn set_pair(words: &[AtomicU64; 2], bytes: [u8; 16]) {
    let (halves, _) = bytes.as_chunks::<8>();
    for (word, half) in words.iter().zip(halves) {
        // Relaxed: as in `fill`; for `boot`, the `mark` that is stored next orders it.
        word.store(u64::from_ne_bytes(*half), Ordering::Relaxed);
    }
}

/// A header as it was read from a file; nothing in it is known to be true.
#[derive(Debug)]
pub(crate) struct UncheckedHeader<'a>(&'a [u8; layout::HEADER_BYTES]);

/// What a checked header says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CheckedHeader {
    pub(crate) fingerprint: u128,
    pub(crate) persistent: bool,
    pub(crate) retired: bool,
    /// Where the manifest's text lies; inside the file.
    pub(crate) text_at: u64,
    pub(crate) text_len: u64,
    /// Whether all has reached the file system.
    pub(super) mark: u32,
    /// The run of the machine that has used the region last.
    pub(super) boot: u128,
}

impl CheckedHeader {
    /// Whether another look shows the same region. Processes that attach and leave change the rest.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        *self == Self { mark: self.mark, boot: self.boot, ..*other }
    }
}

impl<'a> UncheckedHeader<'a> {
    pub(crate) fn new(bytes: &'a [u8; layout::HEADER_BYTES]) -> Self {
        Self(bytes)
    }

    fn bytes<const N: usize>(&self, at: usize) -> [u8; N] {
        let mut bytes = [0; N];
        bytes.copy_from_slice(&self.0[at..at + N]);
        bytes
    }

    fn u32(&self, at: usize) -> u32 {
        u32::from_ne_bytes(self.bytes(at))
    }

    fn u64(&self, at: usize) -> u64 {
        u64::from_ne_bytes(self.bytes(at))
    }

    /// Checks all that can be checked without knowing the layout, or says what is wrong.
    pub(crate) fn check(&self, file_size: u64) -> Result<CheckedHeader, String> {
        if self.u64(offset_of!(Header, magic)) != MAGIC {
            return Err(
                "it does not begin like one; remove the file by hand if it is not needed".into()
            );
        }
        let byte_order = self.u32(offset_of!(Header, byte_order));
        if byte_order == BYTE_ORDER.swap_bytes() {
            return Err("it was made on a machine with the other byte order".into());
        }
        if byte_order != BYTE_ORDER {
            return Err(format!(
                "its byte-order mark is {byte_order:#010x}, not {BYTE_ORDER:#010x}"
            ));
        }
        let format = self.u32(offset_of!(Header, format));
        if format != FORMAT {
            return Err(format!("it has format version {format}, and this program knows {FORMAT}"));
        }
        let total = self.u64(offset_of!(Header, total));
        if total != file_size {
            return Err(format!("its header says {total} bytes, but the file has {file_size}"));
        }
        let flags = self.u32(offset_of!(Header, flags));
        if flags & !PERSISTENT != 0 {
            return Err(format!("its flags {flags:#x} are unknown to this program"));
        }
        let text_at = self.u64(offset_of!(Header, text_at));
        let text_len = self.u64(offset_of!(Header, text_len));
        if text_at < layout::HEADER_BYTES as u64
            || text_len > MAX_TEXT as u64
            || text_at.checked_add(text_len) != Some(file_size)
        {
            return Err(format!(
                "its manifest is said to lie at {text_at} with {text_len} bytes, in a file of {file_size}"
            ));
        }
        Ok(CheckedHeader {
            fingerprint: u128::from_ne_bytes(self.bytes(offset_of!(Header, fingerprint))),
            persistent: flags & PERSISTENT != 0,
            retired: self.u32(offset_of!(Header, retired)) != 0,
            text_at,
            text_len,
            mark: self.u32(offset_of!(Header, mark)),
            boot: u128::from_be_bytes(self.bytes(offset_of!(Header, boot))),
        })
    }
}
