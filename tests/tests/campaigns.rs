//! The campaigns in their short forms, and what the program that runs them understands.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use shma_tests::campaign::ALL;

fn ends_with(arguments: &[&str]) -> Option<i32> {
    let campaign = env!("CARGO_BIN_EXE_campaign");
    Command::new(campaign).args(arguments).output().unwrap().status.code()
}

/// A script must not take a campaign that never ran for one that passed.
#[test]
fn what_is_not_understood_passes() {
    for arguments in [
        &[][..],
        &["no-such-campaign"],
        &["all", "--short", "--count", "7"],
        &["all", "--minutes", "soon"],
        &["all", "--minutes=-1"],
        &["all", "--seed", "x"],
    ] {
        assert_eq!(ends_with(arguments), Some(2), "{arguments:?}");
    }
    assert_eq!(ends_with(&["list"]), Some(0));
}

fn passes(campaign: &str) {
    shma_tests::campaign::passes(env!("CARGO_BIN_EXE_campaign"), campaign);
}

#[cfg(target_arch = "x86_64")]
#[test]
fn a_call_that_is_killed_at_some_instruction_leaves_harm() {
    passes("step-kill");
}

#[test]
fn a_storm_of_deaths_leaves_harm() {
    passes("kill");
}

#[test]
fn a_race_for_a_name_has_two_winners() {
    passes("birth");
}

#[test]
fn a_stopped_process_harms_others() {
    passes("stop");
}

#[cfg(target_arch = "x86_64")]
#[test]
fn a_full_directory_or_a_failing_call_leaves_harm() {
    passes("full");
}

/// A campaign that is added is to run with the tests, in one of the files beside this one.
#[test]
fn a_campaign_is_left_out() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let of_campaigns = |path: &PathBuf| {
        path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("campaigns"))
    };
    let text: String =
        files.filter(of_campaigns).map(|path| fs::read_to_string(path).unwrap()).collect();
    for campaign in ALL {
        assert!(text.contains(&format!("\"{}\");", campaign.name)), "{}", campaign.name);
    }
}
