//! The C header, compiled, reading a region.

use std::process::Command;

use shma_core::ShmState;
use shma_tests::region::Name;
use shma_tests::skip::skip;
use shma_tests::watchdog::watched;
use tempfile::tempdir;

use crate::partner::{Lab, filled};
use crate::shma::shma;

const PROGRAM: &str = r#"
#include "lab.h"
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

int main(int count, char **arguments)
{
    struct stat stat;
    int file = open(arguments[1], O_RDONLY);
    if (count != 2 || file < 0 || fstat(file, &stat))
        return 1;
    const void *region = mmap(0, stat.st_size, PROT_READ, MAP_SHARED, file, 0);
    Lab_grid grid;
    Lab_poses poses;
    Lab_hits hits;
    Lab_waves waves;
#define READ(NAME, value)                                                                 \
    shma_read(region, SHMA_LAB_##NAME##_AT, SHMA_LAB_##NAME##_SLOTS_AT,                   \
              SHMA_LAB_##NAME##_SLOT_STRIDE, SHMA_LAB_##NAME##_SLOTS, &value, sizeof value)
    unsigned long version = READ(GRID, grid);
    READ(POSES, poses);
    READ(HITS, hits);
    READ(WAVES, waves);
    printf("%lu %g %g %u %u %g\n", version, grid[2][3], poses[1].at[1], poses[1].flags[2], hits[3],
           waves[0][1]);
    return 0;
}
"#;

#[test]
fn a_program_in_c_reads_something_else() {
    watched(|| {
        let name = Name::new("header");
        let lab = Lab::create(&name, &filled()).unwrap();
        lab.grid.update(|new, _| new[2][3] = 9.5);
        let folder = tempdir().unwrap();
        let path = |file: &str| folder.path().join(file);
        std::fs::write(path("lab.h"), shma(&["header", &name]).done()).unwrap();
        std::fs::write(path("read.c"), PROGRAM).unwrap();
        let mut compile = Command::new("cc");
        compile.args(["-std=c11", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-o"]);
        let compiled = compile.arg(path("read")).arg(path("read.c")).output();
        let Ok(compiled) = compiled else { return skip("there is no cc") };
        assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));
        let ran = Command::new(path("read")).arg(name.path()).output().unwrap();
        assert!(ran.status.success());
        assert_eq!(String::from_utf8(ran.stdout).unwrap(), "2 9.5 -2.25 255 4294967295 -2\n");
    });
}
