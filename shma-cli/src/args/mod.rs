//! What can be asked on the command line.

mod command;
mod texts;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, ValueHint};
use clap_complete::ArgValueCompleter;

pub use self::command::Command;
use self::texts::AFTER;
use crate::{complete, whose};

/// Looks into typed states in shared memory, without disturbing the processes that use them.
#[derive(Debug, Parser)]
#[command(name = "shma", version, about, after_help = AFTER, arg_required_else_help = true)]
pub struct Arguments {
    /// Write JSON.
    #[arg(long, global = true)]
    pub json: bool,
    /// Look for regions in this directory. By default it is that of the variable SHMA_DIR, else /dev/shm.
    #[arg(long, global = true, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub dir: Option<PathBuf>,
    /// Look at regions of this user, by name or number, and at no others. The modes of their files decide
    /// whether you may; root may. Nothing of another user's is changed.
    #[arg(
        long,
        global = true,
        value_name = "USER",
        value_parser = whose::user,
        add = ArgValueCompleter::new(complete::users)
    )]
    pub user: Option<u32>,
    #[command(subcommand)]
    pub command: Command,
}

/// How often, and how many times.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct Pace {
    /// Seconds between two looks.
    #[arg(long, short, value_name = "SECONDS", default_value = "0.5", value_parser = seconds)]
    pub interval: Duration,
    /// End after so many looks. Without a terminal the default is one.
    #[arg(long, short = 'n', value_name = "N")]
    pub count: Option<u64>,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}
