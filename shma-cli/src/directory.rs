//! The directory whose regions the command is about.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Where regions lie that say nothing else.
pub const USUAL: &str = "/dev/shm";

static CHOSEN: OnceLock<PathBuf> = OnceLock::new();

/// Sets the directory, once, before anything asks for it: the one of the command line, else that of the
/// environment, where an empty text says nothing.
pub fn choose(directory: Option<PathBuf>) {
    let variable = || std::env::var_os("SHMA_DIR").filter(|text| !text.is_empty());
    if let Some(directory) = directory.or_else(|| variable().map(PathBuf::from)) {
        let _ = CHOSEN.set(directory);
    }
}

/// The directory.
pub fn path() -> &'static Path {
    CHOSEN.get().map_or(Path::new(USUAL), PathBuf::as_path)
}

/// Whether it is the usual one.
pub fn is_usual() -> bool {
    path() == Path::new(USUAL)
}

/// The file of a region.
pub fn file(name: &str) -> PathBuf {
    path().join(format!("shma.{name}"))
}

/// A path for a terminal, which it does not disturb, whatever it holds.
pub fn shown(path: impl AsRef<Path>) -> String {
    path.as_ref().to_string_lossy().escape_debug().to_string()
}

/// How this command is called for the regions of the directory.
pub fn command() -> String {
    match is_usual() {
        true => "shma".into(),
        false => format!("shma --dir {}", shown(path())),
    }
}
