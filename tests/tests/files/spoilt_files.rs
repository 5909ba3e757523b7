//! Regions' files that are cut short, extended, of another kind, or spoilt in places.

use std::fs;
use std::time::Duration;

use shma_core::{Error, Shm, ShmState};
use shma_tests::hostile::files::{text_at, with_text};
use shma_tests::refusal::{calls, is_refused};
use shma_tests::region::{Name, header};
use shma_tests::states::Board;
use shma_tests::watchdog::watched;

/// The bytes of a good region, to be spoilt.
fn good() -> Vec<u8> {
    let name = Name::new("good");
    let _board = Board::create(&name, &Board::with(7)).unwrap();
    name.bytes().all()
}

fn put(name: &Name, bytes: &[u8]) {
    fs::write(name.path(), bytes).unwrap();
}

/// The template itself works, or the tests below would prove nothing.
#[test]
fn a_copy_of_a_region_is_refused() {
    watched(|| {
        let name = Name::new("copy");
        put(&name, &good());
        assert_eq!(Board::open(&name).unwrap().count.read(), 7);
    });
}

/// A copy that broke off, at every length at which something begins or ends; and one with
/// something behind it.
#[test]
fn a_file_of_another_length_is_refused() {
    watched(|| {
        let good = good();
        let text_at = text_at(&good);
        let mut lengths = vec![0, 1, 7, 8, 9, 4095, 4096, 4097, text_at - 1, text_at, text_at + 1];
        lengths.extend(Board::partitions());
        lengths.extend(Board::partitions().map(|at| at + 256));
        lengths.extend((0..good.len()).step_by(1000));
        lengths.push(good.len() - 1);
        for length in lengths {
            let name = Name::new("short");
            put(&name, &good[..length]);
            is_refused(&name, "bytes");
        }
        for more in [1, 8, 4096, 1 << 20] {
            let name = Name::new("long");
            put(&name, &[&good[..], &vec![0; more]].concat());
            is_refused(&name, "bytes");
        }
    });
}

/// Files of another kind, and noise of the right size.
#[test]
fn a_file_that_was_never_a_region_is_refused() {
    watched(|| {
        let length = good().len();
        let mut seed = 0x2545_f491_4f6c_dd1d_u64;
        for fill in [0x00, 0xff, b' '] {
            let name = Name::new("filled");
            put(&name, &vec![fill; length]);
            is_refused(&name, "does not begin like one");
        }
        for _ in 0..50 {
            let name = Name::new("noise");
            let mut noise = vec![0; length];
            noise.fill_with(|| {
                seed ^= seed << 13;
                seed ^= seed >> 7;
                seed ^= seed << 17;
                seed as u8
            });
            put(&name, &noise);
            is_refused(&name, "does not begin like one");
        }
    });
}

/// Each field of the header with another value: most have to be noticed, and none may harm.
#[test]
fn a_spoilt_header_is_refused() {
    watched(|| {
        use header::{BYTE_ORDER, FINGERPRINT, FLAGS, FORMAT, MAGIC, TEXT_AT, TEXT_LEN, TOTAL};
        let good = good();
        let not_a_region = |at: usize, bytes: &[u8], because: &str| {
            let name = Name::new("header");
            let mut spoilt = good.clone();
            spoilt[at..at + bytes.len()].copy_from_slice(bytes);
            put(&name, &spoilt);
            is_refused(&name, because);
        };
        for (byte, value) in good[MAGIC..MAGIC + 8].iter().enumerate() {
            not_a_region(MAGIC + byte, &[value ^ 0x20], "does not begin like one");
        }
        not_a_region(FORMAT, &0_u32.to_ne_bytes(), "format version 0");
        not_a_region(FORMAT, &1_u32.to_ne_bytes(), "format version 1");
        not_a_region(FORMAT, &3_u32.to_ne_bytes(), "format version 3");
        let mut swapped: [u8; 4] = good[BYTE_ORDER..][..4].try_into().unwrap();
        swapped.reverse();
        not_a_region(BYTE_ORDER, &swapped, "other byte order");
        not_a_region(BYTE_ORDER, &[0; 4], "byte-order mark");
        let total = good.len() as u64;
        for value in [0, 1, 4096, total - 1, total + 1, 1 << 40, u64::MAX] {
            not_a_region(TOTAL, &value.to_ne_bytes(), "bytes");
        }
        for flags in [2_u32, 1 << 31, u32::MAX] {
            not_a_region(FLAGS, &flags.to_ne_bytes(), "flags");
        }
        for value in [0, 4095, total, total + 1, u64::MAX - 10, u64::MAX] {
            not_a_region(TEXT_AT, &value.to_ne_bytes(), "manifest");
            not_a_region(TEXT_LEN, &value.to_ne_bytes(), "manifest");
        }
        not_a_region(TEXT_LEN, &0_u64.to_ne_bytes(), "manifest");

        for byte in 0..16 {
            let name = Name::new("fingerprint");
            let mut spoilt = good.clone();
            spoilt[FINGERPRINT + byte] ^= 1;
            put(&name, &spoilt);
            let opened = Board::open(&name);
            let Err(Error::LayoutMismatch { difference, .. }) = opened else {
                panic!("{opened:?}")
            };
            assert!(difference.contains("fingerprints differ"), "{difference}");
        }
    });
}

