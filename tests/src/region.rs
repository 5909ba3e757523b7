//! Names of regions for tests, and the bytes behind them.

use std::fs::{self, File};
use std::io::Read;
use std::ops::Deref;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use shma_core::untyped::{self, Untyped};
use shma_core::{Options, ShmState};

/// Where regions lie if nothing is said.
pub const DIRECTORY: &str = "/dev/shm";

/// The variable by which a process tells those that it starts where regions lie.
pub const VARIABLE: &str = "SHMA_TEST_DIR";

static CHOSEN: OnceLock<PathBuf> = OnceLock::new();

/// Lets the regions of this process, and of those that it starts with [`VARIABLE`], lie in this directory. It
/// has to be said before anything asks.
pub fn choose(directory: &Path) {
    CHOSEN.set(directory.to_owned()).expect("it is said once, and first");
}

/// Where the regions of this process lie.
pub fn directory() -> &'static Path {
    CHOSEN.get_or_init(|| std::env::var_os(VARIABLE).unwrap_or_else(|| DIRECTORY.into()).into())
}

/// Calls for the regions of this process.
pub trait InDirectory: ShmState {
    /// Options for regions in [`directory`].
    fn in_directory() -> Options<Self> {
        Self::options().dir(directory())
    }
}

impl<S: ShmState> InDirectory for S {}

/// As [`InDirectory::in_directory`], without the struct.
pub fn untyped() -> Options<Untyped> {
    untyped::options().dir(directory())
}

/// A name that no other test has. Dropped, it removes what has the name.
#[derive(Debug)]
pub struct Name(String);

impl Name {
    /// A new name. `hint` shows in it.
    pub fn new(hint: &str) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let mut random = [0; 8];
        File::open("/dev/urandom").unwrap().read_exact(&mut random).unwrap();
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let random = u64::from_ne_bytes(random);
        // The same length each time, so that every call takes the same path.
        Self(format!("test-{hint}-{}-{number:06}-{random:016x}", std::process::id()))
    }

    /// A name that another process has made, and told this one.
    pub fn told(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// A new name with so many bytes.
    pub fn of_length(length: usize) -> Self {
        let mut name = Self::new("long");
        name.0 = format!("{:y<length$}", name.0);
        name
    }

    /// The file of this name.
    pub fn path(&self) -> PathBuf {
        directory().join(format!("shma.{}", self.0))
    }

    /// Whether anything has the name, be it a broken link.
    pub fn exists(&self) -> bool {
        self.path().symlink_metadata().is_ok()
    }

    /// The bytes of what has the name now.
    pub fn bytes(&self) -> Bytes {
        Bytes::open(&self.path())
    }

    fn remove(&self) {
        match self.path().symlink_metadata() {
            Ok(found) if found.is_dir() => fs::remove_dir_all(self.path()).unwrap(),
            Ok(_) => fs::remove_file(self.path()).unwrap(),
            Err(_) => {}
        }
    }
}

impl Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        self.remove();
        let left: Vec<_> = files().into_iter().filter(|file| file.contains(&self.0)).collect();
        if !std::thread::panicking() {
            assert!(left.is_empty(), "left behind: {left:?}");
        }
    }
}

/// The names of all files where regions lie.
pub fn files() -> Vec<String> {
    let entries = fs::read_dir(directory()).unwrap();
    entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// The bytes of a region's file, past the library: what a foreign tool, or a broken peer, reads
/// and writes. Offsets are those of the documented layout.
#[derive(Debug)]
pub struct Bytes(File);

impl Bytes {
    /// The bytes of a file.
    pub fn open(path: &Path) -> Self {
        Self(File::options().read(true).write(true).open(path).unwrap())
    }

    /// All of them.
    pub fn all(&self) -> Vec<u8> {
        let mut all = vec![0; self.0.metadata().unwrap().len() as usize];
        self.0.read_exact_at(&mut all, 0).unwrap();
        all
    }

    /// The file, as a descriptor of its own.
    pub fn file(&self) -> &File {
        &self.0
    }

    /// Replaces bytes.
    pub fn set(&self, at: usize, bytes: &[u8]) {
        self.0.write_all_at(bytes, at as u64).unwrap();
    }

    /// A word.
    pub fn u64(&self, at: usize) -> u64 {
        let mut bytes = [0; 8];
        self.0.read_exact_at(&mut bytes, at as u64).unwrap();
        u64::from_ne_bytes(bytes)
    }

    /// Half a word.
    pub fn u32(&self, at: usize) -> u32 {
        let mut bytes = [0; 4];
        self.0.read_exact_at(&mut bytes, at as u64).unwrap();
        u32::from_ne_bytes(bytes)
    }
}

/// Where things lie in the header.
pub mod header {
    /// Bytes of the header.
    pub const BYTES: usize = 4096;
    pub const MAGIC: usize = 0;
    pub const FORMAT: usize = 8;
    pub const BYTE_ORDER: usize = 12;
    pub const TOTAL: usize = 16;
    pub const FINGERPRINT: usize = 24;
    pub const INSTANCE: usize = 40;
    pub const FLAGS: usize = 56;
    pub const RETIRED: usize = 60;
    pub const NEXT_ID: usize = 64;
    pub const MARK: usize = 68;
    pub const TEXT_AT: usize = 72;
    pub const TEXT_LEN: usize = 80;
    pub const BOOT_ID: usize = 88;
    pub const COMMIT: usize = 128;
}

/// Where things lie in a control block, counted from the start of the partition.
pub mod control {
    /// Bytes of a control block.
    pub const BYTES: usize = 256;
    pub const VERSION: usize = 0;
    pub const BEGIN: usize = 8;
    pub const NOTIFY: usize = 24;
    pub const LOCK: usize = 128;
    pub const PID: usize = 132;
    pub const TARGET: usize = 136;
    pub const CONTENDED: usize = 144;
    pub const DEAD_OWNERS: usize = 152;
    pub const DIRTY: usize = 192;
    /// The bits of a lock word that name its owner.
    pub const OWNER: u32 = (1 << 30) - 1;
}

/// A process may sleep on a lock word.
const WAITERS: u32 = 1 << 31;

/// A process may sleep on a notify word.
const SLEEPERS: u32 = 1;

impl Bytes {
    /// Whether a process sleeps, or is about to, for the semaphore of a partition.
    pub fn has_waiters(&self, partition: usize) -> bool {
        self.u32(partition + control::LOCK) & WAITERS != 0
    }

    /// Whether a process sleeps, or is about to, for a publication in a partition.
    pub fn has_sleepers(&self, partition: usize) -> bool {
        self.u32(partition + control::NOTIFY) & SLEEPERS != 0
    }
}
