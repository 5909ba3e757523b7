//! What can be asked on the command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use clap::{Parser, Subcommand};
use clap_complete::Shell;

/// What follows the list of commands in the help.
const AFTER: &str = "\
Exit status:
  0  done
  1  the answer is no: layouts differ, something is wrong, or you declined
  2  the command line is wrong
  3  there is no such region, field or file
  4  what has the name cannot be used: no region, another user's, another layout, a damaged file,
     a directory
  5  in use: a semaphore is held, a process is attached, or writers were too quick
  6  a system call failed

With --json every command writes one JSON object per answer; `shma schema` describes them all.
NO_COLOR turns colours off; there are none but on a terminal.";

/// How paths are written, behind the help of the commands that take some.
const PATHS: &str = "\
A PATH is a field, and what of it:
  weights                  all of it
  'weights[0:3, ::16]'     slices, as in Python; ... means whole dimensions
  setpoint.target          a member of a struct
  'actors[0:3].episodes'   that member of each
The longest field name that a path begins with is the field.";

/// How values are written, behind the help of `set`.
const VALUES: &str = "\
A VALUE is JSON, as `shma get --json` prints it; one scalar goes to all places of an array:
  shma set robot step 5
  shma set robot gain nan                   also inf, -inf
  shma set robot 'weights[0, :]' 0
  shma set robot setpoint.target '[1, 2, 3]'
  shma set robot setpoint '{\"target\": [1, 2, 3], \"gain\": 40}'
  shma set robot weights --npy weights.npy
A path is written as for `shma get`.";