/// Any byte of the header with any bit the other way: an error, or a region that works.
#[test]
fn a_flipped_bit_of_the_header_causes_no_panic() {
    watched(|| {
        let good = good();
        let name = Name::new("bits");
        for at in (0..256).chain((256..header::BYTES).step_by(97)) {
            for bit in 0..8 {
                let mut spoilt = good.clone();
                spoilt[at] ^= 1 << bit;
                put(&name, &spoilt);
                match Board::open(&name) {
                    Ok(board) => works(&board),
                    Err(error) => assert!(error.to_string().contains(&*name), "{error}"),
                }
                if name.exists() {
                    fs::remove_file(name.path()).unwrap();
                }
            }
        }
    });
}

/// It does what a region does, whatever its values are.
fn works(board: &Shm<Board>) {
    let mut row = [0; 1024];
    let _ = board.row.try_read(&mut row);
    let limit = Duration::from_millis(20);
    let _ = board.count.update_timeout(limit, |new, old| *new = old.wrapping_add(1));
    let _ = board.row.update_timeout(limit, |new, _| new.fill(1));
    let _ = board.count.wait_newer(board.count.version(), Duration::from_millis(1));
    let _ = board.count.age();
    let _ = format!("{board:?} {:?}", board.row);
}

/// The text of the manifest is read by a parser, and shown to people. What the text holds must not
/// break either, nor how deep or long it is.
#[test]
fn a_spoilt_manifest_is_refused() {
    watched(|| {
        let good = good();
        let text_at = text_at(&good);
        let name = Name::new("manifest");
        for at in text_at..good.len() {
            for byte in [0, b'"', b'9', b'[', 0xff, good[at] ^ 1] {
                let mut spoilt = good.clone();
                spoilt[at] = byte;
                put(&name, &spoilt);
                match Board::open(&name) {
                    Ok(board) => assert_eq!(board.count.read(), 7),
                    Err(error) => assert!(matches!(error, Error::NotARegion { .. }), "{error}"),
                }
                if name.exists() {
                    fs::remove_file(name.path()).unwrap();
                }
            }
        }
        let texts = [
            String::new(),
            "null".into(),
            "{}".into(),
            "[".repeat(1 << 20),
            "{\"name\":".repeat(1 << 18),
            "{\"name\":1,\"fields\":2}".into(),
            "{\"name\":\"\u{1b}[2J\",\"fields\":[]}".into(),
            "{\"name\":\"Board\",\"fields\":[{\"name\":\"count\"}]}".into(),
            " ".repeat(5 << 20),
        ];
        for text in texts {
            for fingerprint in [0, 1] {
                let mut spoilt = with_text(&good, &text);
                spoilt[header::FINGERPRINT] ^= fingerprint;
                put(&name, &spoilt);
                let opened = Board::open(&name);
                let Err(error) = opened else { panic!("{opened:?}") };
                let shown = error.to_string();
                assert!(!shown.contains('\u{1b}'), "a text from outside drives the terminal");
                fs::remove_file(name.path()).unwrap();
            }
        }
    });
}

/// What is not a region in all its parts may be something else: it is not replaced, though no
/// process is attached to it. Who wants it gone says so.
#[test]
fn a_spoilt_manifest_is_not_overwritten() {
    watched(|| {
        let mut spoilt = good();
        let text_at = text_at(&spoilt);
        spoilt[text_at] = b'!';
        let name = Name::new("written-over");
        put(&name, &spoilt);
        for call in [Board::create, Board::open_or_create] {
            let made = call(&name, &Board::zeroed());
            let Err(error @ Error::NotARegion { .. }) = &made else { panic!("{made:?}") };
            assert!(error.to_string().contains("not JSON"), "{error}");
        }
        assert!(name.bytes().all() == spoilt, "it is another file now");
        Board::unlink(&name).unwrap();
        assert!(!name.exists());
    });
}

