//! Parsers of options, which say what would be good instead of what is bad.

use std::path::{Path, PathBuf};
use std::thread;

/// As many workers as there are cores, up to `MOST`.
pub fn cores<const MOST: usize>() -> usize {
    thread::available_parallelism().map_or(1, |cores| cores.get().min(MOST))
}

/// A number of workers, from 1 to `MOST`.
///
/// # Errors
///
/// It is none.
pub fn workers<const MOST: usize>(text: &str) -> Result<usize, String> {
    let workers = text.parse().ok().filter(|workers| (1..=MOST).contains(workers));
    workers.ok_or_else(|| format!("give a whole number from 1 to {MOST}"))
}

/// The seat of a worker, below `SEATS`.
///
/// # Errors
///
/// It is none.
pub fn seat<const SEATS: usize>(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|seat| *seat < SEATS).ok_or_else(|| "there is no such seat".to_owned())
}

/// A number above 0, and not above `most`; NaN is neither.
///
/// # Errors
///
/// It is none.
pub fn number(text: &str, most: f64) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number: &f64| *number > 0.0 && *number <= most);
    number.ok_or_else(|| format!("give a number above 0 and up to {most}"))
}

/// A share of the work after which something happens: a number above 0 and below 1.
///
/// # Errors
///
/// It is none.
pub fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share: &f64| *share > 0.0 && *share < 1.0);
    share.ok_or_else(|| "give a number above 0 and below 1".to_owned())
}

/// A place where a file can be; better asked before the work than after it.
///
/// # Errors
///
/// There is a directory, or no directory around it.
pub fn picture(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    if text.is_empty() || path.is_dir() {
        return Err("give the name of a file, not of a directory".to_owned());
    }
    let parent = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    if !parent.is_dir() {
        return Err(format!("there is no directory {}", parent.display()));
    }
    Ok(path)
}
