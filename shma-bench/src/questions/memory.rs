//! How much memory a value takes.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::{Context, Result};

use crate::ability::{Done, Place};
use crate::buffer::Buffer;
use crate::question::{Axis, Measure, Question};
use crate::shared::DIRECTORY;
use crate::sizes;
use crate::worker::{Worker, check_memory};

/// Replacements and changes before it is looked at: every place that a peer may keep a value in
/// has had its turn.
const TURNS: u64 = 8;

/// The question.
pub const QUESTION: Question = Question {
    name: "memory",
    about: "Memory that a value takes, after it was replaced and changed some times.",
    axis: Axis::Bytes,
    measures: &[
        Measure { name: "shared", unit: "values", about: "that the shared memory could hold" },
        Measure { name: "private", unit: "values", about: "that each process's own could hold" },
    ],
    cases: |effort| effort.sizes(&[sizes::ALL[7]], &[sizes::ALL[3], sizes::ALL[7], sizes::ALL[10]]),
    processes: |_| 1,
    counts: false,
    measure,
};

fn measure(worker: &Worker) -> Result<()> {
    let bytes = worker.job.case;
    let mut buffer = Buffer::filled(bytes, |_| 1.0);
    for (peer, place) in worker.peers(bytes) {
        let before = private()?;
        let mut store = match check_memory(peer.copies(), bytes).and_then(|()| peer.create(&place))
        {
            Ok(store) => store,
            Err(reason) => {
                worker.refuse(peer, reason);
                continue;
            }
        };
        // What it cannot do takes no memory.
        let _: Done = store.write(&buffer, TURNS);
        let _: Done = store.update(&buffer, TURNS);
        let _: Done = store.read(&mut buffer, TURNS);
        let values = |taken: u64| taken as f64 / bytes as f64;
        worker.tell(peer, "shared", values(shared(&place)?));
        worker.tell(peer, "private", values(private()?.saturating_sub(before)));
        worker.step(worker.peers(0).len());
    }
    Ok(())
}

/// Bytes of all files whose names contain the run's, except that of the meeting.
fn shared(place: &Place) -> Result<u64> {
    let mut total = 0;
    for entry in fs::read_dir(DIRECTORY)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.contains(&place.run) && !name.ends_with("-meeting") {
            total += size(&path)?;
        }
    }
    Ok(total)
}

/// Bytes of a file, or of all in a folder.
fn size(path: &Path) -> Result<u64> {
    let about = fs::symlink_metadata(path)?;
    if !about.is_dir() {
        return Ok(about.blocks() * 512);
    }
    fs::read_dir(path)?.map(|entry| size(&entry?.path())).sum()
}

/// Bytes of this process's own memory.
fn private() -> Result<u64> {
    let text = fs::read_to_string("/proc/self/status")?;
    let line = text.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let number = line.and_then(|rest| rest.trim().trim_end_matches(" kB").parse::<u64>().ok());
    Ok(number.context("/proc/self/status has no RssAnon")? << 10)
}
