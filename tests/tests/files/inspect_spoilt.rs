//! Looks at files that are no regions, or not what they say: errors, whatever they hold.

use std::fs;
use std::os::unix::fs::symlink;

use shma_core::inspect::{View, read_manifest};
use shma_core::{Error, ShmState};
use shma_tests::hostile::files::{text_at, with_text};
use shma_tests::region::{Name, header};
use shma_tests::rng::Rng;
use shma_tests::watchdog::watched;

#[derive(ShmState)]
struct Small {
    grid: [[f32; 3]; 2],
    #[shm(timed)]
    step: u64,
    #[shm(atomic)]
    counts: [u32; 5],
}

fn good() -> Vec<u8> {
    let name = Name::new("good");
    let _small = Small::create(&name, &Small::zeroed()).unwrap();
    name.bytes().all()
}

/// Looks at everything. The values may be garbage, but they come, or an error does.
fn look(bytes: &[u8]) -> Result<(), Error> {
    let name = Name::new("spoilt");
    fs::write(name.path(), bytes).unwrap();
    let view = View::open(&name)?;
    assert!(!view.is_attached()?);
    for field in view.fields() {
        let _ = field.status();
        let _ = format!("{:?}", field.read().map(|value| value.elements().iter().count()));
    }
    let _ = view.snapshot();
    Ok(())
}

#[track_caller]
fn refused(bytes: &[u8], because: &str) {
    let error = look(bytes).expect_err("it is used");
    let said = error.to_string();
    assert!(matches!(error, Error::NotARegion { .. }) && said.contains(because), "{said}");
}

/// The template itself is good, or the tests below would prove nothing.
#[test]
fn a_copy_of_a_region_is_refused() {
    watched(|| {
        let good = good();
        look(&good).unwrap();
        look(&with_text(&good, Small::MANIFEST.to_json())).unwrap();
        let more = Small::MANIFEST.to_json().replacen('{', "{\"made_by\":\"a later version\",", 1);
        look(&with_text(&good, &more)).unwrap();
    });
}

/// Every length, all kinds of noise, and every file that is none.
#[test]
fn a_file_that_is_no_region_is_an_error() {
    watched(|| {
        let good = good();
        for length in (0..good.len()).step_by(37) {
            refused(&good[..length], "");
        }
        refused(&[&good[..], &[0]].concat(), "bytes");
        let mut rng = Rng::new(1);
        for _ in 0..20 {
            refused(&(0..good.len()).map(|_| rng.below(256) as u8).collect::<Vec<_>>(), "begin");
        }
        let name = Name::new("kinds");
        symlink("/dev/zero", name.path()).unwrap();
        assert!(matches!(View::open(&name), Err(Error::NotARegion { .. })));
        fs::remove_file(name.path()).unwrap();
        fs::create_dir(name.path()).unwrap();
        assert!(matches!(View::open(&name), Err(Error::NotARegion { .. })));
        assert!(matches!(View::open("no-such-region-anywhere"), Err(Error::NotFound { .. })));
        assert!(matches!(View::open("../etc/passwd"), Err(Error::InvalidName { .. })));
    });
}

/// What the text could say so that a process that believes it reads out of bounds, overflows, or
/// disturbs a terminal.
#[test]
fn a_wrong_manifest_is_an_error() {
    watched(|| {
        let good = good();
        let text = Small::MANIFEST.to_json();
        let said = |from: &str, to: &str, because: &str| {
            assert!(text.contains(from), "{from} is not in {text}");
            refused(&with_text(&good, text.replacen(from, to, 1)), because);
        };
        said("\"offset\":4096", "\"offset\":8192", "`offset` is 8192, and should be 4096");
        said("\"offset\":4096", "\"offset\":-1", "`offset`");
        said("\"slot_stride\":128", "\"slot_stride\":0", "`slot_stride`");
        said("\"shape\":[2,3]", "\"shape\":[2,4]", "contradicts");
        said("\"shape\":[2,3]", "\"shape\":[9223372036854775807,3]", "no type");
        said("\"shape\":[2,3]", "\"shape\":[4294967295,4294967295,4294967295]", "no type");
        said("\"shape\":[2,3]", "\"shape\":[0,3]", "no type");
        let deep = format!("\"shape\":[{}1]", "1,".repeat(100));
        said("\"shape\":[2,3]", &deep, "no type");
        said("\"size\":24", "\"size\":23", "`size`");
        said("\"scalar\":\"f32\"", "\"scalar\":\"f31\"", "no type");
        said("\"slots\":4", "\"slots\":3", "3 slots");
        said("\"slots\":4", "\"slots\":0", "0 slots");
        said("\"slots\":1", "\"slots\":4", "4 slots");
        said("\"timed\":false", "\"timed\":1", "`timed`");
        said("\"name\":\"grid\"", "\"name\":\"step\"", "two fields `step`");
        said("\"name\":\"grid\"", "\"name\":\"\\u001b[2J\"", "has the name");
        said("\"name\":\"grid\"", "\"name\":\"\\u202egrid\"", "has the name");
        said("\"name\":\"grid\"", "\"name\":\"grit\"", "fingerprint");
        said("\"name\":\"Small\"", "\"name\":7", "lacks a name");
        said("\"format\":2", "\"format\":3", "format 3");
        said("\"fields\":[", "\"fields\":{}, \"other\":[", "lists no fields");
        said("{", "", "not JSON");
        refused(&with_text(&good, "[".repeat(100_000)), "not JSON");
        refused(&with_text(&good, ""), "not JSON");
        refused(&with_text(&good, "{".repeat(10_001)), "10001 objects");
        refused(&with_text(&good, "null"), "format null");
    });
}

/// A byte here and there, in the header, the text and the control blocks.
#[test]
fn a_flipped_bit_causes_no_panic() {
    watched(|| {
        let good = good();
        let mut rng = Rng::new(7);
        let mut refused = 0;
        for _ in 0..300 {
            let mut bytes = good.clone();
            for _ in 0..=rng.below(3) {
                let at = rng.below(bytes.len());
                bytes[at] ^= 1 << rng.below(8);
            }
            refused += u64::from(look(&bytes).is_err());
        }
        assert!(refused > 10, "{refused} were refused");
        let text = Small::MANIFEST.to_json().into_bytes();
        for at in 0..text.len() {
            let mut text = text.clone();
            text[at] ^= 1 << rng.below(8);
            let _ = read_manifest("saved", &text);
        }
    });
}

/// A header that is as it should be, over partitions of noise.
#[test]
fn garbage_in_the_control_blocks_causes_no_panic() {
    watched(|| {
        let good = good();
        let mut rng = Rng::new(3);
        for _ in 0..3 {
            let mut bytes = good.clone();
            let at = text_at(&good);
            bytes[header::BYTES..at].fill_with(|| rng.below(256) as u8);
            bytes[header::COMMIT] = rng.below(256) as u8;
            look(&bytes).unwrap();
        }
    });
}

/// The mark of a region without a name, under a name: no process is about to remove it, so none is
/// waited for.
#[test]
fn no_call_waits_for_a_marked_region() {
    watched(|| {
        let mut bytes = good();
        bytes[header::RETIRED] = 1;
        refused(&bytes, "remove the file");
    });
}
