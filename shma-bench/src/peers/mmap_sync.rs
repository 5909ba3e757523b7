//! mmap-sync: one writer, and readers that lock one of two files against it.
//!
//! `unsafe` here: reading, whose result must not be kept longer than a writer waits.

use std::ffi::OsString;
use std::hint::black_box;
use std::path::PathBuf;
use std::time::Duration;

use mmap_sync::locks::LockDisabled;
use mmap_sync::synchronizer::Synchronizer;

use crate::ability::{Done, Peer, Place, Store, Unable};
use crate::shared::DIRECTORY;
use crate::sizes::{array, array_mut, sized};

/// How long a writer waits for a reader before it takes it for dead.
const GRACE: Duration = Duration::from_secs(5);

/// What it sleeps in between. By default it is a second, which would be unfair to compare.
const PAUSE_NANOS: u64 = 1_000;

/// mmap-sync.
pub struct MmapSync;

impl Peer for MmapSync {
    fn name(&self) -> &'static str {
        "mmap-sync"
    }

    fn about(&self) -> &'static str {
        "mmap-sync with raw values; one writer, which waits for readers, and takes them for dead after a while"
    }

    fn create(&self, place: &Place) -> Result<Box<dyn Store>, Unable> {
        let made = Files(place.name.clone());
        sized!(place.bytes, N => {
            let mut value = Value::<N> { files: synchronizer(&place.name), _made: Some(made) };
            value.write(&crate::buffer::Buffer::zeroed(place.bytes), 1)?;
            Ok(Box::new(value))
        })
    }

    fn open(&self, place: &Place) -> Result<Box<dyn Store>, Unable> {
        let files = synchronizer(&place.name);
        sized!(place.bytes, N => Ok(Box::new(Value::<N> { files, _made: None })))
    }
}

type Hasher = wyhash::WyHash;
type Pair = Synchronizer<Hasher, LockDisabled, 1024, PAUSE_NANOS>;

fn prefix(name: &str) -> PathBuf {
    PathBuf::from(DIRECTORY).join(name)
}

fn synchronizer(name: &str) -> Pair {
    Synchronizer::with_params(prefix(name).as_os_str())
}

/// Removes what it has made.
struct Files(String);

impl Drop for Files {
    fn drop(&mut self) {
        for end in ["_state", "_data_0", "_data_1"] {
            let mut path = OsString::from(prefix(&self.0));
            path.push(end);
            let _ = std::fs::remove_file(path);
        }
    }
}

struct Value<const N: usize> {
    files: Pair,
    _made: Option<Files>,
}

impl<const N: usize> Store for Value<N> {
    fn read(&mut self, into: &mut [f64], times: u64) -> Done {
        let into = array_mut::<N>(into);
        for _ in 0..times {
            // SAFETY: what was written is an array of this type, and the result is dropped at once.
            let value = unsafe { self.files.read::<[f64; N]>(false) }?;
            into.copy_from_slice(&*value);
            black_box(&mut *into);
        }
        Ok(())
    }

    fn write(&mut self, from: &[f64], times: u64) -> Done {
        for _ in 0..times {
            let bytes = bytemuck::bytes_of(array::<N>(black_box(from)));
            self.files.write_raw::<[f64; N]>(bytes, GRACE)?;
        }
        Ok(())
    }
}
