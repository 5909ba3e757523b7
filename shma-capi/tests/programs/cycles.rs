//! Whole lives of handles and updates, many of them.

use std::process::Command;

use shma_tests::region::Name;
use shma_tests::sizes;
use shma_tests::watchdog::watched;

use crate::compilers::gcc;
use crate::prefix::run;

/// What memory may grow by, in bytes. The allocator keeps some, however many cycles there are.
const HEAP: i64 = 16 << 10;
const MAPPED: i64 = 256 << 10;

/// How many lives and uses. A life creates, opens and removes a region.
fn counts() -> [&'static str; 2] {
    let long = std::env::var_os("SHMA_LONG").is_some();
    [if long { "30000" } else { sizes::either("500", "4000") }, "100000"]
}

/// A library that loses some bytes with each update ends a program that runs for weeks.
#[test]
fn a_hundred_thousand_cycles_leave_no_memory_behind() {
    watched(|| {
        let Some(gcc) = gcc() else { return };
        let (name, program) = (Name::new("cycles"), gcc.build("c/cycles.c", &[]));
        let second = Name::told(&format!("{}-2", &*name));
        let said = run(Command::new(program).arg(&*name).args(counts()));
        let grown: Vec<(&str, i64)> = said
            .lines()
            .map(|line| line.split_once(' ').map(|(what, by)| (what, by.parse().unwrap())).unwrap())
            .collect();
        assert_eq!(grown.len(), 4, "{said}");
        for (what, by) in grown {
            let most = if what.ends_with("heap") { HEAP } else { MAPPED };
            assert!(by <= most, "{what}: {by} bytes more");
        }
        drop((second, name));
    });
}
