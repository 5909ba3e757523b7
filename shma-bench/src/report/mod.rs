//! What is made of the answers: text, JSON, pictures, and a table for the README.

mod markdown;
mod plot;
mod quantity;
mod table;
mod targets;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::machine::Machine;
use crate::noise::Noise;
use crate::peers;
use crate::results::Answers;

pub use plot::COLOURS;
pub use quantity::{bytes, value};

/// A whole run.
pub struct Report {
    pub machine: Machine,
    pub noise: Noise,
    pub quick: bool,
    pub answers: Vec<Answers>,
}

/// What is too much: the longest way of a cache line between two cores over the shortest.
const MOVED: f64 = 2.0;

/// Says what makes the numbers doubtful.
pub fn warn(complaints: &[String]) {
    for complaint in complaints {
        eprintln!("warning: the machine is noisy: {complaint}");
    }
}

impl Report {
    /// What makes the numbers doubtful; a sentence each.
    pub fn complaints(&self) -> Vec<String> {
        let mut complaints = self.noise.complaints();
        let lines = || self.answers.iter().flat_map(|answers| answers.lines.values().copied());
        let (least, most) = (lines().fold(f64::INFINITY, f64::min), lines().fold(0.0, f64::max));
        if most > MOVED * least {
            complaints.push(format!(
                "a cache line took {least:.0} ns from core to core at one time and {most:.0} at \
                 another, so what processes do with each other does not compare from case to case"
            ));
        }
        complaints
    }

    /// To the terminal.
    pub fn print(&self) {
        println!("{}", self.text());
    }

    /// The answer to one question, if it was asked.
    fn answers(&self, question: &str) -> Option<&Answers> {
        self.answers.iter().find(|answers| answers.question.name == question)
    }

    /// Everything as text.
    fn text(&self) -> String {
        let mut text = format!("{}\n", self.machine.sentence());
        for answers in &self.answers {
            text += &format!("\n{}: {}\n", answers.question.name, answers.question.about);
            text += &table::tables(answers);
        }
        if let Some(table) = targets::table(self) {
            text += &format!("\nTargets: ratios within this run.\n{table}\n");
        }
        text
    }

    /// Everything, to a folder.
    pub fn write(&self, folder: &Path, markdown: Option<&Path>) -> Result<()> {
        let write = |path: &Path, text: &str| {
            fs::write(path, text).with_context(|| format!("writing {}", path.display()))
        };
        fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
        write(&folder.join("results.json"), &serde_json::to_string_pretty(&self.json())?)?;
        write(&folder.join("results.txt"), &self.text())?;
        for answers in &self.answers {
            for (name, picture) in plot::pictures(answers)? {
                write(&folder.join(name), &picture)?;
            }
        }
        if let Some(path) = markdown {
            write(path, &markdown::section(self))?;
        }
        println!("written to {}", folder.display());
        Ok(())
    }

    fn json(&self) -> serde_json::Value {
        let peers = peers::all()
            .into_iter()
            .map(|peer| serde_json::json!({ "name": peer.name(), "about": peer.about() }));
        serde_json::json!({
            "machine": self.machine,
            "noise": self.noise,
            "warnings": self.complaints(),
            "quick": self.quick,
            "peers": peers.collect::<Vec<_>>(),
            "questions": self.answers.iter().map(Answers::json).collect::<Vec<_>>(),
            "targets": targets::json(self),
        })
    }
}
