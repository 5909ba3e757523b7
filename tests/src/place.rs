//! Directories that regions can lie in, on several file systems.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use shma_core::ShmState;

use crate::namespace;
use crate::skip::skip;
use crate::states::Board;
use crate::watchdog::watched;

/// A directory of this test alone. Dropped, it has to be empty, and is removed.
#[derive(Debug)]
pub struct Place(PathBuf);

impl Place {
    /// A new directory in this folder.
    pub fn below(folder: &Path) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let place = folder.join(format!("place-{}-{number}", std::process::id()));
        fs::create_dir(&place).unwrap();
        Self(place)
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The directory, as a word.
    pub fn text(&self) -> &str {
        self.0.to_str().unwrap()
    }

    /// The file of a region in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.join(format!("shma.{name}"))
    }

    /// The names of all files in it.
    pub fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap().flatten();
        entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    }

    /// Changes its permissions.
    pub fn set_mode(&self, mode: u32) {
        fs::set_permissions(&self.0, fs::Permissions::from_mode(mode)).unwrap();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let left = self.files();
        // What is mounted there is busy, and goes with the thread.
        fs::remove_dir_all(&self.0).or_else(|_| fs::remove_dir(&self.0)).ok();
        if !std::thread::panicking() {
            assert!(left.is_empty(), "left behind: {left:?}");
        }
    }
}

/// Tells a story in `/dev/shm`, in a directory on the disk of `target`, and on a tmpfs that is mounted
/// for it, each under a watchdog.
#[track_caller]
pub fn in_each(target: &'static str, story: fn(&Place)) {
    watched(move || story(&Place::below(Path::new("/dev/shm"))));
    watched(move || on_disk(target, story));
    watched(move || on_a_tmpfs(target, "16m", story));
}

/// Tells a story in a directory on the disk of `target`, if a region can lie there at all.
pub fn on_disk(target: &str, story: fn(&Place)) {
    let place = Place::below(Path::new(target));
    match Board::options().dir(place.path()).create("probe", &Board::zeroed()) {
        Err(error) if error.to_string().contains("self-test") => {
            skip(&format!("{} is on no file system for regions: {error}", place.text()));
        }
        created => {
            drop(created.unwrap());
            story(&place);
        }
    }
}

/// Tells a story on a tmpfs of this size. To be called in a thread that ends with it.
pub fn on_a_tmpfs(target: &str, bytes: &str, story: fn(&Place)) {
    let place = Place::below(Path::new(target));
    match namespace::mount_tmpfs(place.text(), bytes) {
        Ok(()) => story(&place),
        Err(error) => skip(&format!("mounting a tmpfs is not permitted: {error}")),
    }
}
