//! What a checkpoint of a large state takes of memory, as the kernel counts it in a process of its own.

use std::fs;
use std::path::Path;

use shma_core::ShmState;
use shma_tests::child;
use shma_tests::region::{DIRECTORY, Name};
use shma_tests::skip::skip;
use shma_tests::states::Board;
use shma_tests::watchdog::watched;

/// Beside the state: the program, buffers, the header.
const REST: u64 = 40;

/// MiB of the state: 1 GiB if `SHMA_LONG` is set.
fn mib() -> u64 {
    if std::env::var_os("SHMA_LONG").is_some() { 1024 } else { 256 }
}

fn free(directory: &Path) -> u64 {
    rustix::fs::statvfs(directory).map_or(0, |stat| (stat.f_bavail * stat.f_frsize) >> 20)
}

fn available() -> u64 {
    let memory = fs::read_to_string("/proc/meminfo").unwrap();
    let line = memory.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    let kib = line.and_then(|text| text.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kib.unwrap_or(0) >> 10
}

/// It would take the state three times: in the region, as a copy, and as the bytes of the file.
#[test]
fn a_checkpoint_doubles_memory_at_most_once() {
    watched(|| {
        let mib = mib();
        let folder = std::env::temp_dir();
        if free(Path::new(DIRECTORY)) < 3 * mib || available() < 6 * mib || free(&folder) < 3 * mib
        {
            return skip(&format!(
                "a state of {mib} MiB needs {} MiB in /dev/shm, twice that of memory, and as much on the disk",
                3 * mib
            ));
        }
        let name = Name::new("bulk");
        let file = folder.join(format!("{}.safetensors", &*name));
        let size = mib.to_string();
        let peak = |how: &str| -> u64 {
            let mut child = child!("bulk", how, &size, &name, file.to_str().unwrap());
            let peak = child.line().parse().unwrap();
            assert!(child.end().success());
            println!("{how}: {peak} MiB with a state of {mib} MiB");
            peak
        };
        peak("create");
        // The state in the region, of which a process touches what it reads, and one copy.
        for how in ["save", "save-untyped", "save-unattached"] {
            let peak = peak(how);
            assert!(peak <= 2 * mib + REST, "{how} takes {peak} MiB");
        }
        let peak_of_load = peak("load");
        assert!(peak_of_load <= mib + REST, "load takes {peak_of_load} MiB");
        // One copy more is noticed.
        assert!(peak("save-beside-a-copy") > 2 * mib + REST);
        fs::remove_file(file).unwrap();
        Board::unlink(&name).unwrap();
    });
}
