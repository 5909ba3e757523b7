//! Names of regions.

/// A name that no other region has, beginning with that of the program and the number of the process.
/// The random part is for process numbers that come back, and for those of other containers.
pub fn new_name(program: &str) -> String {
    format!("{program}-{}-{:08x}", std::process::id(), fastrand::u32(..))
}
