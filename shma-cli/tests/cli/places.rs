//! Regions in other directories than `/dev/shm`.

use std::fs;

use shma_core::ShmState;
use shma_tests::place::{self, Place};
use shma_tests::states::Board;

use crate::shma::{command, shma};

const TARGET: &str = env!("CARGO_TARGET_TMPDIR");

fn at<'a>(place: &'a Place, arguments: &[&'a str]) -> Vec<&'a str> {
    [&["--dir", place.text()], arguments].concat()
}

/// Every subcommand, by the option and by the variable. Without either no command sees the region.
#[test]
fn every_subcommand_takes_a_directory() {
    place::in_each(TARGET, |place| {
        let options = || Board::options().dir(place.path()).persistent(true);
        let board = options().create("some", &Board::with(7)).unwrap();
        let npz = place.path().join("values.npz");
        let npz = npz.to_str().unwrap();
        for arguments in [
            &["ls"][..],
            &["info", "some"],
            &["get", "some", "count"],
            &["set", "some", "count", "8"],
            &["export", "some", npz],
            &["import", "some", npz],
            &["watch", "some", "-n", "1"],
            &["top", "-n", "1"],
            &["diff", "some", "some"],
            &["doctor", "some"],
            &["header", "some"],
            &["metrics"],
        ] {
            let by_option = shma(&at(place, arguments)).done();
            let mut by_variable = command(arguments);
            let by_variable = by_variable.env("SHMA_DIR", place.path()).output().unwrap();
            assert!(by_variable.status.success(), "{arguments:?}");
            let without = shma(arguments);
            if arguments.contains(&"some") {
                assert!(without.failed(3).contains("does not exist"), "{arguments:?}");
            } else {
                assert!(by_option.contains("some"), "{arguments:?}: {by_option}");
                // Others may have a region `some` of their own, and none of this state's path.
                assert!(!without.done().contains(place.text()), "{arguments:?}");
            }
        }
        fs::remove_file(npz).unwrap();
        assert_eq!(board.count.read(), 8);
        let info = shma(&at(place, &["info", "some"])).done();
        assert!(info.contains(place.file("some").to_str().unwrap()), "{info}");

        // The option goes before the variable, also behind the subcommand, and an empty one is none.
        let mut both = command(&["get", "some", "count", "--dir", place.text()]);
        let both = both.env("SHMA_DIR", "/nowhere").output().unwrap();
        assert_eq!(String::from_utf8(both.stdout).unwrap().trim(), "8");
        let mut empty = command(&["get", "some", "count"]);
        let empty = empty.env("SHMA_DIR", "").output().unwrap();
        assert_eq!(empty.status.code(), Some(3));

        drop(board);
        shma(&at(place, &["rm", "some"])).done();
        assert_eq!(place.files(), [""; 0]);
    });
}

/// What dead processes left there, and only there.
#[test]
fn what_is_dead_there_is_removed() {
    place::in_each(TARGET, |place| {
        let board = Board::options().dir(place.path()).create("some", &Board::with(7)).unwrap();
        let dead = fs::read(place.file("some")).unwrap();
        drop(board);
        fs::write(place.file("some"), dead).unwrap();
        let unfinished = place.path().join(format!("shma-tmp.{:032x}", 7));
        fs::write(&unfinished, [0; 5000]).unwrap();

        let doctor = shma(&at(place, &["doctor"]));
        assert_eq!(doctor.status, 1, "{doctor:?}");
        for part in [format!("shma --dir {} clean", place.text()), "it is dead".into()] {
            assert!(doctor.out.replace("\n         ", " ").contains(&part), "{doctor:?}");
        }
        let cleaned = shma(&at(place, &["clean", "--yes"])).done();
        assert!(cleaned.contains("removed 2"), "{cleaned}");
        assert_eq!(place.files(), [""; 0]);
        // The disk may be full.
        let doctor = shma(&at(place, &["doctor"]));
        assert!(!doctor.out.contains("dead") && !doctor.out.contains("creation"), "{doctor:?}");
        let missing = shma(&at(place, &["info", "some"])).failed(3);
        assert!(missing.contains(place.text()), "{missing}");
        place.set_mode(0o777);
        let doctor = shma(&at(place, &["doctor"]));
        assert!(doctor.out.contains("chmod +t") && doctor.status == 1, "{doctor:?}");
        place.set_mode(0o700);
    });
}

/// A directory with a blank in it: the advice was taken apart by the shell.
#[test]
fn advice_can_be_run_as_it_stands() {
    use std::process::Command;
    place::in_each(TARGET, |place| {
        let odd = place.path().join("it's a place");
        fs::create_dir(&odd).unwrap();
        let dir = odd.to_str().unwrap();
        for name in ["some", "-some"] {
            let board = Board::options().dir(&odd).create(name, &Board::with(7)).unwrap();
            let file = odd.join(format!("shma.{name}"));
            let dead = fs::read(&file).unwrap();
            drop(board);
            fs::write(&file, dead).unwrap();
            let doctor = shma(&["--dir", dir, "doctor", "--", name]);
            assert_eq!(doctor.status, 1, "{doctor:?}");
            let advice = doctor.out.split('`').find(|text| text.contains("clean")).unwrap();
            let run = advice.replacen("shma", "\"$SHMA\"", 1).replacen("clean", "clean --yes", 1);
            let mut bash = Command::new("bash");
            bash.args(["-c", &run]).env("SHMA", env!("CARGO_BIN_EXE_shma"));
            let Ok(ran) = bash.output() else { return shma_tests::skip::skip("there is no bash") };
            assert!(ran.status.success() && !file.exists(), "{advice}: {ran:?}");
            let missing = shma(&["--dir", dir, "info", "--", name]).failed(3);
            let ls = missing.split('`').find(|text| text.ends_with(" ls")).unwrap();
            let mut bash = Command::new("bash");
            let run = ls.replacen("shma", "\"$SHMA\"", 1);
            let ran =
                bash.args(["-c", &run]).env("SHMA", env!("CARGO_BIN_EXE_shma")).output().unwrap();
            assert!(ran.status.success(), "{ls}: {ran:?}");
            assert!(String::from_utf8_lossy(&ran.stdout).starts_with("no regions in "), "{ran:?}");
        }
        fs::remove_dir(&odd).unwrap();
    });
}

/// Notes may hold anything, and disturb no terminal. A script gets them as they are.
#[test]
fn notes_are_shown() {
    let name = shma_tests::region::Name::new("noted");
    let odd = "red \x1b[31m\nnext line \u{202e}";
    let options = Board::options().note("units", "rad").note("odd\x07", odd);
    let _board = options.create(&name, &Board::with(7)).unwrap();
    let info = shma(&["info", &name]).done();
    for line in ["note units: rad", "note odd\\u{7}: red \\u{1b}[31m\\nnext line \\u{202e}"] {
        assert!(info.lines().any(|it| it == line), "{info}");
    }
    let json = shma(&["info", &name, "--json"]).json();
    assert_eq!(json["region"]["notes"], serde_json::json!({ "units": "rad", "odd\x07": odd }));
}
