//! The ways to share a state that are compared, a file each.

mod futex;
#[cfg(feature = "peers")]
mod iceoryx2;
#[cfg(feature = "peers")]
mod lmdb;
mod memcpy;
#[cfg(feature = "peers")]
mod mmap_sync;
mod mutex;
mod mutex_in_place;
mod mutex_pair;
mod plain_loop;
mod python;
#[cfg(feature = "peers")]
mod raw_sync;
mod robust;
mod shma;
mod shma_atomic;
mod shma_c;
mod shma_scattered;

use crate::ability::Peer;

/// The library, as tables name it.
pub const SHMA: &str = "shma";
/// The same with huge pages.
pub const HUGE: &str = "shma, huge pages";
/// Its atomic fields, by loads and stores, and by compare-exchange.
pub const SHMA_RACY: &str = "shma, racy";
pub const SHMA_EXACT: &str = "shma, exact";
/// The library from C, and from Python.
pub const SHMA_C: &str = "shma, C";
pub const SHMA_PYTHON: &str = "shma, Python";
/// The references that targets are ratios to.
pub const MEMCPY: &str = "memcpy";
pub const LOOP: &str = "plain loop";
pub const MUTEX_PAIR: &str = "mutex pair";
pub const MUTEX_IN_PLACE: &str = "mutex, in place";
pub const FUTEX: &str = "futex";

/// All of them: the library, the references, the others.
pub fn all() -> Vec<&'static dyn Peer> {
    vec![
        &shma::Shma,
        &shma_scattered::Huge,
        &shma_atomic::Racy,
        &shma_atomic::Exact,
        &shma_c::ShmaC,
        &python::ShmaPython,
        &memcpy::Memcpy,
        &plain_loop::Loop,
        &mutex_pair::Pair,
        &futex::Futex,
        &mutex::Mutex,
        &mutex_in_place::InPlace,
        #[cfg(feature = "peers")]
        &iceoryx2::Iceoryx2,
        #[cfg(feature = "peers")]
        &mmap_sync::MmapSync,
        #[cfg(feature = "peers")]
        &raw_sync::MUTEX,
        #[cfg(feature = "peers")]
        &raw_sync::RW_LOCK,
        #[cfg(feature = "peers")]
        &lmdb::Lmdb,
        &python::Numpy,
    ]
}
