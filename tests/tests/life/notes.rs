//! Texts that a creator notes beside the layout.

use shma_core::inspect::View;
use shma_core::{Error, Options, ShmState};
use shma_tests::region::{Name, header};
use shma_tests::states::Board;

fn of(text: &Options<Board>) -> Options<Board> {
    text.clone()
}

fn notes(
    found: impl Iterator<Item = (impl Into<String>, impl Into<String>)>,
) -> Vec<(String, String)> {
    found.map(|(key, text)| (key.into(), text.into())).collect()
}

/// What is noted is there for every handle and for tools, and changes neither layout nor fingerprint.
#[test]
fn notes_are_read_back() {
    let name = Name::new("noted");
    let odd = "two\nlines, \"quotes\", {braces}, \u{1b}[31m, \u{202e}, \0, 状態";
    let options = Board::options()
        .note("units", "deg")
        .note("odd", odd)
        .note(String::from("empty"), String::new())
        .note("units", "rad")
        .note(odd, "key");
    let expected = [("empty", ""), ("odd", odd), (odd, "key"), ("units", "rad")];
    let expected = notes(expected.into_iter());
    let board = of(&options).create(&name, &Board::with(7)).unwrap();
    assert_eq!(notes(board.notes()), expected);
    let opened = Board::open(&name).unwrap();
    assert_eq!(notes(opened.notes()), expected);
    assert_eq!(notes(Board::open_read_only(&name).unwrap().notes()), expected);
    let again = of(&options).note("units", "other").open_or_create(&name, &Board::with(8)).unwrap();
    assert_eq!((notes(again.notes()), again.count.read()), (expected.clone(), 7));
    let view = View::open(&name).unwrap();
    assert_eq!(notes(view.notes()), expected);
    assert_eq!(view.manifest().fingerprint(), Board::FINGERPRINT);
    let plain = Name::new("plain");
    let board = Board::create(&plain, &Board::with(7)).unwrap();
    assert_eq!(board.notes().count(), 0);
    assert_eq!(View::open(&plain).unwrap().notes().count(), 0);
}

/// A program that expects radians must not get degrees, and not an unlabelled region either.
#[test]
fn another_note_is_refused() {
    let name = Name::new("expected");
    let _board =
        Board::options().note("units", "rad\x1b[2J").create(&name, &Board::with(7)).unwrap();
    let expect = |key: &str, text: &str| Board::options().expect_note(key, text);
    let good = expect("units", "rad\x1b[2J");
    of(&good).open(&name).unwrap();
    of(&good).open_read_only(&name).unwrap();
    of(&good).open_or_create(&name, &Board::zeroed()).unwrap();
    for (options, found) in [
        (expect("units", "deg"), Some("rad\x1b[2J")),
        (expect("units", ""), Some("rad\x1b[2J")),
        (expect("run", "deg"), None),
        (of(&good).expect_note("run", "deg"), None),
    ] {
        let errors = [
            of(&options).open(&name).unwrap_err(),
            of(&options).open_read_only(&name).unwrap_err(),
            of(&options).open_or_create(&name, &Board::zeroed()).unwrap_err(),
        ];
        for error in errors {
            let text = error.to_string();
            assert!(!text.contains('\x1b'), "{text}");
            let Error::NoteMismatch { name: region, key, expected, found: said, .. } = error else {
                panic!("{text}")
            };
            assert_eq!((region.as_str(), said.as_deref()), (&*name, found));
            assert!(text.contains(&key) && text.contains(&expected), "{text}");
            assert!(found.is_none() || text.contains("rad\\u{1b}[2J"), "{text}");
        }
    }
}

/// What is created is as it is expected, or is not created.
#[test]
fn a_creation_fulfils_its_own_expectation() {
    let name = Name::new("own");
    let lacking = || Board::options().expect_note("units", "rad");
    for result in [
        lacking().create(&name, &Board::zeroed()),
        lacking().open_or_create(&name, &Board::zeroed()),
        lacking().note("units", "deg").create(&name, &Board::zeroed()),
    ] {
        assert!(matches!(result, Err(Error::NoteMismatch { .. })), "{result:?}");
        assert!(!name.exists());
    }
    let board = lacking().note("units", "rad").open_or_create(&name, &Board::zeroed()).unwrap();
    assert_eq!(notes(board.notes()), notes([("units", "rad")].into_iter()));
}

