//! The page about the bytes of a region says something else than the bytes do.
//!
//! Offsets are read from the page's own tables, and tried on the file of a region.

use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::time::Duration;

use shma_core::{FieldManifest, ShmState};
use shma_tests::region::Name;
use shma_tests::watchdog::{until, watched};

const PAGE: &str = include_str!("../../shma-core/src/docs/layout.rs");

/// The state of the page's example.
#[derive(ShmState)]
struct Board {
    count: u64,
    row: [f32; 100],
    #[shm(atomic)]
    hits: [u32; 3],
}

/// The rows of the tables in a section, as the cells of each.
fn rows(section: &str) -> Vec<Vec<&'static str>> {
    let (_, rest) = PAGE.split_once(&format!("//! # {section}\n")).expect(section);
    let section = rest.split("//! # ").next().unwrap_or(rest);
    let rows = section.lines().filter_map(|line| line.strip_prefix("//! | ")?.strip_suffix(" |"));
    // The first is the heading, and a cell may hold an escaped bar, but not before the ones used.
    rows.skip(1)
        .map(|row| row.split('|').map(|cell| cell.trim().trim_matches('`')).collect())
        .collect()
}

/// What a section says of one name: where it lies, and how many bytes it has.
#[derive(Clone, Copy)]
struct Place {
    at: usize,
    bytes: usize,
}

fn places(section: &str) -> HashMap<&'static str, Place> {
    let mut places = HashMap::new();
    let mut end = 0;
    for row in rows(section) {
        let place = Place { at: row[0].parse().unwrap(), bytes: row[1].parse().unwrap() };
        assert_eq!(place.at, end, "{section}: the table has a gap or an overlap at {row:?}");
        end = place.at + place.bytes;
        places.insert(row[2], place);
    }
    places
}

fn sizes() -> HashMap<&'static str, usize> {
    rows("Sizes").into_iter().map(|row| (row[0], row[1].parse().unwrap())).collect()
}

/// The file of a region, by the names of the page.
struct Bytes {
    file: File,
    header: HashMap<&'static str, Place>,
    control: HashMap<&'static str, Place>,
}

impl Bytes {
    fn of(name: &Name) -> Self {
        let file = File::options().read(true).write(true).open(name.path()).unwrap();
        Self { file, header: places("Header"), control: places("Control block") }
    }

    fn at(&self, at: usize, bytes: usize) -> Vec<u8> {
        let mut found = vec![0; bytes];
        self.file.read_exact_at(&mut found, at as u64).unwrap();
        found
    }

    /// A number of 4 or 8 bytes.
    fn number(&self, start: usize, Place { at, bytes }: Place) -> u64 {
        let found = self.at(start + at, bytes);
        match bytes {
            4 => u32::from_ne_bytes(found.try_into().unwrap()).into(),
            8 => u64::from_ne_bytes(found.try_into().unwrap()),
            other => panic!("a number of {other} bytes"),
        }
    }

    fn header(&self, name: &str) -> u64 {
        self.number(0, self.header[name])
    }

    fn control(&self, field: &FieldManifest, name: &str) -> u64 {
        self.number(field.offset, self.control[name])
    }

    /// The number with this index in `dirty`.
    fn dirty(&self, field: &FieldManifest, index: usize) -> u64 {
        let dirty = self.control["dirty"];
        assert_eq!(dirty.bytes, 64);
        self.number(field.offset, Place { at: dirty.at + index * 8, bytes: 8 })
    }

    fn slot(&self, field: &FieldManifest, version: u64, bytes: usize) -> Vec<u8> {
        let slot = version as usize % field.slots;
        self.at(field.slot_offset() + slot * field.slot_stride(), bytes)
    }
}

fn fields() -> [&'static FieldManifest; 3] {
    let [count, row, hits] = Board::MANIFEST.fields else { panic!("three fields") };
    [count, row, hits]
}

/// Sizes and distances of the page against those that the type has.
#[test]
fn sizes_and_distances_differ_from_the_page() {
    let sizes = sizes();
    let [count, row, hits] = fields();
    assert_eq!(count.offset, sizes["header"]);
    assert_eq!(count.slot_offset(), count.offset + sizes["control"]);
    assert_eq!(hits.slot_offset(), hits.offset + sizes["control"] + sizes["stripes"]);
    assert_eq!(count.slot_stride(), sizes["align"]);
    assert_eq!(row.slot_stride(), row.size.next_multiple_of(sizes["align"]));
    assert_eq!(row.offset, count.slot_offset() + count.slots * count.slot_stride());
    let end = |section| places(section).into_values().map(|place| place.at + place.bytes).max();
    assert_eq!(end("Header"), Some(sizes["header"]));
    assert_eq!(end("Control block"), Some(sizes["control"]));
}

