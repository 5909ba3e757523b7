//! The header and the library are one interface.

use std::collections::BTreeSet;
use std::process::Command;

use shma_tests::skip::skip;

use crate::prefix::{has, prefix, run};

const HEADER: &str = include_str!("../../include/shma.h");

/// The functions that the header declares, without its comments.
fn declared() -> BTreeSet<String> {
    let mut code = String::new();
    for (at, part) in HEADER.split("/*").enumerate() {
        code += if at == 0 { part } else { part.split_once("*/").unwrap().1 };
    }
    let mut names = BTreeSet::new();
    for (at, _) in code.match_indices('(') {
        let before = code[..at].trim_end();
        let start =
            before.rfind(|c: char| !c.is_ascii_alphanumeric() && c != '_').map_or(0, |it| it + 1);
        if before[start..].starts_with("shma_") {
            names.insert(before[start..].to_owned());
        }
    }
    names
}

/// A program that calls what the library lacks does not link, and no document promises what only the library
/// has.
#[test]
fn the_library_exports_what_the_header_declares() {
    if !has("nm") {
        return skip("there is no nm");
    }
    let mut command = Command::new("nm");
    command.args(["--dynamic", "--defined-only", "--format=posix"]);
    let symbols = run(command.arg(prefix().join("lib/libshma.so")));
    let exported: BTreeSet<String> =
        symbols.lines().map(|line| line.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(declared(), exported);
    assert!(declared().len() > 30);
}

/// Programs are bound to the soname; it changes with the interface.
#[test]
fn the_number_of_the_interface_is_the_same_everywhere() {
    let line = HEADER.lines().find_map(|line| line.strip_prefix("#define SHMA_ABI ")).unwrap();
    assert_eq!(line.trim(), shma::shma_abi().to_string());
    let manifest = include_str!("../../Cargo.toml");
    assert!(manifest.contains(&format!("version = \"{line}.0.0\"")), "{line}");
    if !has("readelf") {
        return skip("there is no readelf");
    }
    let mut command = Command::new("readelf");
    let said = run(command.arg("--dynamic").arg(prefix().join("lib/libshma.so")));
    assert!(said.contains(&format!("[libshma.so.{line}]")), "{said}");
}
