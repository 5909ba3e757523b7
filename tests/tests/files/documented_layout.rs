//! The page about the bytes of a region says something else than the bytes do.
//!
//! Offsets are read from the page's own tables, and tried on the file of a region.

use std::collections::{BTreeSet, HashMap};

use shma_core::{FieldManifest, ShmState};
use shma_tests::region::{Bytes, Name};
use shma_tests::watchdog::{PATIENCE, until, watched};

const PAGE: &str = include_str!("../../../shma-core/src/docs/layout.rs");

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
    // A cell may hold an escaped bar, but none of the first three does.
    let cells = |row: &'static str| row.split('|').map(|cell| cell.trim().trim_matches('`'));
    rows.skip(1).map(|row| cells(row).collect()).collect()
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
struct Peek {
    file: Bytes,
    header: HashMap<&'static str, Place>,
    control: HashMap<&'static str, Place>,
}

impl Peek {
    fn at(name: &Name) -> Self {
        Self { file: name.bytes(), header: places("Header"), control: places("Control block") }
    }

    fn bytes(&self, at: usize, bytes: usize) -> Vec<u8> {
        self.file.all()[at..][..bytes].to_vec()
    }

    /// A number of 4 or 8 bytes.
    fn number(&self, start: usize, place: Place) -> u64 {
        match place.bytes {
            4 => self.file.u32(start + place.at).into(),
            8 => self.file.u64(start + place.at),
            other => panic!("a number of {other} bytes"),
        }
    }

    fn header(&self, name: &str) -> u64 {
        self.number(0, self.header[name])
    }

    fn header_bytes(&self, name: &str) -> Vec<u8> {
        self.bytes(self.header[name].at, self.header[name].bytes)
    }

    fn control(&self, field: &FieldManifest<'_>, name: &str) -> u64 {
        self.number(field.offset, self.control[name])
    }

    /// The number with this index in `dirty`.
    fn dirty(&self, field: &FieldManifest<'_>, index: usize) -> u64 {
        let at = self.control["dirty"].at + index * 8;
        self.number(field.offset, Place { at, bytes: 8 })
    }

    /// The whole slot of a publication.
    fn slot(&self, field: &FieldManifest<'_>, version: u64) -> Vec<u8> {
        let slot = version as usize % field.slots;
        self.bytes(field.slot_offset() + slot * field.slot_stride(), field.slot_stride())
    }
}

fn fields() -> [&'static FieldManifest<'static>; 3] {
    let [count, row, hits] = Board::MANIFEST.fields else { panic!("three fields") };
    [count, row, hits]
}

/// Sizes and distances of the page against those that the type has.
#[test]
fn sizes_and_distances_are_those_of_the_page() {
    let sizes = sizes();
    let [count, row, hits] = fields();
    assert_eq!(count.offset, sizes["header"]);
    assert_eq!(count.slot_offset(), count.offset + sizes["control"]);
    assert_eq!(hits.slot_offset(), hits.offset + sizes["control"] + sizes["stripes"]);
    assert_eq!(count.slot_stride(), sizes["align"]);
    assert_eq!(row.slot_stride(), row.size.next_multiple_of(sizes["align"]));
    assert_eq!(row.offset, count.slot_offset() + count.slots * count.slot_stride());
    for (section, bytes) in [("Header", sizes["header"]), ("Control block", sizes["control"])] {
        assert_eq!(places(section).values().map(|place| place.at + place.bytes).max(), Some(bytes));
    }
}

/// The example that the page follows byte by byte.
#[test]
fn the_example_is_laid_out_as_the_page_says() {
    let name = Name::new("documented-example");
    let _board = Board::create(&name, &Board::zeroed()).unwrap();
    let region = Peek::at(&name);
    let [count, row, hits] = fields();
    let mut expected = vec![0];
    for field in [count, row] {
        expected.extend([field.offset, field.slot_offset()]);
    }
    expected.extend([hits.offset, hits.offset + sizes()["control"], hits.slot_offset()]);
    expected.push(region.header("text_at") as usize);
    let told = rows("A region byte by byte").into_iter().map(|row| row[0].parse().unwrap());
    assert_eq!(told.collect::<Vec<usize>>(), expected);
}

/// What is written once, before the region has its name.
#[test]
fn the_header_lies_where_the_page_says() {
    let name = Name::new("documented-header");
    let board = Board::options().persistent(true).create(&name, &Board::zeroed()).unwrap();
    let region = Peek::at(&name);
    assert_eq!(region.header_bytes("magic"), b"SHMAREGN");
    assert_eq!(region.header("format"), 2);
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    let printed: String =
        region.header_bytes("boot_id").iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(printed, boot.trim().replace('-', ""));
    assert_eq!(region.header("mark"), 0);
    assert_eq!(region.header("byte_order"), 0x0102_0304);
    assert_eq!(region.header("total"), region.file.all().len() as u64);
    assert_eq!(region.header_bytes("fingerprint"), Board::FINGERPRINT.to_ne_bytes());
    assert_eq!(region.header("flags"), 1);
    assert_eq!(region.header("retired"), 0);
    assert_eq!(region.header("commit"), 0);
    let first = region.header_bytes("instance");
    drop(board);
    assert_eq!(region.header("mark"), 1);
    Board::unlink(&name).unwrap();
    let _again = Board::create(&name, &Board::zeroed()).unwrap();
    let region = Peek::at(&name);
    assert_ne!(region.header_bytes("instance"), first);
    assert_eq!(region.header("flags"), 0);
}

/// The text is where the header says, up to the end of the file.
#[test]
fn the_manifest_lies_where_the_page_says() {
    let name = Name::new("documented-manifest");
    let _board = Board::create(&name, &Board::zeroed()).unwrap();
    let region = Peek::at(&name);
    let text = region.file.all().split_off(region.header("text_at") as usize);
    assert_eq!(text.len() as u64, region.header("text_len"));
    assert_eq!(String::from_utf8(text).unwrap(), Board::MANIFEST.to_json());
}

/// Every key that the page names is in the text, and none that it does not.
#[test]
fn the_manifest_has_the_keys_of_the_page() {
    let manifest: serde_json::Value = serde_json::from_str(&Board::MANIFEST.to_json()).unwrap();
    let keys = |value: &serde_json::Value| -> BTreeSet<String> {
        value.as_object().unwrap().keys().map(|key| format!("`{key}`")).collect()
    };
    let told = |rows: &[Vec<&str>]| -> BTreeSet<String> {
        let keys = rows.iter().flat_map(|row| row[0].split(", "));
        keys.map(|key| format!("`{}`", key.trim_matches('`'))).collect()
    };
    let rows = rows("Manifest");
    let heading = rows.iter().position(|row| row[0] == "key").expect("a second table");
    assert_eq!(told(&rows[..heading]), keys(&manifest));
    // Struct elements alone have this key, and there are none here.
    let mut of_field = told(&rows[heading + 1..]);
    assert!(of_field.remove("`struct`"));
    assert_eq!(of_field, keys(&manifest["fields"][2]));
    assert!(of_field.remove("`stripes_at`"));
    assert_eq!(of_field, keys(&manifest["fields"][0]));
}

