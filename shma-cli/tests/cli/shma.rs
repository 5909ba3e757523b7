//! Running the command.

use std::process::{Command, Output};

use serde_json::Value;

/// What became of a command.
#[derive(Debug)]
pub struct Ran {
    pub status: i32,
    pub out: String,
    pub err: String,
}

/// The command, without what the user's environment says of colours.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shma"));
    command.args(arguments).env_remove("NO_COLOR").env("TERM", "xterm-256color");
    command
}

/// Runs it without a terminal. It must never panic.
#[track_caller]
pub fn shma(arguments: &[&str]) -> Ran {
    let Output { status, stdout, stderr } = command(arguments).output().unwrap();
    let err = String::from_utf8(stderr).unwrap();
    assert!(!err.contains("panicked"), "{arguments:?}: {err}");
    let status = status.code().unwrap_or_else(|| panic!("{arguments:?} was killed: {err}"));
    Ran { status, out: String::from_utf8(stdout).unwrap(), err }
}

impl Ran {
    /// Its output, if it did what it was asked.
    #[track_caller]
    pub fn done(self) -> String {
        assert_eq!(self.status, 0, "{self:?}");
        assert_eq!(self.err, "");
        self.out
    }

    /// Its complaint, if it ended with this status.
    #[track_caller]
    pub fn failed(self, status: i32) -> String {
        assert_eq!(self.status, status, "{self:?}");
        self.err
    }

    /// Its answer in JSON, which is one object on one line.
    #[track_caller]
    pub fn json(self) -> Value {
        let out = self.out;
        assert!(out.ends_with('\n') && out.lines().count() == 1, "{out}");
        let answer: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(answer["schema"], 1);
        answer
    }
}

/// Replaces ages, process ids, the user and the region's name by words, and the width of columns by
/// two blanks. What is left is the same in every run.
pub fn steady(text: &str, name: &str, pid: u32) -> String {
    let user = rustix::process::geteuid().as_raw();
    let text = text.replace(name, "NAME");
    let text = text.replace(&format!(", of user {user}, mode"), ", of user USER, mode");
    let lines = text.lines().map(|line| {
        let mut words: Vec<String> = Vec::new();
        for word in line.split(' ').filter(|word| !word.is_empty()) {
            let unit = word.trim_end_matches([',', ')']);
            let is_age = ["µs", "ms", "s", "min"].contains(&unit)
                && words.last().is_some_and(|last| last.parse::<f64>().is_ok());
            if is_age {
                words.pop();
                words.push(word.replacen(unit, "AGE", 1));
            } else if word == "now" {
                words.push("AGE".into());
            } else if unit == pid.to_string() {
                words.push(word.replacen(unit, "PID", 1));
            } else {
                words.push(word.to_owned());
            }
        }
        words.join(" ")
    });
    lines.collect::<Vec<_>>().join("\n")
}