/// The limits, from both sides; beyond them nothing is made.
#[test]
fn notes_have_limits() {
    let name = Name::new("limits");
    let (key, text) = ("k".repeat(200), "\u{1}".repeat((64 << 10) - 200));
    let most = Board::options().note(&key, &text);
    let board = of(&most).create(&name, &Board::zeroed()).unwrap();
    assert_eq!(notes(Board::open(&name).unwrap().notes()), [(key.clone(), text.clone())]);
    assert_eq!(notes(View::open(&name).unwrap().notes()), [(key.clone(), text)]);
    drop(board);
    let many = |count: usize| {
        (0..count).fold(Board::options(), |options, i| options.note(i.to_string(), "x"))
    };
    drop(many(1000).create(&name, &Board::zeroed()).unwrap());
    for (options, because) in [
        (most.note("x", ""), "65537 bytes"),
        (many(1001), "1001 notes"),
        (Board::options().note("", "x"), "without a key"),
        (Board::options().note(key + "k", "x"), "201 bytes"),
    ] {
        let error = options.create(&name, &Board::zeroed()).unwrap_err();
        assert!(matches!(error, Error::Declaration { .. }), "{error}");
        assert!(error.to_string().contains(because), "{error}");
        assert!(!name.exists());
    }
}

/// Writes another text in place of the manifest's end.
fn with_end(name: &Name, end: &str) {
    let bytes = name.bytes();
    let at = bytes.u64(header::TEXT_AT) as usize;
    let text = String::from_utf8(bytes.all().split_off(at)).unwrap();
    let text = text[..text.rfind(",\"notes\"").unwrap()].to_owned() + end;
    let total = at + text.len();
    bytes.file().set_len(total as u64).unwrap();
    bytes.set(at, text.as_bytes());
    bytes.set(header::TOTAL, &(total as u64).to_ne_bytes());
    bytes.set(header::TEXT_LEN, &(text.len() as u64).to_ne_bytes());
}

/// Notes come from outside: what no creation writes is refused by all who open it.
#[test]
fn spoilt_notes_are_refused() {
    let endless = "\"x".to_owned() + &"y".repeat(66 << 10) + "\"";
    for (end, because) in [
        (",\"notes\":7}", "no object"),
        (",\"notes\":[]}", "no object"),
        (",\"notes\":null}", "no object"),
        (",\"notes\":{\"a\":7}}", "not all texts"),
        (",\"notes\":{\"a\":{\"b\":\"c\"}}}", "not all texts"),
        (",\"notes\":{\"\":\"c\"}}", "without a key"),
        (&format!(",\"notes\":{{\"a\":{endless}}}}}"), "bytes"),
        (&format!(",\"notes\":{{{endless}:\"a\"}}}}"), "bytes"),
        (",\"notes\":{\"a\":\"b\"", "JSON"),
        (",\"notes\":{\"a\":\"\\ud800\"}}", "JSON"),
    ] {
        let name = Name::new("spoilt-notes");
        let options = Board::options().persistent(true).note("a", "b");
        drop(options.create(&name, &Board::zeroed()).unwrap());
        with_end(&name, end);
        let errors = [
            Board::open(&name).unwrap_err(),
            Board::open_read_only(&name).unwrap_err(),
            View::open(&name).unwrap_err(),
        ];
        for error in errors {
            assert!(matches!(error, Error::NotARegion { .. }), "{end}: {error}");
            assert!(error.to_string().contains(because), "{end}: {error}");
        }
    }
    // A later version may say more, before and behind the notes.
    let name = Name::new("later-notes");
    let _board = Board::options().note("a", "b").create(&name, &Board::with(7)).unwrap();
    for end in [",\"notes\":{\"a\":\"c\"},\"zeal\":1}", ",\"more\":[],\"notes\":{\"a\":\"c\"}}"] {
        with_end(&name, end);
        let board = Board::open(&name).unwrap();
        assert_eq!(
            (notes(board.notes()), board.count.read()),
            (notes([("a", "c")].into_iter()), 7)
        );
        with_end(&name, ",\"notes\":{\"a\":\"b\"}}");
    }
}
