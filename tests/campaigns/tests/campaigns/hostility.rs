//! The campaigns of hostile files and peers, and of lives that are hard to see, in their short
//! forms; and a fault of the library that each has to notice.

use shma_campaigns::{is_caught, passes};
use shma_tests::switched;

#[test]
fn hostile_file_passes() {
    passes(env!("CARGO_BIN_EXE_campaign"), "hostile-file");
}

#[test]
fn hostile_peer_passes() {
    passes(env!("CARGO_BIN_EXE_campaign"), "hostile-peer");
}

/// A range of words that the file names is believed.
#[test]
fn hostile_campaigns_notice_a_fault() {
    let campaign = switched::campaign();
    is_caught(&campaign, "slots-unclamped", &["hostile-file", "--count", "20000"]);
    is_caught(&campaign, "slots-unclamped", &["hostile-peer", "--count", "5000000"]);
}

#[test]
fn namespaces_passes() {
    passes(env!("CARGO_BIN_EXE_campaign"), "namespaces");
}

/// Who asks whether an owner lives is told that it does not.
#[test]
fn namespaces_notices_a_fault() {
    let campaign = switched::campaign();
    is_caught(&campaign, "owners-presumed-dead", &["namespaces", "--count", "1"]);
}
