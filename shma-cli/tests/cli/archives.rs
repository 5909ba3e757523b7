//! Archives that are not what they say.

use std::io::Write;

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};
use shma_core::ShmState;
use shma_tests::region::Name;
use shma_tests::watchdog::watched;
use tempfile::tempdir;

use crate::owner::{Lab, filled};
use crate::shma::shma;

/// A member of an archive: its bytes, and what the archive says of them.
#[derive(Clone)]
struct Member {
    name: &'static str,
    method: u16,
    flags: u16,
    crc32: u32,
    /// As they lie in the archive.
    bytes: Vec<u8>,
    compressed: u32,
    size: u32,
}

impl Member {
    fn stored(name: &'static str, npy: &[u8]) -> Self {
        let mut crc = Crc::new();
        crc.update(npy);
        let size = npy.len() as u32;
        let bytes = npy.to_vec();
        Self { name, method: 0, flags: 0, crc32: crc.sum(), bytes, compressed: size, size }
    }

    fn deflated(name: &'static str, npy: &[u8]) -> Self {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(npy).unwrap();
        let bytes = encoder.finish().unwrap();
        let compressed = bytes.len() as u32;
        Self { method: 8, bytes, compressed, ..Self::stored(name, npy) }
    }

    /// The part of both headers that is the same in both.
    fn header(&self) -> Vec<u8> {
        let mut header = Vec::new();
        for short in [20, self.flags, self.method, 0, 33] {
            header.extend(short.to_le_bytes());
        }
        for long in [self.crc32, self.compressed, self.size] {
            header.extend(long.to_le_bytes());
        }
        header.extend((self.name.len() as u16).to_le_bytes());
        header.extend([0, 0]);
        header
    }
}

/// An archive of members: what stands before each, and what the directory says of it.
fn archive(members: &[(Member, Member)], comment: &[u8]) -> Vec<u8> {
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for (local, central) in members {
        let at = archive.len() as u32;
        archive.extend(b"PK\x03\x04");
        archive.extend(local.header());
        archive.extend(local.name.as_bytes());
        archive.extend(&local.bytes);
        directory.extend(b"PK\x01\x02\x14\0");
        directory.extend(central.header());
        directory.extend([0; 10]);
        directory.extend(at.to_le_bytes());
        directory.extend(central.name.as_bytes());
    }
    let (start, len) = (archive.len() as u32, directory.len() as u32);
    let count = (members.len() as u16).to_le_bytes();
    archive.extend(directory);
    archive.extend(b"PK\x05\x06\0\0\0\0");
    archive.extend([count, count].concat());
    archive.extend(len.to_le_bytes());
    archive.extend(start.to_le_bytes());
    archive.extend((comment.len() as u16).to_le_bytes());
    archive.extend(comment);
    archive
}

fn npy(descr: &str, shape: &str, values: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}}}\n");
    let len = (header.len() as u16).to_le_bytes();
    [b"\x93NUMPY\x01\0", &len[..], header.as_bytes(), values].concat()
}

fn grid() -> Vec<u8> {
    npy("<f4", "(3, 4)", &[0; 48])
}

fn step() -> Vec<u8> {
    npy("<u8", "()", &50_u64.to_le_bytes())
}

/// A region, and a way to import bytes into it.
struct Target {
    name: Name,
    lab: shma_core::Shm<Lab>,
    folder: tempfile::TempDir,
}

impl Target {
    fn new(name: &str) -> Self {
        let name = Name::new(name);
        let lab = Lab::create(&name, &filled()).unwrap();
        Self { name, lab, folder: tempdir().unwrap() }
    }

    /// Imports an archive, and sees to it that a refusal has changed nothing.
    #[track_caller]
    fn import(&self, bytes: &[u8]) -> crate::shma::Ran {
        let file = self.folder.path().join("arrays.npz");
        std::fs::write(&file, bytes).unwrap();
        let versions = || (self.lab.grid.version(), self.lab.step.version());
        let before = (versions(), format!("{:?}", self.lab.snapshot()));
        let ran = shma(&["import", &self.name, file.to_str().unwrap()]);
        if ran.status != 0 {
            let after = (versions(), format!("{:?}", self.lab.snapshot()));
            assert_eq!(after, before, "something was written: {ran:?}");
        }
        ran
    }
}

