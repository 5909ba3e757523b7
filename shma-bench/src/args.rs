//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

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
}

/// What a worker is told.
#[derive(Debug, Clone, clap::Args)]
pub struct Job {
    #[arg(long)]
    pub question: String,
    /// Bytes or processes, as the question has it.
    #[arg(long)]
    pub case: u64,
    /// Which of the processes it is.
    #[arg(long)]
    pub rank: usize,
    /// How many processes there are.
    #[arg(long)]
    pub crew: usize,
    /// Part of the names of everything that the run shares.
    #[arg(long)]
    pub run: String,
    #[arg(long)]
    pub order: u64,
    #[arg(long)]
    pub hasty: bool,
}

fn known(name: &str) -> Result<String, String> {
    if questions::find(name).is_some() {
        return Ok(name.to_owned());
    }
    let names: Vec<_> = questions::ALL.iter().map(|question| question.name).collect();
    Err(format!("there is no such question; there are {}", names.join(", ")))
}
