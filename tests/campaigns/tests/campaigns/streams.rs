//! Non-temporal stores are taken for values of some MiB, which campaigns have few of. Here all copies of
//! 128 bytes and more are made by them.

use shma_campaigns::{is_caught, passes_with};
use shma_tests::skip::skip;
use shma_tests::switched;

fn has_streams() -> bool {
    let has = std::is_x86_feature_detected!("avx512vbmi2");
    if !has {
        skip("this processor has no AVX-512 for non-temporal stores");
    }
    has
}

/// A writer dies between two such stores, or before the fence behind them.
#[test]
fn step_kill_passes_with_streams() {
    if has_streams() {
        passes_with(&switched::campaign(), "words-streamed", "step-kill");
    }
}

/// A reader gets a value that a writer has not finished, or has begun without saying so.
#[test]
fn tear_passes_with_streams() {
    if has_streams() {
        passes_with(&switched::campaign(), "words-streamed", "tear");
    }
}

/// The version is seen before the value.
#[test]
fn tear_notices_a_missing_fence() {
    if has_streams() {
        let arguments = ["tear", "--minutes", "3"];
        is_caught(&switched::campaign(), "words-unfenced-behind", &arguments);
    }
}