/// The example that the page follows byte by byte.
#[test]
fn the_example_of_the_page_is_laid_out_otherwise() {
    let name = Name::new("documented-example");
    let _board = Board::create(&name, &Board::zeroed()).unwrap();
    let bytes = Bytes::of(&name);
    let [count, row, hits] = fields();
    let stripes = hits.offset + sizes()["control"];
    let expected = [
        0,
        count.offset,
        count.slot_offset(),
        row.offset,
        row.slot_offset(),
        hits.offset,
        stripes,
        hits.slot_offset(),
        bytes.header("text_at") as usize,
    ];
    let told: Vec<usize> =
        rows("A region byte by byte").iter().map(|row| row[0].parse().unwrap()).collect();
    assert_eq!(told, expected);
}

/// What is written once, before the region has its name.
#[test]
fn the_header_lies_elsewhere() {
    let name = Name::new("documented-header");
    let board = Board::options().persistent(true).create(&name, &Board::zeroed()).unwrap();
    let bytes = Bytes::of(&name);
    let here = |name: &str| bytes.at(bytes.header[name].at, bytes.header[name].bytes);
    assert_eq!(here("magic"), b"SHMAREGN");
    assert_eq!(bytes.header("format"), 1);
    assert_eq!(bytes.header("byte_order"), 0x0102_0304);
    assert_eq!(bytes.header("total"), bytes.file.metadata().unwrap().len());
    assert_eq!(here("fingerprint"), board.manifest().fingerprint().to_ne_bytes());
    assert_eq!(bytes.header("flags"), 1);
    assert_eq!(bytes.header("retired"), 0);
    assert_eq!(bytes.header("commit"), 0);
    let first = here("instance");
    drop(board);
    Board::unlink(&name).unwrap();
    let _again = Board::create(&name, &Board::zeroed()).unwrap();
    let bytes = Bytes::of(&name);
    let instance = bytes.header["instance"];
    assert_ne!(bytes.at(instance.at, instance.bytes), first);
    assert_eq!(bytes.header("flags"), 0);
}

/// The text is where the header says, up to the end of the file.
#[test]
fn the_manifest_lies_elsewhere() {
    let name = Name::new("documented-manifest");
    let _board = Board::create(&name, &Board::zeroed()).unwrap();
    let bytes = Bytes::of(&name);
    let (at, len) = (bytes.header("text_at") as usize, bytes.header("text_len") as usize);
    assert_eq!(String::from_utf8(bytes.at(at, len)).unwrap(), Board::MANIFEST.to_json());
    assert_eq!((at + len) as u64, bytes.file.metadata().unwrap().len());
    assert_eq!(at % sizes()["align"], 0);
}

/// Every key that the page names is in the text, and none that it does not.
#[test]
fn the_manifest_has_other_keys() {
    let manifest: serde_json::Value = serde_json::from_str(&Board::MANIFEST.to_json()).unwrap();
    let keys = |value: &serde_json::Value| {
        let mut keys: Vec<String> = value.as_object().unwrap().keys().cloned().collect();
        keys.sort();
        keys
    };
    let rows = rows("Manifest");
    let heading = rows.iter().position(|row| row[0] == "key").expect("a second table");
    let told = |rows: &[Vec<&str>]| {
        let mut keys: Vec<String> = rows
            .iter()
            .flat_map(|row| row[0].split(", "))
            .map(|key| key.trim_matches('`').to_owned())
            .collect();
        keys.sort();
        keys
    };
    assert_eq!(told(&rows[..heading]), keys(&manifest));
    let mut of_field = told(&rows[heading + 1..]);
    // The one key of struct elements, of which there are none here.
    of_field.retain(|key| key != "struct");
    assert_eq!(of_field, keys(&manifest["fields"][2]));
    of_field.retain(|key| key != "stripes_at");
    assert_eq!(of_field, keys(&manifest["fields"][0]));
}

