//! The state words of a region as text, to find out what went wrong in it.

use std::fmt::Write;
use std::path::Path;

use shma_core::Manifest;

use shma_tests::region::{Bytes, control, header};

/// All words of a region that protocols hang on, a line for the header and one for each field. The
/// region is read past the library, as it stands.
pub fn words(path: &Path, manifest: &Manifest<'_>) -> String {
    if !path.exists() {
        return format!("{} is not there", path.display());
    }
    let bytes = Bytes::open(path);
    let length = bytes.file().metadata().map_or(0, |found| found.len() as usize);
    let last = manifest.fields.last().expect("a state has a field");
    if length < last.offset + control::BYTES {
        return format!("{} has {length} bytes", path.display());
    }
    let mut text = format!(
        "{}: retired {}, next_id {}, commit {}",
        path.display(),
        bytes.u32(header::RETIRED),
        bytes.u32(header::NEXT_ID),
        bytes.u64(header::COMMIT),
    );
    for field in manifest.fields {
        let at = field.offset;
        let lock = bytes.u32(at + control::LOCK);
        let notify = bytes.u32(at + control::NOTIFY);
        let waiters = if bytes.has_waiters(at) { " + waiters" } else { "" };
        let sleepers = if bytes.has_sleepers(at) { " + sleepers" } else { "" };
        let _ = write!(
            text,
            "\n  {}: version {}, begin {}, lock {}{waiters}, pid {}, target {}, notify {}{sleepers}, \
             contended {}, dead owners {}, dirty",
            field.name,
            bytes.u64(at + control::VERSION),
            bytes.u64(at + control::BEGIN),
            lock & control::OWNER,
            bytes.u32(at + control::PID),
            bytes.u64(at + control::TARGET),
            notify >> 1,
            bytes.u64(at + control::CONTENDED),
            bytes.u64(at + control::DEAD_OWNERS),
        );
        for slot in 0..field.slots {
            let dirty = bytes.u64(at + control::DIRTY + 8 * slot);
            let _ = write!(text, " {}..{}", dirty >> 32, dirty as u32);
        }
    }
    text
}
