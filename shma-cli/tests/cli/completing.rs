//! What a shell completes: regions, fields, members, arrays of files.

use std::process::Command;

use shma_core::ShmState;
use shma_tests::region::Name;
use shma_tests::skip::skip;
use shma_tests::watchdog::watched;

use crate::paths::{Control, filled};
use crate::shma::{command, shma};
use crate::terminal::Terminal;

const SHMA: &str = env!("CARGO_BIN_EXE_shma");

/// What bash would offer for the last of the words.
fn bash(words: &[&str]) -> Option<Vec<String>> {
    let script = "
        source <(shma completions bash) || exit 9
        COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); COMP_TYPE=9
        _clap_complete_shma shma \"${COMP_WORDS[COMP_CWORD]}\" \"${COMP_WORDS[COMP_CWORD - 1]}\"
        printf '%s\\n' \"${COMPREPLY[@]}\"";
    let folder = std::path::Path::new(SHMA).parent().unwrap();
    let path = std::env::join_paths(
        std::iter::once(folder.to_owned())
            .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())),
    );
    let mut bash = Command::new("bash");
    bash.args(["--norc", "-c", script, "bash"]).args(words).env("PATH", path.unwrap());
    bash.env_remove("SHMA_DIR");
    let Ok(output) = bash.output() else {
        skip("there is no bash");
        return None;
    };
    let said = String::from_utf8(output.stdout).unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && complaint.is_empty(), "{words:?}: {complaint}");
    Some(said.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect())
}

/// A shell that completes files only, or fields of another region.
#[test]
fn names_fields_and_members_are_completed() {
    watched(|| {
        let name = Name::new("complete");
        let _state = Control::create(&name, &filled()).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("all.safetensors");
        let (file, begin) = (file.to_str().unwrap(), &name[..name.len() - 3]);
        shma(&["checkpoint", &name, file]).done();
        let fields = ["setpoint", "actors", "count", "hits"];
        let members = ["setpoint.target", "setpoint.gain", "setpoint.corners"];
        let cases: [(&[&str], &[&str]); 14] = [
            (&["get", begin], &[&*name]),
            (&["--json", "info", begin], &[&*name]),
            (&["rm", begin], &[&*name]),
            (&["clean", "some", begin], &[&*name]),
            (&["migrate", file, begin], &[&*name]),
            (&["get", &name, ""], &fields),
            (&["set", &name, "co"], &["count"]),
            (&["get", &name, "setpoint."], &members),
            (
                &["watch", &name, "count", "setpoint.corners."],
                &["setpoint.corners.x", "setpoint.corners.y"],
            ),
            (&["get", &name, "actors[0].e"], &["actors[0].episodes"]),
            (&["export", &name, file, "--only", "h"], &["hits"]),
            (&["create", "new", "--from", file, "--only", "se"], &["setpoint"]),
            (&["import", &name, "--field", "a"], &["actors"]),
            (&["--dir", "/nowhere", "get", &name, ""], &[]),
        ];
        for (words, expected) in cases {
            let Some(offered) = bash(&[&["shma"], words].concat()) else { return };
            let values: Vec<&str> = offered.iter().map(String::as_str).collect();
            let values: Vec<&str> =
                values.into_iter().filter(|value| !value.starts_with("--")).collect();
            let mut expected = expected.to_vec();
            if words[0] == "clean" {
                assert!(values.contains(&&*name), "{words:?}: {offered:?}");
                continue;
            }
            let mut sorted = values.clone();
            sorted.sort_unstable();
            expected.sort_unstable();
            assert_eq!(sorted, expected, "{words:?}");
        }
        let offered = bash(&["shma", "top", "setpoint.g"]).unwrap();
        assert!(offered.contains(&"setpoint.gain".to_owned()), "{offered:?}");
        let users = bash(&["shma", "--user", ""]).unwrap();
        assert!(!users.is_empty(), "this test has a region");
        let commands = bash(&["shma", "chec"]).unwrap();
        assert_eq!(commands, ["checkpoint"]);
    });
}

/// Every shell gets a script, and none of them ends the command in an error.
#[test]
fn each_shell_has_a_script() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = shma(&["completions", shell]).done();
        assert!(script.contains("COMPLETE") && script.contains("shma"), "{shell}: {script}");
        let mut asked = command(&[]);
        let asked = asked.env("COMPLETE", shell).output().unwrap();
        assert!(asked.status.success() && !asked.stdout.is_empty(), "{shell}");
    }
    let mut other = command(&["ls"]);
    let other = other.env("COMPLETE", "tcsh").output().unwrap();
    assert!(
        !other.status.success() && !String::from_utf8_lossy(&other.stderr).contains("panicked")
    );
}

/// As a person sees it: a tab behind half a name.
#[test]
fn a_tab_completes_in_a_real_shell() {
    watched(|| {
        let name = Name::new("tab");
        let _state = Control::create(&name, &filled()).unwrap();
        let mut bash = Command::new("bash");
        bash.args(["--norc", "--noprofile", "-i"]).env("PS1", "ready> ").env("TERM", "xterm");
        let folder = std::path::Path::new(SHMA).parent().unwrap().display().to_string();
        bash.env("PATH", format!("{folder}:{}", std::env::var("PATH").unwrap_or_default()));
        if Command::new("bash").arg("--version").output().is_err() {
            return skip("there is no bash");
        }
        let mut terminal = Terminal::start(&mut bash, 30, 160);
        terminal.shows("ready> ");
        terminal.keys("source <(COMPLETE=bash shma); echo 'so''urced'\r");
        terminal.shows("sourced");
        terminal.keys(&format!("shma get {}\t", &name[..name.len() - 4]));
        terminal.shows(&format!("shma get {} ", &*name));
        terminal.keys("setpoint.ga\t");
        terminal.shows("setpoint.gain");
        terminal.keys("\r");
        terminal.until("the value", |screen| {
            screen.contents().lines().any(|line| line.trim() == "40.0")
        });
        terminal.keys("exit\r");
        assert!(terminal.end().0.success());
    });
}
