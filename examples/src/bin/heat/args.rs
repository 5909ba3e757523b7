//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use shma_examples::{ending, options};

use crate::plan::STRIPS;
use crate::plate::GRIDS;
use crate::solving::Order;

/// Solve the heat equation on a plate, by worker processes that share it.
///
/// The plate is the unit square, cold at its edge, and begins with a temperature whose decay is
/// known analytically. It is cut into 8 strips, and every worker moves some of them, step by step,
/// reading the outermost rows of the neighbouring strips from shared memory. No step mixes with
/// another: the result is the same to the last bit whatever the number of workers, and whether or
/// not one of them was killed and replaced. A checksum of all temperatures shows it.
///
/// A picture shows the plate at the start and at the end, and the error over time.
#[derive(Debug, Parser)]
#[command(name = "heat", version, after_help = exit_codes(), args_conflicts_with_subcommands = true)]
pub struct Args {
    /// What a worker process is started with.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// What a person says.
    #[command(flatten)]
    pub options: Options,
}

/// Not for people.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Be a worker of a solution that is under way.
    #[command(hide = true)]
    Worker {
        /// Its region.
        region: String,
        /// Its grid.
        #[arg(value_parser = grid)]
        grid: usize,
        /// The seat to take.
        #[arg(value_parser = options::seat::<STRIPS>)]
        seat: usize,
    },
}

/// The options of a solution.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Worker processes, 1 to 8 [default: one a core].
    #[arg(long, short, value_name = "N", default_value_t = options::cores::<STRIPS>(),
          hide_default_value = true, value_parser = options::workers::<STRIPS>)]
    pub workers: usize,

    /// Points of the grid each way: 64, 128, 256 or 512.
    #[arg(long, short, value_name = "N", default_value_t = 256, value_parser = grid)]
    pub grid: usize,

    /// Time steps, 1 to 10000000 [default: up to the time 0.05, 16513 with 256 points].
    #[arg(long, short, value_name = "N",
          value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    pub steps: Option<u64>,

    /// The largest error to accept, above 0 [default: the squared spacing of the grid].
    #[arg(long, value_name = "X", value_parser = tolerance, allow_negative_numbers = true)]
    pub tolerance: Option<f64>,

    /// Kill a worker by SIGKILL once a share of the steps is done; a third, unless it is given.
    ///
    /// A new one takes its seat and goes on from what the dead one last published.
    #[arg(long, value_name = "SHARE", num_args = 0..=1, require_equals = true,
          default_missing_value = "0.3333", value_parser = options::share,
          allow_negative_numbers = true)]
    pub kill_one: Option<f64>,

    /// Where to write the picture, an SVG.
    #[arg(long, value_name = "FILE", default_value = "heat.svg", value_parser = options::picture)]
    pub plot: PathBuf,

    /// Print nothing but errors.
    #[arg(long, short)]
    pub quiet: bool,
}

impl Options {
    /// The solution to compute.
    pub fn order(&self) -> Order {
        Order {
            grid: self.grid,
            workers: self.workers,
            steps: self.steps,
            tolerance: self.tolerance,
            kill_at: self.kill_one,
            quiet: self.quiet,
        }
    }
}

fn exit_codes() -> String {
    ending::help(
        "solved, and the largest error is within the tolerance",
        "solved, but the largest error is above the tolerance",
    )
}

fn grid(text: &str) -> Result<usize, String> {
    let grid = text.parse().ok().filter(|points| GRIDS.contains(points));
    grid.ok_or_else(|| format!("give one of {}", GRIDS.map(|points| points.to_string()).join(", ")))
}

fn tolerance(text: &str) -> Result<f64, String> {
    let number = text.parse().ok().filter(|number: &f64| *number > 0.0 && number.is_finite());
    number.ok_or_else(|| "give a number above 0".to_owned())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use clap::CommandFactory;

    use super::*;

    fn parse(line: &str) -> Result<Args, clap::Error> {
        Args::try_parse_from(std::iter::once("heat").chain(line.split_whitespace()))
    }

    #[test]
    fn the_declaration_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn without_arguments_all_cores_solve_on_a_middling_grid() {
        let parsed = parse("").unwrap().options;
        assert_eq!((parsed.workers, parsed.grid), (options::cores::<STRIPS>(), 256));
        assert_eq!((parsed.steps, parsed.tolerance, parsed.kill_one), (None, None, None));
        assert_eq!(parsed.plot, Path::new("heat.svg"));
    }

    #[test]
    fn the_order_follows_the_options() {
        let line = "-w 3 -g 64 -s 100 --tolerance 1e-3 --kill-one=0.5 --quiet";
        let order = parse(line).unwrap().options.order();
        assert_eq!((order.workers, order.grid, order.steps), (3, 64, Some(100)));
        assert_eq!((order.tolerance, order.kill_at, order.quiet), (Some(1e-3), Some(0.5), true));
    }

    #[test]
    fn a_kill_has_its_moment_by_default() {
        let share = parse("--kill-one").unwrap().options.kill_one.unwrap();
        assert!((share - 1.0 / 3.0).abs() < 1e-3);
    }

    #[test]
    fn bad_arguments_are_refused_with_what_would_be_good() {
        for (line, reason) in [
            ("--workers 0", "from 1 to 8"),
            ("--workers 9", "from 1 to 8"),
            ("--workers two", "from 1 to 8"),
            ("--grid 100", "give one of 64, 128, 256, 512"),
            ("--grid large", "give one of 64, 128, 256, 512"),
            ("--steps 0", "1..=10000000"),
            ("--steps 10000001", "1..=10000000"),
            ("--tolerance 0", "a number above 0"),
            ("--tolerance -1", "a number above 0"),
            ("--tolerance NaN", "a number above 0"),
            ("--tolerance inf", "a number above 0"),
            ("--kill-one=0", "above 0 and below 1"),
            ("--kill-one=1", "above 0 and below 1"),
            ("--kill-one=NaN", "above 0 and below 1"),
            ("--plot /", "not of a directory"),
            ("--plot /no/such/place/heat.svg", "there is no directory /no/such/place"),
            ("--speed", "unexpected argument"),
            ("solver", "unrecognized subcommand"),
            ("worker some 64 8", "no such seat"),
            ("worker some 65 0", "give one of 64"),
            ("--quiet worker some 64 0", "cannot be used"),
        ] {
            let error = parse(line).expect_err(line);
            assert_eq!(error.exit_code(), 2, "{line}");
            assert!(error.to_string().contains(reason), "{line}: {error}");
        }
    }

    #[test]
    fn help_hides_the_worker_and_tells_the_exit_codes() {
        let help = Args::command().render_long_help().to_string();
        assert!(!help.contains("Be a worker") && help.contains("Exit codes:\n    0  "), "{help}");
    }
}