/// What a member can be that is no longer what was written, compressed or not. The first array is
/// sound: it must not be written either.
#[test]
fn nothing_of_a_damaged_archive_is_written() {
    watched(|| {
        let target = Target::new("damaged");
        let both = |member: &Member| (member.clone(), member.clone());
        let first = both(&Member::stored("grid.npy", &grid()));
        let whole = step();
        let short = &whole[..whole.len() - 3];
        let long = [&whole[..], b"surplus"].concat();
        for plain in [Member::stored("step.npy", &whole), Member::deflated("step.npy", &whole)] {
            let make = |bytes: &[u8]| match plain.method {
                0 => Member::stored("step.npy", bytes),
                _ => Member::deflated("step.npy", bytes),
            };
            // What the archive says is of the whole array, and what is there is not.
            let says_whole = |member: Member| Member {
                crc32: plain.crc32,
                size: plain.size,
                compressed: member.bytes.len() as u32,
                ..member
            };
            let change = |change: &dyn Fn(&mut Member)| {
                let mut changed = plain.clone();
                change(&mut changed);
                changed
            };
            let mut flipped = whole.clone();
            *flipped.last_mut().unwrap() ^= 0x40;
            let faults = [
                ("a flipped bit", both(&says_whole(make(&flipped)))),
                (
                    "a first byte that begins no stream",
                    both(&change(&|member| member.bytes[0] |= 6)),
                ),
                ("another checksum", both(&change(&|member| member.crc32 ^= 1))),
                ("too few bytes", both(&says_whole(make(short)))),
                ("too many bytes", both(&says_whole(make(&long)))),
                ("too few values", both(&make(short))),
                ("too many values", both(&make(&long))),
                (
                    "compressed bytes to spare",
                    both(&change(&|member| {
                        member.bytes.extend(b"surplus");
                        member.compressed += 7;
                    })),
                ),
                (
                    "compressed bytes missing",
                    both(&change(&|member| {
                        member.bytes.pop();
                        member.compressed -= 1;
                    })),
                ),
                ("a size of its own", both(&change(&|member| member.size += 8))),
                ("a size beyond all memory", both(&change(&|member| member.size = u32::MAX - 1))),
                ("a password", both(&change(&|member| member.flags |= 1))),
                ("an unknown method", both(&change(&|member| member.method = 12))),
                ("two checksums", (change(&|member| member.crc32 ^= 1), plain.clone())),
                ("two sizes", (change(&|member| member.size += 1), plain.clone())),
                ("two names", (change(&|member| member.name = "hits.npy"), plain.clone())),
                ("two methods", (change(&|member| member.method ^= 8), plain.clone())),
            ];
            for (fault, second) in faults {
                let ran = target.import(&archive(&[first.clone(), second], b""));
                assert_eq!(ran.status, 4, "{fault}, method {}: {ran:?}", plain.method);
            }
            let twice = [first.clone(), both(&plain), both(&plain)];
            assert_eq!(target.import(&archive(&twice, b"")).status, 4, "a member twice");
            let sound = archive(&[first.clone(), both(&plain)], b"");
            for cut in [sound.len() - 1, sound.len() - 22, sound.len() / 2, 4] {
                assert_eq!(target.import(&sound[..cut]).status, 4, "cut at {cut}");
            }
            let more = [&sound[..], b"more"].concat();
            assert_eq!(target.import(&more).status, 4, "bytes behind the end");
        }
    });
}

/// The archives that the test above damages are sound before.
#[test]
fn a_sound_archive_is_written() {
    watched(|| {
        let target = Target::new("sound");
        let members = [Member::stored("step.npy", &step()), Member::deflated("step.npy", &step())];
        for (round, step) in members.into_iter().enumerate() {
            let grid = Member::deflated("grid.npy", &grid());
            let members = [(step.clone(), step), (grid.clone(), grid)];
            for comment in [&b""[..], b"PK\x05\x06 is no end here"] {
                target.lab.step.write(&(round as u64));
                target.import(&archive(&members, comment)).done();
                assert_eq!((target.lab.step.read(), target.lab.grid.read()[2][3]), (50, 0.0));
            }
        }
    });
}

/// A few bytes can say that they are very many.
#[test]
fn an_import_takes_no_more_memory_than_the_region() {
    watched(|| {
        let target = Target::new("bomb");
        let header = npy("<u8", "(1000000000,)", &[]);
        let mut bomb = Member::deflated("step.npy", &[&header[..], &vec![0; 50 << 20]].concat());
        bomb.size = bomb.size.max(u32::MAX - 1);
        let file = target.folder.path().join("bomb.npz");
        let padded = npy("<u8", "()", &[]);
        let text =
            String::from_utf8_lossy(&padded[10..]).replace("'<u8'", "[('', '|V4000000000')]");
        let len = (text.len() as u16).to_le_bytes();
        let padded = [b"\x93NUMPY\x01\0", &len[..], text.as_bytes(), &vec![0; 1 << 20]].concat();
        let padded = Member { size: u32::MAX - 1, ..Member::deflated("step.npy", &padded) };
        for bomb in [bomb, padded] {
            std::fs::write(&file, archive(&[(bomb.clone(), bomb)], b"")).unwrap();
            // A limit of address space; the command itself takes some tens of MB.
            let limited = "ulimit -v 500000 && exec \"$@\"";
            let mut command = std::process::Command::new("sh");
            command.args(["-c", limited, "sh", env!("CARGO_BIN_EXE_shma"), "import"]);
            let ran = command.args([&*target.name, file.to_str().unwrap()]).output().unwrap();
            let said = String::from_utf8_lossy(&ran.stderr);
            assert_eq!(ran.status.code(), Some(4), "{said}");
        }
    });
}