/// A region is marked as gone after its name is. With a name it was tampered with, and it does not
/// become another one by waiting.
#[test]
fn no_call_waits_for_a_marked_name() {
    watched(|| {
        let mut marked = good();
        marked[header::RETIRED] = 1;
        let name = Name::new("marked");
        put(&name, &marked);
        for opened in [
            Board::open(&name).map(drop),
            Board::open_read_only(&name).map(drop),
            Board::open_or_create(&name, &Board::zeroed()).map(drop),
        ] {
            let Err(error @ Error::NotARegion { .. }) = &opened else { panic!("{opened:?}") };
            assert!(error.to_string().contains("no name any more"), "{error}");
        }
        Board::unlink(&name).unwrap();
    });
}

/// Reading takes time and memory in proportion to the text, and any process may have written it.
#[test]
fn a_manifest_without_end_is_refused() {
    watched(|| {
        let good = good();
        let with_fields = |field: &str, count: usize| {
            let fields = format!("{{\"name\":\"x\",\"fields\":[{}0]}}", field.repeat(count));
            with_text(&good, fields)
        };
        let name = Name::new("endless");
        put(&name, &with_fields("0,", 256 << 10));
        is_refused(&name, "its manifest is said to lie at");

        // Its length is right, so it can be removed.
        for (objects, because) in [
            (10_000, "its manifest has 10001 objects, and at most 10000 are read"),
            (9_999, "its manifest has format null, and this program knows 2"),
        ] {
            put(&name, &with_fields("{},", objects));
            for (call, result) in calls(&name) {
                match (call, &result) {
                    ("unlink", Ok(())) => {}
                    (_, Err(error @ Error::NotARegion { .. })) => {
                        assert!(error.to_string().contains(because), "{call}: {error}");
                    }
                    _ => panic!("{call}: {result:?}"),
                }
            }
        }
    });
}

/// The text says one thing and the fingerprint another; or it lies where no such region has it, and
/// the places behind it are somewhere else. One of the two is wrong, and which is unknown.
#[test]
fn a_manifest_that_contradicts_its_region_is_refused() {
    watched(|| {
        let good = good();
        let at = text_at(&good);
        let text = std::str::from_utf8(&good[at..]).unwrap();
        for (is, becomes) in [
            ("\"count\"", "\"cound\""),
            ("\"Board\"", "\"Bored\""),
            ("\"type\":\"u64\"", "\"type\":\"i64\""),
            ("[u64; 1024]", "[u64; 1025]"),
            ("\"size\":8,", "\"size\":9,"),
            ("\"slots\":4", "\"slots\":8"),
        ] {
            let name = Name::new("contradicts");
            assert!(text.contains(is), "{text}");
            put(&name, &[&good[..at], text.replacen(is, becomes, 1).as_bytes()].concat());
            let opened = Board::open(&name);
            let Err(error @ Error::NotARegion { .. }) = &opened else { panic!("{opened:?}") };
            assert!(error.to_string().contains("contradicts its fingerprint"), "{error}");
        }

        let name = Name::new("moved");
        let mut moved = [&good[..at], &[0; 128], &good[at..]].concat();
        let total = moved.len() as u64;
        moved[header::TOTAL..][..8].copy_from_slice(&total.to_ne_bytes());
        moved[header::TEXT_AT..][..8].copy_from_slice(&(at as u64 + 128).to_ne_bytes());
        put(&name, &moved);
        let opened = Board::open(&name);
        let Err(error @ Error::NotARegion { .. }) = &opened else { panic!("{opened:?}") };
        assert!(error.to_string().contains("its manifest lies at"), "{error}");
    });
}

/// A hostile child writes anything into the control blocks: no panic, nothing out of bounds, and
/// the calls with a bound come back.
#[test]
fn noise_in_the_control_blocks_causes_no_panic() {
    watched(|| {
        let good = good();
        let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
        let mut noise = || {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed
        };
        for _ in 0..150 {
            let name = Name::new("control");
            let mut spoilt = good.clone();
            spoilt[header::COMMIT..][..8].copy_from_slice(&noise().to_ne_bytes());
            for partition in Board::partitions() {
                for word in (0..256).step_by(8) {
                    let value = noise() >> (noise() % 64);
                    spoilt[partition + word..][..8].copy_from_slice(&value.to_ne_bytes());
                }
            }
            put(&name, &spoilt);
            works(&Board::open(&name).unwrap());
        }
    });
}
