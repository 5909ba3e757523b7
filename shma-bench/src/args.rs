//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::job::Job;
use crate::many::Member;
use crate::questions;

/// shma-core and other ways to share a state between processes, measured side by side.
#[derive(Debug, Parser)]
pub struct Args {
    /// Fewer sizes and rounds: under three minutes, good for a first look.
    #[arg(long)]
    pub quick: bool,
    /// Only these questions; may be given several times.
    #[arg(long, value_name = "QUESTION", value_parser = known)]
    pub only: Vec<String>,
    /// Where results, tables and pictures go.
    #[arg(long, value_name = "DIR", default_value = "results")]
    pub out: PathBuf,
    /// Writes the table for the README there as well.
    #[arg(long, value_name = "FILE")]
    pub markdown: Option<PathBuf>,
    /// The order in which the peers come is drawn from it.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Lists questions and peers.
    #[arg(long)]
    pub list: bool,
    #[command(subcommand)]
    pub role: Option<Role>,
}

/// What a process does when it is not the one that was started by hand.
#[derive(Debug, Subcommand)]
pub enum Role {
    /// Measures one case of one question, with others of its kind.
    #[command(hide = true)]
    Worker(Job),
    /// Measures the ways to copy that the library chooses from, and where each begins to win here.
    #[cfg(target_arch = "x86_64")]
    Copies,
    /// Measures how calls grow with the number of fields, regions, processes and bytes.
    Many,
    /// Is one of many processes on one field.
    #[command(hide = true)]
    Member(Member),
}

fn known(name: &str) -> Result<String, String> {
    if questions::find(name).is_some() {
        return Ok(name.to_owned());
    }
    let names: Vec<_> = questions::ALL.iter().map(|question| question.name).collect();
    Err(format!("there is no such question; there are {}", names.join(", ")))
}