/// The words of a field before, in, and after an update.
#[test]
fn the_control_block_lies_elsewhere() {
    let name = Name::new("documented-control");
    let board = Board::create(&name, &Board::zeroed()).unwrap();
    let bytes = Bytes::of(&name);
    let [count, row, _] = fields();
    let words = |field: &FieldManifest| {
        ["version", "begin", "target", "lock", "contended"].map(|name| bytes.control(field, name))
    };
    assert_eq!(words(count), [1, 1, 1, 0, 0]);
    board.count.update(|new, _| {
        let owner = bytes.control(count, "lock");
        assert!((1..1 << 30).contains(&owner), "the lock word is {owner:#x}");
        assert_eq!(owner, bytes.header("next_id"));
        assert_eq!(bytes.control(count, "pid"), std::process::id().into());
        *new = 0x0123_4567_89ab_cdef;
    });
    assert_eq!(words(count), [2, 2, 1, 0, 0]);
    assert_eq!(bytes.slot(count, 2, 8), 0x0123_4567_89ab_cdef_u64.to_ne_bytes());
    assert_eq!(bytes.slot(count, 1, 8), [0; 8]);
    assert_eq!(bytes.dirty(count, 2), 1);
    let seen = bytes.control(count, "published");
    until("the clock ticks", || {
        board.count.write(&7);
        bytes.control(count, "published") > seen
    });
    // An element-wise update runs its closure while the publication is under way.
    board.row.update_with(&[0.5; 100], |new, _| {
        assert_eq!((bytes.control(row, "version"), bytes.control(row, "begin")), (1, 2));
        new
    });
    assert_eq!(bytes.dirty(row, 2), 50);
    board.row.set(7, 2.0);
    assert_eq!(bytes.dirty(row, 3), 3 << 32 | 4);
    assert_eq!(bytes.slot(row, 3, 32)[28..], 2.0_f32.to_ne_bytes());
    assert_eq!(bytes.slot(row, 3, 512)[400..], [0; 112]);
    board.transaction(|new, _| new.row[0] = 1.0);
    assert_eq!(bytes.header("commit"), 2);
    assert_eq!(bytes.control(row, "target"), 4);
    assert_eq!(bytes.control(count, "target"), bytes.control(count, "version"));
}

/// Somebody sleeps for a publication, and somebody for the semaphore.
#[test]
fn the_marks_of_sleepers_lie_elsewhere() {
    watched(|| {
        let name = Name::new("documented-sleepers");
        let board = Board::create(&name, &Board::zeroed()).unwrap();
        let other = Board::open(&name).unwrap();
        let bytes = Bytes::of(&name);
        let [count, ..] = fields();
        assert_eq!(bytes.control(count, "notify"), 1 << 1);
        std::thread::scope(|scope| {
            let since = other.count.version();
            let waiter = scope.spawn(|| other.count.wait_newer(since, Duration::from_secs(60)));
            until("somebody may sleep", || bytes.control(count, "notify") == 1 << 1 | 1);
            board.count.write(&1);
            waiter.join().unwrap().unwrap();
        });
        assert_eq!(bytes.control(count, "notify"), 2 << 1);
        std::thread::scope(|scope| {
            board.count.update(|_, _| {
                scope.spawn(|| other.count.update(|new, old| *new = old + 1));
                until("somebody sleeps for the semaphore", || {
                    bytes.control(count, "lock") >> 31 == 1
                });
            });
        });
        assert_eq!(bytes.control(count, "lock"), 0);
        assert_eq!(bytes.control(count, "contended"), 1);
        assert_eq!(bytes.control(count, "dead_owners"), 0);
    });
}

/// An atomic field counts in stripes, and has one slot.
#[test]
fn the_stripes_lie_elsewhere() {
    let name = Name::new("documented-stripes");
    let board = Board::create(&name, &Board::zeroed()).unwrap();
    let bytes = Bytes::of(&name);
    let [.., hits] = fields();
    board.hits.add(&[1, 2, 3]);
    board.hits.fetch_add(1, 40);
    let sizes = sizes();
    let stripe = |i| {
        let at = sizes["control"] + i * sizes["align"];
        bytes.number(hits.offset, Place { at, bytes: 8 })
    };
    assert_eq!((0..8).map(stripe).sum::<u64>(), 2);
    assert_eq!(bytes.control(hits, "version"), 1);
    assert_eq!(u64::from(board.hits.version()), 3);
    let value = [1_u32, 42, 3].map(u32::to_ne_bytes).concat();
    assert_eq!(bytes.at(hits.slot_offset(), 12), value);
}

/// The mark of a region without a name, through a descriptor that was open before.
#[test]
fn the_mark_of_a_retired_region_lies_elsewhere() {
    let name = Name::new("documented-retired");
    let board = Board::create(&name, &Board::zeroed()).unwrap();
    let bytes = Bytes::of(&name);
    assert_eq!(bytes.header("retired"), 0);
    Board::unlink(&name).unwrap();
    assert_ne!(bytes.header("retired"), 0);
    assert!(!board.is_current());
}
