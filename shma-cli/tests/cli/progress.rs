//! Long work on files tells a person how far it is.

use std::fs::File;
use std::io;

use rustix::fs::{CWD, FileType, Mode, mknodat};
use shma_core::ShmState;
use shma_tests::region::Name;
use shma_tests::watchdog::watched;

use crate::shma::{command, shma};
use crate::terminal::Terminal;

#[derive(ShmState)]
struct Long {
    values: [[f32; 1024]; 512],
}

/// A reader that takes its time: the line shows meanwhile, and goes. A script gets none.
#[test]
fn a_line_shows_how_far_long_work_is() {
    watched(|| {
        let (name, folder) = (Name::new("progress"), tempfile::tempdir().unwrap());
        let _long = Long::create(&name, &Long::zeroed()).unwrap();
        let fifo = folder.path().join("fifo");
        mknodat(CWD, &fifo, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        let path = fifo.to_str().unwrap();
        let mut terminal = Terminal::start(&mut command(&["export", &name, path]), 24, 160);
        let mut reader = File::open(&fifo).unwrap();
        terminal.shows(" of 2.0 MiB");
        io::copy(&mut reader, &mut io::sink()).unwrap();
        let (status, left) = terminal.end();
        assert!(status.success() && left.contains("1 arrays to"), "{left}");
        assert!(!left.contains("of 2.0 MiB"), "{left}");
        let file = folder.path().join("file.npz");
        let said = shma(&["export", &name, file.to_str().unwrap()]).done();
        assert!(!said.contains("MiB"), "{said}");
    });
}
