//! What the programs have in common.

use std::fs::{self, File};
use std::io::Read;
use std::process::ExitCode;

use shma_examples::ending::{Ending, exit_code, help};
use shma_examples::patience::Patience;
use shma_examples::picture;

#[test]
fn help_lists_the_code_of_every_ending() {
    let help = help("won", "lost");
    for (ending, code, line) in [
        (Ending::Reached, 0, "    0  won\n"),
        (Ending::Missed, 3, "    3  lost\n"),
        (Ending::Interrupted, 130, "  130  interrupted"),
    ] {
        assert_eq!(exit_code(Ok(ending)), ExitCode::from(code));
        assert!(help.contains(&format!("\n{line}")), "{line}is not in\n{help}");
    }
}

#[test]
fn patience_ends_when_nothing_happens_and_begins_anew_when_something_does() {
    let looks = |patience: &mut Patience, grown| {
        (1..).take_while(|_| patience.look(grown).is_ok()).take(1_000_000).count()
    };
    let all = looks(&mut Patience::default(), 1);
    assert!((10..1_000_000).contains(&all), "{all} looks");
    let mut patience = Patience::default();
    for grown in 1..3 {
        assert!((0..all).all(|_| patience.look(grown).is_ok()), "{grown}");
    }
    assert!(patience.look(2).is_err());
}

/// A program that shows the picture must not show half of a new one, and a full disk must not cost the
/// old one.
#[test]
fn a_picture_is_replaced_as_a_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("picture.svg");
    fs::write(&path, "old").unwrap();
    let mut shown = File::open(&path).unwrap();
    picture::write(&path, 100, |_| Ok(())).unwrap();
    let mut old = String::new();
    shown.read_to_string(&mut old).unwrap();
    assert_eq!(old, "old");
    assert!(fs::read_to_string(&path).unwrap().contains("<svg"));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}