/// Looks into typed states in shared memory, without disturbing the processes that use them.
#[derive(Debug, Parser)]
#[command(name = "shma", version, about, after_help = AFTER, arg_required_else_help = true)]
pub struct Arguments {
    /// Write JSON.
    #[arg(long, global = true)]
    pub json: bool,
    /// Look for regions in this directory. By default it is that of the variable SHMA_DIR, else /dev/shm.
    #[arg(long, global = true, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List all regions.
    Ls,
    /// Show a region's layout, and how each field stands.
    Info {
        /// The region.
        name: String,
    },
    /// Print values: `shma get trainer 'weights[0:3, ::16]'`.
    #[command(after_help = PATHS)]
    Get {
        /// The region.
        name: String,
        /// The field, and what of it, as in Python.
        #[arg(value_name = "PATH")]
        what: String,
        /// Print all elements, however many.
        #[arg(long)]
        all: bool,
        /// Write comma-separated values: the last dimension goes across, the others down.
        #[arg(long, conflicts_with_all = ["json", "npy"])]
        csv: bool,
        /// Write a file for `numpy.load`; `-` is standard output.
        #[arg(long, value_name = "FILE", conflicts_with = "json")]
        npy: Option<PathBuf>,
    },
    /// Write all fields, as they stood at one instant, to a file for `numpy.load`.
    Export {
        /// The region.
        name: String,
        /// The file, which is replaced once the new one is complete. A FIFO or a device is written
        /// into; `-` is standard output. A name that ends in `.safetensors` makes it a checkpoint.
        #[arg(value_name = "FILE.npz")]
        file: PathBuf,
        /// Take each field by itself, and not all at one instant: beside writers that never pause
        /// there may be none to be had.
        #[arg(long)]
        by_field: bool,
    },
    /// Write the arrays of a file into a region, as one transaction, once all of them were read,
    /// checked and found to fit.
    Import {
        /// The region.
        name: String,
        /// The file: from `shma export`, `shma get --npy`, `numpy.savez` or `numpy.save`, or any
        /// `.safetensors` file; `-` is standard input.
        #[arg(value_name = "FILE.npz")]
        file: PathBuf,
        /// The field that the one array of an .npy file is for. By default it is the field that the
        /// file is called after.
        #[arg(long)]
        field: Option<String>,
        /// How long to wait for the semaphores, in seconds.
        #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
        timeout: Duration,
    },
    /// Save all fields, as they stood at one instant, to a .safetensors file, from which programs and
    /// `shma create` begin again.
    Checkpoint {
        /// The region.
        name: String,
        /// The file, which is replaced once the new one is complete and on the disk.
        #[arg(value_name = "FILE.safetensors")]
        file: PathBuf,
    },
    /// Make a region of the values in a file. It is persistent.
    Create {
        /// The region.
        name: String,
        /// The file: a checkpoint or any other `.safetensors` file, an `.npz` or an `.npy` file.
        #[arg(long, value_name = "FILE")]
        from: PathBuf,
        /// The state's declared name; by default that of the checkpoint, else the file's name without
        /// its ending.
        #[arg(long, value_name = "NAME")]
        state: Option<String>,
    },
    /// Copy values of another layout into a region, by name and type, in one transaction, and show what
    /// became of each: `shma migrate old.safetensors trainer`.
    Migrate {
        /// Where the values are: a region, or a file if there is a slash in it or it ends in
        /// `.safetensors`.
        from: String,
        /// The region that gets them.
        name: String,
        /// How long to wait for the semaphores, in seconds.
        #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
        timeout: Duration,
    },
    /// Write one value: `shma set robot setpoint.target '[1, 2, 3]'`. It is one update, under the
    /// field's semaphore.
    #[command(after_help = VALUES)]
    Set {
        /// The region.
        name: String,
        /// The field, and what of it.
        path: String,
        /// The value; `-` reads it from standard input.
        #[arg(allow_hyphen_values = true)]
        value: Option<String>,
        /// Take the value from a file of `numpy.save`; `-` is standard input.
        #[arg(long, value_name = "FILE", conflicts_with = "value")]
        npy: Option<PathBuf>,
        /// Write nothing unless the field is at this version.
        #[arg(long, value_name = "N")]
        if_version: Option<u64>,
        /// How long to wait for the semaphore, in seconds.
        #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
        timeout: Duration,
    },
    /// Show how the fields of a region change, live: `shma watch robot setpoint.target`.
    #[command(after_help = PATHS)]
    Watch {
        /// The region.
        name: String,
        /// The fields, or what of them; all fields by default.
        #[arg(value_name = "PATH")]
        fields: Vec<String>,
        #[command(flatten)]
        pace: Pace,
    },
    /// Show all regions, live.
    Top {
        #[command(flatten)]
        pace: Pace,
    },
    /// Compare two layouts, of regions or of saved manifests (`shma info --json`, or the text in a
    /// region).
    Diff {
        /// A region, or a file if there is a slash in it or it ends in `.json`.
        a: String,
        /// As the first.
        b: String,
    },
    /// Say what is wrong, and what to do.
    Doctor {
        /// The region; everything by default.
        name: Option<String>,
    },
    /// Remove dead ephemeral regions and abandoned temporary files, after showing them. Regions to
    /// which a process is attached stay.
    Clean {
        /// Only these regions, and no temporary files.
        names: Vec<String>,
        /// Only show them.
        #[arg(long)]
        dry_run: bool,
        /// Do not ask.
        #[arg(long, short)]
        yes: bool,
    },
    /// Remove a region's name, also if it is in use: attached processes keep its memory.
    Rm {
        /// The region.
        name: String,
        /// Do not ask, also if a process is attached.
        #[arg(long, short)]
        yes: bool,
    },
    /// Write a header of a region's layout for C and C++: `shma header trainer > trainer.h`.
    Header {
        /// The region.
        name: String,
        /// What the names in it begin with, behind `shma_`; the state's name by default.
        #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
        prefix: Option<String>,
        /// Add a struct of typed fields for C++17, which needs `shma.hpp`.
        #[arg(long)]
        cpp: bool,
    },
    /// Write a file by which a shell completes command lines.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Write the state of all regions in the text format of Prometheus.
    Metrics,
    /// Describe what `--json` writes.
    Schema,
}

/// How often, and how many times.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct Pace {
    /// Seconds between two looks.
    #[arg(long, short, value_name = "SECONDS", default_value = "0.5", value_parser = seconds)]
    pub interval: Duration,
    /// End after so many looks. Without a terminal the default is one.
    #[arg(long, short = 'n')]
    pub count: Option<u64>,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}