/// The words of a field before, in, and after an update.
#[test]
fn the_control_block_lies_where_the_page_says() {
    let name = Name::new("documented-control");
    let board = Board::create(&name, &Board::zeroed()).unwrap();
    let region = Peek::at(&name);
    let [count, row, _] = fields();
    let words = |field: &FieldManifest<'_>| {
        ["version", "begin", "target", "lock", "contended"].map(|name| region.control(field, name))
    };
    assert_eq!(words(count), [1, 1, 1, 0, 0]);
    board.count.update(|new, _| {
        let owner = region.control(count, "lock");
        assert!((1..1 << 30).contains(&owner), "the lock word is {owner:#x}");
        assert_eq!(owner, region.header("next_id"));
        assert_eq!(region.control(count, "pid"), u64::from(std::process::id()));
        *new = 0x0123_4567_89ab_cdef;
    });
    assert_eq!(words(count), [2, 2, 1, 0, 0]);
    assert_eq!(region.slot(count, 2)[..8], 0x0123_4567_89ab_cdef_u64.to_ne_bytes());
    assert_eq!(region.slot(count, 1), [0; 128]);
    assert_eq!(region.dirty(count, 2), 1);
    let seen = region.control(count, "published");
    until("the clock ticks", || {
        board.count.write(&7);
        region.control(count, "published") > seen
    });
    // An element-wise update runs its closure while the publication is under way.
    board.row.update_with(&[0.5; 100], |new, _| {
        assert_eq!((region.control(row, "version"), region.control(row, "begin")), (1, 2));
        new
    });
    assert_eq!(region.dirty(row, 2), 50);
    board.row.set(7, 2.0);
    assert_eq!(region.dirty(row, 3), 3 << 32 | 4);
    assert_eq!(region.slot(row, 3)[28..32], 2.0_f32.to_ne_bytes());
    assert_eq!(region.slot(row, 3)[400..], [0; 112]);
    board.transaction(|new, _| new.row[0] = 1.0);
    assert_eq!(region.header("commit"), 2);
    assert_eq!(region.control(row, "target"), 4);
    assert_eq!(region.control(count, "target"), region.control(count, "version"));
}

