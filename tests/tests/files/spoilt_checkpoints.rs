//! Files that say of themselves what cannot be: an error, in bounded time and memory.

use std::fs;
use std::path::Path;

use shma_core::{Error, ShmState};
use shma_tests::place::Place;
use shma_tests::region::Name;
use shma_tests::watchdog::watched;

#[derive(Debug, ShmState)]
struct Pair {
    a: u16,
    b: [u8; 2],
}

/// The tensors of a file that loads as a [`Pair`].
const A: &str = r#""a":{"dtype":"U16","shape":[],"data_offsets":[0,2]}"#;
const B: &str = r#""b":{"dtype":"U8","shape":[2],"data_offsets":[2,4]}"#;

fn file(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), data].concat()
}

fn both(a: &str, b: &str) -> Vec<u8> {
    file(&format!("{{{a},{b}}}"), &[1, 0, 2, 3])
}

fn with_texts(texts: &str) -> Vec<u8> {
    file(&format!(r#"{{"__metadata__":{texts},{A},{B}}}"#), &[1, 0, 2, 3])
}

/// Loads these bytes.
fn load(place: &Place, bytes: &[u8]) -> Result<Box<Pair>, Error> {
    let path = place.path().join("file");
    fs::write(&path, bytes).unwrap();
    let loaded = Pair::load(&path);
    fs::remove_file(&path).unwrap();
    loaded
}

fn place() -> Place {
    Place::below(Path::new(env!("CARGO_TARGET_TMPDIR")))
}

/// What the tests below spoil is sound before.
#[test]
fn a_file_of_the_least_that_there_can_be_loads() {
    let place = place();
    for bytes in [both(A, B), both(B, A), with_texts("{}"), with_texts(r#"{"format":"pt"}"#)] {
        let pair = load(&place, &bytes).unwrap();
        assert_eq!((pair.a, pair.b), (1, [2, 3]));
    }
    // Spaces may stand behind the header, and a key of a later version in a tensor.
    let padded = format!("{{{A},{B}}}      ");
    assert!(load(&place, &file(&padded, &[1, 0, 2, 3])).is_ok());
}

#[test]
fn a_header_that_cannot_be_is_an_error() {
    watched(|| {
        let place = place();
        let len = |len: u64| [&len.to_le_bytes()[..], b"{}"].concat();
        let deep = |bracket: &str| format!(r#"{{{A},"b":{}"#, bracket.repeat(1 << 20));
        let metadata_twice = format!(r#"{{"__metadata__":{{}},{A},"__metadata__":{{}},{B}}}"#);
        let escaped = A.replace(r#""a":"#, r#""\u0061":"#);
        let b = |text: &str| both(A, &format!(r#""b":{{{text}}}"#));
        let of = |dtype: &str, shape: &str, offsets: &str| {
            b(&format!(r#""dtype":{dtype},"shape":{shape},"data_offsets":{offsets}"#))
        };
        let cases: Vec<(&str, Vec<u8>)> = vec![
            ("nothing", vec![]),
            ("half a length", vec![2, 0, 0]),
            ("a length and nothing", vec![2, 0, 0, 0, 0, 0, 0, 0]),
            ("a length beyond the file", len(3)),
            ("a length beyond the format", len(100_000_001)),
            ("the longest length", len(u64::MAX)),
            ("a length that wraps", len(u64::MAX - 7)),
            ("no header", file("", &[])),
            ("no object", file("[]", &[])),
            ("no JSON", file("{,}", &[])),
            ("two headers", file(&format!("{{{A},{B}}}{{}}"), &[1, 0, 2, 3])),
            ("no UTF-8", [&file("{\"..\":0}", &[])[..10], b"\xff\xfe\":0}"].concat()),
            ("depth", file(&deep("["), &[])),
            ("depth of objects", file(&deep(r#"{"x":"#), &[])),
            ("a tensor that is a number", both(A, r#""b":5"#)),
            ("a tensor twice", file(&format!("{{{A},{A},{B}}}"), &[1, 0, 2, 3])),
            (
                "a tensor twice, spelt otherwise",
                file(&format!("{{{A},{escaped},{B}}}"), &[1, 0, 2, 3]),
            ),
            ("metadata twice", file(&metadata_twice, &[1, 0, 2, 3])),
            ("metadata that is no object", with_texts("[]")),
            ("metadata of numbers", with_texts(r#"{"a":1}"#)),
            ("a text twice", with_texts(r#"{"a":"1","a":"2"}"#)),
            ("no type", b(r#""shape":[2],"data_offsets":[2,4]"#)),
            ("a type twice", b(r#""dtype":"U8","dtype":"U8","shape":[2],"data_offsets":[2,4]"#)),
            ("an unknown type", of(r#""U9""#, "[2]", "[2,4]")),
            ("a type that is a number", of("8", "[2]", "[2,4]")),
            ("a shape that is a number", of(r#""U8""#, "2", "[2,4]")),
            ("a negative shape", of(r#""U8""#, "[-2]", "[2,4]")),
            ("half a shape", of(r#""U8""#, "[2.0]", "[2,4]")),
            ("a shape beyond numbers", of(r#""U8""#, "[18446744073709551616]", "[2,4]")),
            ("a shape that overflows", of(r#""U8""#, "[4294967296,4294967296,2]", "[2,4]")),
            ("a shape that wraps to 2", of(r#""U16""#, "[9223372036854775809]", "[2,4]")),
            ("another size", of(r#""U8""#, "[3]", "[2,4]")),
            ("bits that fill no byte", of(r#""F4""#, "[3]", "[2,4]")),
            ("three offsets", of(r#""U8""#, "[2]", "[2,4,4]")),
            ("backwards", of(r#""U8""#, "[2]", "[4,2]")),
            ("an overlap", of(r#""U8""#, "[2]", "[0,2]")),
            ("half an overlap", of(r#""U8""#, "[3]", "[1,4]")),
            ("a hole", of(r#""U8""#, "[2]", "[3,5]")),
            ("beyond the file", of(r#""U8""#, "[2]", "[4,6]")),
            (
                "offsets that wrap",
                of(r#""U8""#, "[2]", "[18446744073709551614,18446744073709551615]"),
            ),
            ("a byte too few", file(&format!("{{{A},{B}}}"), &[1, 0, 2])),
            ("a byte too many", file(&format!("{{{A},{B}}}"), &[1, 0, 2, 3, 4])),
            ("no data", file(&format!("{{{A},{B}}}"), &[])),
            ("a manifest that is no JSON", with_texts(r#"{"shma.manifest":"x"}"#)),
            ("a manifest of nothing", with_texts(r#"{"shma.manifest":"{}"}"#)),
            ("versions that are none", with_texts(r#"{"shma.versions":"[]"}"#)),
            ("versions of texts", with_texts(r#"{"shma.versions":"{\"a\":\"1\"}"}"#)),
        ];
        for (what, bytes) in cases {
            match load(&place, &bytes) {
                Err(error @ Error::NotACheckpoint { .. }) => {
                    let text = error.to_string();
                    assert!(text.contains("/file ") && text.len() < 1000, "{what}: {text}");
                }
                other => panic!("{what}: {other:?}"),
            }
        }
        for (what, bytes) in [
            ("another type", of(r#""I8""#, "[2]", "[2,4]")),
            ("another rank", of(r#""U8""#, "[1,2]", "[2,4]")),
            ("another name", both(A, &B.replace("\"b\"", "\"c\\u001b[2J\""))),
            ("a scalar for an array", of(r#""U16""#, "[]", "[2,4]")),
        ] {
            match load(&place, &bytes) {
                Err(error @ Error::CheckpointMismatch { .. }) => {
                    assert!(!error.to_string().contains('\u{1b}'), "{what}: {error}");
                }
                other => panic!("{what}: {other:?}"),
            }
        }
    });
}

/// A manifest that says otherwise than the tensors: one of the two is not of this state.
#[test]
fn a_manifest_has_to_agree_with_the_tensors() {
    #[derive(Debug, ShmState)]
    #[shm(name = "Pair")]
    struct Signed {
        a: i16,
        b: [u8; 2],
    }
    #[derive(Debug, ShmState)]
    #[shm(name = "Pair")]
    struct Single {
        a: u16,
    }
    #[derive(Debug, ShmState)]
    #[shm(name = "Pair")]
    struct Triple {
        a: u16,
        b: [u8; 2],
        c: u8,
    }
    let place = place();
    let with = |manifest: String| {
        load(&place, &with_texts(&serde_json::json!({ "shma.manifest": manifest }).to_string()))
    };
    assert_eq!(with(Pair::MANIFEST.to_json()).unwrap().a, 1);
    for manifest in [Signed::MANIFEST, Single::MANIFEST, Triple::MANIFEST] {
        let Err(error @ Error::NotACheckpoint { .. }) = with(manifest.to_json()) else { panic!() };
        assert!(error.to_string().contains("contradicts its tensors"), "{error}");
    }
    let lies = Pair::MANIFEST.to_json().replace("\"size\":2", "\"size\":3");
    assert!(matches!(with(lies), Err(Error::NotACheckpoint { .. })));
    // What another version of the library says of places does not matter here.
    let later = Pair::MANIFEST.to_json().replace("\"format\":2", "\"format\":3");
    assert_eq!(with(later).unwrap().a, 1);
}

/// No byte of a file is believed: whatever it becomes, there is a value or an error.
#[test]
fn every_spoilt_byte_is_a_value_or_an_error() {
    watched(|| {
        let place = place();
        let name = Name::new("spoilt");
        let file = place.path().join("whole");
        let mut init = Pair::zeroed();
        (init.a, init.b) = (1, [2, 3]);
        Pair::create(&name, &init).unwrap().checkpoint(&file).unwrap();
        let whole = fs::read(&file).unwrap();
        fs::remove_file(&file).unwrap();
        for cut in 0..whole.len() {
            assert!(load(&place, &whole[..cut]).is_err(), "cut at {cut}");
        }
        assert!(load(&place, &[&whole[..], b"\0"].concat()).is_err());
        for at in 0..whole.len() {
            for change in [1, 0x20, 0x80, 0xff] {
                let mut spoilt = whole.clone();
                spoilt[at] ^= change;
                // The last four bytes are the values, which may be anything.
                let loaded = load(&place, &spoilt);
                assert!(loaded.is_ok() || at < whole.len() - 4, "{at}: {loaded:?}");
            }
        }
    });
}
