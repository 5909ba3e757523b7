//! The text file with the counts.

use std::fmt::Write;
use std::path::Path;

/// Instructions per call of each path, in the order in which they were counted.
pub type Counts = Vec<(String, f64)>;

const PREAMBLE: &str = "\
# Instructions per call of the library's fast paths, the loop around the call included; see `mod.rs`.
# Valgrind offers no fast way to read the clock: what that takes here is a system call elsewhere.
";

/// The counts of each compiler and processor.
pub struct Record(Vec<(String, Counts)>);

impl Record {
    /// What a file says; nothing, if there is none.
    pub fn read(file: &Path) -> Self {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let mut sections: Vec<(String, Counts)> = Vec::new();
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if let Some(machine) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                sections.push((machine.to_owned(), Vec::new()));
                continue;
            }
            let (path, count) = line.split_once(" = ").expect("`path = count`");
            let (_, counts) = sections.last_mut().expect("a machine stands before its counts");
            counts.push((path.to_owned(), count.parse().expect("a number")));
        }
        Self(sections)
    }

    /// The counts of one machine.
    pub fn find(&self, machine: &str) -> Option<&Counts> {
        self.0.iter().find(|(name, _)| name == machine).map(|(_, counts)| counts)
    }

    /// Forgets the counts of a machine, and notes these.
    pub fn replace(&mut self, machine: &str, counts: Counts) {
        self.0.retain(|(name, _)| name != machine);
        self.0.push((machine.to_owned(), counts));
        self.0.sort_by(|one, other| one.0.cmp(&other.0));
    }

    /// Writes it down.
    pub fn write(&self, file: &Path) {
        let mut text = PREAMBLE.to_owned();
        for (machine, counts) in &self.0 {
            writeln!(text, "\n[{machine}]").unwrap();
            for (path, count) in counts {
                writeln!(text, "{path} = {count:.1}").unwrap();
            }
        }
        std::fs::write(file, text).unwrap();
    }
}
