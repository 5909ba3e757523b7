//! Files that the fuzzer makes up, given to the calls that open files.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use shma_tests::hostile::files::{Forger, good};
use shma_tests::hostile::targets;
use shma_tests::region::Name;

/// Made once, because making it takes longer than anything here.
static FORGER: LazyLock<Forger> = LazyLock::new(|| Forger::new(good()));

/// The fuzzer ends without dropping anything, so the process that runs it gives the name, and
/// removes it.
static NAME: LazyLock<Name> =
    LazyLock::new(|| Name::told(&std::env::var("SHMA_FUZZ_NAME").expect("SHMA_FUZZ_NAME=NAME")));

fuzz_target!(|orders: &[u8]| {
    if let [call, orders @ ..] = orders {
        let target = &targets::ALL[usize::from(*call) % targets::ALL.len()];
        target.meets(&NAME, &FORGER.by(orders));
    }
});
