//! The campaigns in their short forms, and what the program that runs them understands.

use std::process::Command;

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

macro_rules! short_forms {
    ($($test:ident: $campaign:literal,)*) => {
        $(
            #[test]
            fn $test() {
                shma_tests::campaign::passes(env!("CARGO_BIN_EXE_campaign"), $campaign);
            }
        )*

        /// A campaign that is added is to run with the tests.
        #[test]
        fn a_campaign_is_left_out() {
            let known: Vec<&str> = shma_tests::campaign::ALL.iter().map(|one| one.name).collect();
            assert_eq!(known, [$($campaign),*]);
        }
    };
}

short_forms! {
    step_kill: "step-kill",
    kill: "kill",
    birth: "birth",
    full: "full",
}