/// A process sleeps for a publication, and another for the semaphore.
#[test]
fn the_marks_of_sleepers_lie_where_the_page_says() {
    watched(|| {
        let name = Name::new("documented-sleepers");
        let board = Board::create(&name, &Board::zeroed()).unwrap();
        let other = Board::open(&name).unwrap();
        let region = Peek::at(&name);
        let [count, ..] = fields();
        assert_eq!(region.control(count, "notify"), 1 << 1);
        let since = other.count.version();
        std::thread::scope(|scope| {
            let waiter = scope.spawn(|| other.count.wait_newer(since, PATIENCE));
            until("a process may sleep", || region.control(count, "notify") == 1 << 1 | 1);
            board.count.write(&1);
            waiter.join().unwrap().unwrap();
        });
        assert_eq!(region.control(count, "notify"), 2 << 1);
        std::thread::scope(|scope| {
            board.count.update(|_, _| {
                scope.spawn(|| other.count.update(|new, old| *new = old + 1));
                until("a process sleeps for the semaphore", || {
                    region.control(count, "lock") >> 31 == 1
                });
            });
        });
        assert_eq!(region.control(count, "lock"), 0);
        assert_eq!(region.control(count, "contended"), 1);
        assert_eq!(region.control(count, "dead_owners"), 0);
    });
}

/// An atomic field counts in stripes, and has one slot.
#[test]
fn call_counters_lie_where_the_page_says() {
    let name = Name::new("documented-stripes");
    let board = Board::create(&name, &Board::zeroed()).unwrap();
    let region = Peek::at(&name);
    let [.., hits] = fields();
    board.hits.add(&[1, 2, 3]);
    board.hits.fetch_add(1, 40);
    let sizes = sizes();
    let stripe = |i| {
        let at = sizes["control"] + i * sizes["align"];
        region.number(hits.offset, Place { at, bytes: 8 })
    };
    assert_eq!((0..8).map(stripe).sum::<u64>(), 2);
    assert_eq!(region.control(hits, "version"), 1);
    assert_eq!(u64::from(board.hits.version()), 3);
    let value = [1_u32, 42, 3].map(u32::to_ne_bytes).concat();
    assert_eq!(region.bytes(hits.slot_offset(), 12), value);
}

/// The mark of a region without a name, through a descriptor that was open before.
#[test]
fn the_mark_of_a_retired_region_lies_where_the_page_says() {
    let name = Name::new("documented-retired");
    let _board = Board::create(&name, &Board::zeroed()).unwrap();
    let region = Peek::at(&name);
    assert_eq!(region.header("retired"), 0);
    Board::unlink(&name).unwrap();
    assert_ne!(region.header("retired"), 0);
}
