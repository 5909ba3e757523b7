//! The commands.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use clap::{Subcommand, ValueHint};
use clap_complete::{ArgValueCompleter, Shell};

use super::texts::{COLUMNS, COMPLETIONS, PATHS, VALUES};
use super::{Pace, seconds};
use crate::complete;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// List all regions.
    Ls,
    /// Show a region's layout, and how each field stands.
    Info {
        /// The region.
        #[arg(add = ArgValueCompleter::new(complete::regions))]
        name: String,
        /// Show this field and no other; may be given several times.
        #[arg(long, value_name = "FIELD", add = ArgValueCompleter::new(complete::fields))]
        only: Vec<String>,
    },
    /// Print values: `shma get trainer 'weights[0:3, ::16]'`.
    #[command(after_help = PATHS)]
    Get {
        /// The region.
        #[arg(add = ArgValueCompleter::new(complete::regions))]
        name: String,
        /// The field, and what of it, as in Python.
        #[arg(value_name = "PATH", add = ArgValueCompleter::new(complete::paths))]
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
        #[arg(add = ArgValueCompleter::new(complete::regions))]
        name: String,
        /// The file, which is replaced once the new one is complete. A FIFO or a device is written
        /// into; `-` is standard output. A name that ends in `.safetensors` makes it a checkpoint.
        #[arg(value_name = "FILE.npz")]
        file: PathBuf,
        /// Write this field and no other; may be given several times.
        #[arg(long, value_name = "FIELD", add = ArgValueCompleter::new(complete::fields))]
        only: Vec<String>,
        /// Take each field by itself, and not all at one instant: beside writers that never pause
        /// there may be none to be had.
        #[arg(long)]
        by_field: bool,
    },
    /// Write the arrays of a file into a region, as one transaction, once all of them were read,
    /// checked and found to fit.
    Import {
        /// The region.
        #[arg(add = ArgValueCompleter::new(complete::regions))]
        name: String,
        /// The file: from `shma export`, `shma get --npy`, `numpy.savez` or `numpy.save`, or any
        /// `.safetensors` file; `-` is standard input.
        #[arg(value_name = "FILE.npz")]
        file: PathBuf,
        /// The field that the one array of an .npy file is for. By default it is the field that the
        /// file is called after.
        #[arg(long, add = ArgValueCompleter::new(complete::fields))]
        field: Option<String>,
        /// Write this field and no other, whatever else is in the file; may be given several times.
        #[arg(
            long,
            value_name = "FIELD",
            conflicts_with = "field",
            add = ArgValueCompleter::new(complete::fields)
        )]
        only: Vec<String>,
        /// How long to wait for the semaphores, in seconds.
        #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
        timeout: Duration,
    },
    /// Save all fields, as they stood at one instant, to a .safetensors file, from which programs and
    /// `shma create` begin again.
    Checkpoint {
        /// The region.
        #[arg(add = ArgValueCompleter::new(complete::regions))]
        name: String,
        /// The file, which is replaced once the new one is complete and on the disk.
        #[arg(value_name = "FILE.safetensors")]
        file: PathBuf,
        /// Save this field and no other; may be given several times.
        #[arg(long, value_name = "FIELD", add = ArgValueCompleter::new(complete::fields))]
        only: Vec<String>,
    },
    /// Make a region of the values in a file. It is persistent.
    Create {
        /// The region.
        #[arg(value_hint = ValueHint::Other)]
        name: String,
        /// The file: a checkpoint or any other `.safetensors` file, an `.npz` or an `.npy` file.
        #[arg(long, value_name = "FILE")]
        from: PathBuf,
        /// Make a field of this array and of no other; may be given several times.
        #[arg(long, value_name = "FIELD", add = ArgValueCompleter::new(complete::tensors))]
        only: Vec<String>,
        /// The state's declared name; by default that of the checkpoint, else the file's name without
        /// its ending.
        #[arg(long, value_name = "NAME", value_hint = ValueHint::Other)]
        state: Option<String>,
    },
    /// Copy values of another layout into a region, by name and type, in one transaction, and show what
    /// became of each: `shma migrate old.safetensors trainer`.
    Migrate {
        /// Where the values are: a region, or a file if there is a slash in it or it ends in
        /// `.safetensors`.
        #[arg(add = ArgValueCompleter::new(complete::regions_and_files))]
        from: String,
        /// The region that gets them.
        #[arg(add = ArgValueCompleter::new(complete::regions))]
        name: String,
        /// Only show what would become of each.
        #[arg(long)]
        dry_run: bool,
        /// How long to wait for the semaphores, in seconds.
        #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
        timeout: Duration,
    },
    /// Write one value: `shma set robot setpoint.target '[1, 2, 3]'`. It is one update, under the
    /// field's semaphore.
    #[command(after_help = VALUES)]
    Set {
        /// The region.
        #[arg(add = ArgValueCompleter::new(complete::regions))]
        name: String,
        /// The field, and what of it.
        #[arg(add = ArgValueCompleter::new(complete::paths))]
        path: String,
        /// The value; `-` reads it from standard input.
        #[arg(allow_hyphen_values = true, value_hint = ValueHint::Other)]
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
        #[arg(add = ArgValueCompleter::new(complete::regions))]
        name: String,
        /// The fields, or what of them; all fields by default.
        #[arg(value_name = "PATH", add = ArgValueCompleter::new(complete::paths))]
        fields: Vec<String>,
        #[command(flatten)]
        pace: Pace,
    },
    /// Show all regions, live: `shma top step setpoint.target`.
    #[command(after_help = COLUMNS)]
    Top {
        /// Values to show of each region that has them, a column each.
        #[arg(value_name = "PATH", add = ArgValueCompleter::new(complete::paths_anywhere))]
        paths: Vec<String>,
        #[command(flatten)]
        pace: Pace,
    },
    /// Compare two layouts, of regions or of saved manifests (`shma info --json`, or the text in a
    /// region).
    Diff {
        /// A region, or a file if there is a slash in it or it ends in `.json`.
        #[arg(add = ArgValueCompleter::new(complete::regions_and_files))]
        a: String,
        /// As the first.
        #[arg(add = ArgValueCompleter::new(complete::regions_and_files))]
        b: String,
    },
    /// Say what is wrong, and what to do.
    Doctor {
        /// The region; everything by default.
        #[arg(add = ArgValueCompleter::new(complete::regions))]
        name: Option<String>,
    },
    /// Remove dead ephemeral regions and abandoned temporary files, after showing them. Regions to
    /// which a process is attached stay.
    Clean {
        /// Only these regions, and no temporary files.
        #[arg(add = ArgValueCompleter::new(complete::regions))]
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
        #[arg(add = ArgValueCompleter::new(complete::regions))]
        name: String,
        /// Do not ask, also if a process is attached.
        #[arg(long, short)]
        yes: bool,
    },
    /// Write a header of a region's layout for C and C++: `shma header trainer > trainer.h`.
    Header {
        /// The region.
        #[arg(add = ArgValueCompleter::new(complete::regions))]
        name: String,
        /// What the names in it begin with, behind `shma_`; the state's name by default.
        #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
        prefix: Option<String>,
        /// Add a struct of typed fields for C++17, which needs `shma.hpp`.
        #[arg(long)]
        cpp: bool,
    },
    /// Write what makes a shell complete commands, regions, fields and members.
    #[command(after_help = COMPLETIONS)]
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Write the state of all regions in the text format of Prometheus.
    Metrics,
    /// Describe what `--json` writes.
    Schema,
}

impl Command {
    /// Its name, if it changes regions.
    pub fn changes(&self) -> Option<&'static str> {
        match self {
            Self::Import { .. } => Some("import"),
            Self::Create { .. } => Some("create"),
            Self::Migrate { dry_run: false, .. } => Some("migrate"),
            Self::Set { .. } => Some("set"),
            Self::Clean { dry_run: false, .. } => Some("clean"),
            Self::Rm { .. } => Some("rm"),
            _ => None,
        }
    }
}
