//! A large state that is saved and loaded, and the most memory that this takes.

use shma_core::inspect::View;
use shma_core::{ShmState, untyped};

use crate::say;

#[derive(ShmState)]
#[shm(name = "Bulk")]
struct Bulk<const MIB: usize> {
    #[shm(slots = 2)]
    rows: [[u64; 1 << 17]; MIB],
    step: u64,
}

/// Does it with a state of so many MiB, and says how many this process has taken at most, shared memory that it
/// has touched included.
pub fn run(how: &str, mib: usize, name: &str, file: &str) {
    match mib {
        256 => with::<256>(how, name, file),
        1024 => with::<1024>(how, name, file),
        _ => panic!("there is no state of {mib} MiB"),
    }
    say(&peak().to_string());
}

fn with<const MIB: usize>(how: &str, name: &str, file: &str) {
    match how {
        "create" => {
            let mut bulk = Bulk::<MIB>::zeroed();
            for (number, row) in (0..).zip(&mut bulk.rows) {
                row.fill(number);
            }
            drop(Bulk::<MIB>::options().persistent(true).create(name, &bulk).unwrap());
        }
        "save" => Bulk::<MIB>::open(name).unwrap().checkpoint(file).unwrap(),
        "save-untyped" => {
            untyped::options().open(name, None).unwrap().checkpoint(file).unwrap();
        }
        "save-unattached" => drop(View::open(name).unwrap().checkpoint(file).unwrap()),
        "save-beside-a-copy" => {
            let bulk = Bulk::<MIB>::open(name).unwrap();
            let copy = bulk.rows.read_boxed();
            bulk.checkpoint(file).unwrap();
            assert_eq!(copy[MIB - 1][0], MIB as u64 - 1);
        }
        "load" => {
            let bulk = Bulk::<MIB>::load(file).unwrap();
            for (number, row) in (0..).zip(&bulk.rows) {
                assert_eq!((row[0], row[(1 << 17) - 1]), (number, number));
            }
        }
        _ => panic!("unknown: {how}"),
    }
}

/// The most memory that this process has had, in MiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() >> 10
}
