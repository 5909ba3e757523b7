//! The campaigns that look at values while all processes live, in their short forms; and faults of
//! the library that each has to notice.

use shma_campaigns::{is_caught, passes};
use shma_tests::switched;

#[test]
fn history_passes() {
    passes(env!("CARGO_BIN_EXE_campaign"), "history");
}

#[test]
fn history_notices_faults() {
    let campaign = switched::campaign();
    for mutant in ["read-ignores-commit", "snapshot-looks-once"] {
        is_caught(&campaign, mutant, &["history", "--minutes", "3"]);
    }
}

#[test]
fn tear_passes() {
    passes(env!("CARGO_BIN_EXE_campaign"), "tear");
}

#[test]
fn tear_notices_a_fault() {
    let campaign = switched::campaign();
    is_caught(&campaign, "slots-limit", &["tear", "--minutes", "3"]);
}
