//! The campaigns in their short forms, and what the program that runs them understands.

use std::fs;
use std::path::Path;
use std::process::Command;

use shma_campaigns::ALL;

fn ends_with(arguments: &[&str]) -> Option<i32> {
    let campaign = env!("CARGO_BIN_EXE_campaign");
    Command::new(campaign).args(arguments).output().unwrap().status.code()
}

/// A script must not take a campaign that never ran for one that passed.
#[test]
fn wrong_arguments_are_refused() {
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
    shma_campaigns::passes(env!("CARGO_BIN_EXE_campaign"), campaign);
}

#[cfg(target_arch = "x86_64")]
#[test]
fn step_kill_passes() {
    passes("step-kill");
}

#[test]
fn kill_passes() {
    passes("kill");
}

#[test]
fn birth_passes() {
    passes("birth");
}

#[test]
fn stop_passes() {
    passes("stop");
}

#[cfg(target_arch = "x86_64")]
#[test]
fn full_passes() {
    passes("full");
}

#[cfg(target_arch = "x86_64")]
#[test]
fn checkpoint_passes() {
    passes("checkpoint");
}

/// A campaign that is added is to run with the tests, in one of the files beside this one.
#[test]
fn every_campaign_has_its_short_form() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/campaigns");
    let files = ["short_forms", "values", "hostility", "builds"];
    let texts =
        files.map(|name| fs::read_to_string(folder.join(name).with_extension("rs")).unwrap());
    for campaign in ALL {
        let passes = format!("\"{}\");", campaign.name);
        assert!(texts.iter().any(|text| text.contains(&passes)), "{}", campaign.name);
    }
}
