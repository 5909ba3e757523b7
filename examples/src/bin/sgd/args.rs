//! The command line.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Parser, Subcommand};
use shma_examples::{ending, options};

use crate::data::Digits;
use crate::desk::SEATS;
use crate::mode::Mode;
use crate::plan::Plan;
use crate::saving::Saved;
use crate::training::Order;

/// Train a network on handwritten digits, by worker processes that share it.
///
/// The network has 784 inputs, 64 hidden units and 10 outputs, and learns 4,000 images; another
/// 1,000 tell its accuracy. Every worker is a process of its own. It reads the shared parameters,
/// computes the gradient of a batch and subtracts it from them, while the others do the same.
///
/// The parameters are shared with semaphores, or number by number without: by plain additions, of
/// which some may be lost (hogwild), or by compare-exchange (exact). Each way is tried, first by one
/// worker and then by all, and all are compared: in a table, and in a picture of accuracy and loss
/// over time. That makes six trainings; two with --mode, three with one worker only, and one with
/// --no-compare. What is compared is made three times over, in turn, and of each training the middle
/// one by speed is shown.
#[derive(Debug, Parser)]
#[command(name = "sgd", version, after_help = exit_codes(), args_conflicts_with_subcommands = true)]
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
    /// Be a worker of a training that is under way.
    #[command(hide = true)]
    Worker {
        /// How its model is shared.
        mode: Mode,
        /// Its name.
        training: String,
        /// The seat to take.
        #[arg(value_parser = options::seat::<SEATS>)]
        seat: usize,
    },
}

/// The options of a training.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// How the workers share the model [default: train in each way, and compare].
    #[arg(long, short, value_name = "MODE")]
    pub mode: Option<Mode>,

    /// Worker processes, 1 to 64.
    ///
    /// One per core is best: the gradient of a worker that has to wait for a core is old when it
    /// comes.
    #[arg(long, short, value_name = "N", default_value_t = options::cores::<SEATS>(),
          value_parser = options::workers::<SEATS>)]
    pub workers: usize,

    /// How often all images are gone through, 1 to 10000.
    #[arg(long, short, value_name = "N", default_value_t = 20,
          value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub epochs: u64,

    /// Images a gradient is computed from, 1 to 4000.
    #[arg(long, short, value_name = "N", default_value_t = 16,
          value_parser = clap::value_parser!(u64).range(1..=4_000))]
    pub batch: u64,

    /// Length of the longest step down the gradient, above 0 and up to 10.
    ///
    /// Steps grow to it over the first tenth of the training, and shrink from there to its end.
    #[arg(long, short, value_name = "X", default_value_t = 0.4, value_parser = learning_rate,
          allow_negative_numbers = true)]
    pub learning_rate: f64,

    /// Decides the first parameters and the order of the images.
    #[arg(long, value_name = "N", default_value_t = 1, allow_negative_numbers = true)]
    pub seed: u64,

    /// The test accuracy to reach, above 0 and up to 1.
    #[arg(long, value_name = "X", default_value_t = 0.93, value_parser = accuracy,
          allow_negative_numbers = true)]
    pub target: f64,

    /// Kill a worker by SIGKILL once a share of the work is done; a third, unless it is given.
    ///
    /// The training goes on with the workers that are left, and the batch that the dead one had is
    /// done by another. If it was the only one, a new one takes its seat. With a comparison, it
    /// happens in every training by all workers, and none of those by one.
    #[arg(long, value_name = "SHARE", num_args = 0..=1, require_equals = true,
          default_missing_value = "0.3333", value_parser = options::share,
          allow_negative_numbers = true)]
    pub kill_one: Option<f64>,

    /// How often each training is made, 1 to 99; the middle one by speed is shown [default: 3 where
    /// trainings are compared, else 1].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=99))]
    pub repeat: Option<u8>,

    /// Let other programs train along: the regions are NAME.model and NAME.desk. One training only.
    ///
    /// It is locked, and begins when the first process of another program has taken a seat at the
    /// desk, such as one of `python shma-python/examples/digits.py NAME`. A batch of such a process that
    /// is killed is done by another.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["mode", "resume", "repeat"])]
    pub more: Option<String>,

    /// Make one training only: by all workers, and locked unless --mode says otherwise.
    #[arg(long)]
    pub no_compare: bool,

    /// Save the training to this file after each epoch and at its end; one training only.
    ///
    /// It is a .safetensors file, replaced at once: killed at any moment, the training goes on from it
    /// with --resume.
    #[arg(long, value_name = "FILE", conflicts_with = "repeat", value_parser = options::picture)]
    pub checkpoint: Option<PathBuf>,

    /// Go on with the training in the file of --checkpoint, with its plan and its mode.
    #[arg(long, requires = "checkpoint",
          conflicts_with_all = ["mode", "epochs", "batch", "learning_rate", "seed"])]
    pub resume: bool,

    /// Where to write the picture, an SVG.
    #[arg(long, value_name = "FILE", default_value = "sgd.svg", value_parser = options::picture)]
    pub plot: PathBuf,

    /// Print nothing but errors.
    #[arg(long, short)]
    pub quiet: bool,
}

impl Options {
    /// The trainings to make, one after the other.
    pub fn orders<'a>(&'a self, digits: &'a Digits, saved: Option<&'a Saved>) -> Vec<Order<'a>> {
        let told = Plan {
            epochs: self.epochs,
            batch: self.batch,
            learning_rate: self.learning_rate,
            seed: self.seed,
        };
        let plan = saved.map_or(told, |saved| saved.plan);
        let modes = saved.map_or_else(|| self.modes(), |saved| vec![saved.mode()]);
        let (workers, kill_at, file) = (self.workers, self.kill_one, self.checkpoint.as_deref());
        let more = self.more.as_deref();
        let mut orders = Vec::new();
        for mode in modes {
            let full = Order { plan, mode, workers, kill_at, digits, file, saved, more };
            if !self.makes_one() && self.workers > 1 {
                orders.push(Order { workers: 1, kill_at: None, ..full });
            }
            orders.push(full);
        }
        orders
    }

    /// How often each of them is made.
    pub fn repeats(&self) -> usize {
        self.repeat.map_or(if self.makes_one() { 1 } else { 3 }, usize::from)
    }

    fn modes(&self) -> Vec<Mode> {
        match self.mode {
            Some(mode) => vec![mode],
            None if self.makes_one() => vec![Mode::Locked],
            None => Mode::ALL.to_vec(),
        }
    }

    fn makes_one(&self) -> bool {
        self.no_compare || self.checkpoint.is_some() || self.more.is_some()
    }

    /// The training to go on with.
    pub fn saved(&self, digits: &Digits) -> Result<Option<Box<Saved>>> {
        let file = self.checkpoint.as_deref().filter(|_| self.resume);
        file.map(|file| Saved::read(file, digits.train.len())).transpose()
    }
}

fn exit_codes() -> String {
    ending::help(
        "trained, and every test accuracy is at least the target",
        "trained, but a test accuracy is below the target",
    )
}

fn learning_rate(text: &str) -> Result<f64, String> {
    options::number(text, 10.0)
}

fn accuracy(text: &str) -> Result<f64, String> {
    options::number(text, 1.0)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use clap::CommandFactory;

    use super::*;

    fn parse(line: &str) -> Result<Args, clap::Error> {
        Args::try_parse_from(std::iter::once("sgd").chain(line.split_whitespace()))
    }

    fn options(line: &str) -> Options {
        parse(line).unwrap().options
    }

    #[test]
    fn the_declaration_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn without_arguments_all_ways_and_all_cores_are_compared() {
        let options = options("");
        assert_eq!(options.mode, None);
        assert_eq!(options.workers, shma_examples::options::cores::<SEATS>());
        assert_eq!(options.target, 0.93);
        assert_eq!(options.kill_one, None);
        assert_eq!(options.plot, Path::new("sgd.svg"));
    }

    #[test]
    fn orders_follow_the_options() {
        let digits = Digits { train: Vec::new(), test: Vec::new() };
        let orders = |line| -> Vec<(Mode, usize, Option<f64>)> {
            let options = options(line);
            let orders = options.orders(&digits, None);
            orders.iter().map(|order| (order.mode, order.workers, order.kill_at)).collect()
        };
        let [locked, hogwild, exact] = Mode::ALL;
        assert_eq!(
            orders("--workers 3 --kill-one=0.5"),
            [
                (locked, 1, None),
                (locked, 3, Some(0.5)),
                (hogwild, 1, None),
                (hogwild, 3, Some(0.5)),
                (exact, 1, None),
                (exact, 3, Some(0.5))
            ]
        );
        assert_eq!(orders("--workers 3 --mode locked"), [(locked, 1, None), (locked, 3, None)]);
        assert_eq!(
            orders("--workers 1 --kill-one=0.9"),
            [(locked, 1, Some(0.9)), (hogwild, 1, Some(0.9)), (exact, 1, Some(0.9))]
        );
        assert_eq!(orders("--workers 3 --no-compare"), [(locked, 3, None)]);
        assert_eq!(orders("--workers 3 --more digits"), [(locked, 3, None)]);
        assert_eq!(orders("--workers 3 --checkpoint file"), [(locked, 3, None)]);
        assert_eq!(orders("--workers 3 --no-compare --mode hogwild"), [(hogwild, 3, None)]);
        assert_eq!(orders("--workers 3 --no-compare --mode exact"), [(exact, 3, None)]);
    }

    #[test]
    fn what_is_compared_is_repeated() {
        assert_eq!(options("").repeats(), 3);
        assert_eq!(options("--mode locked").repeats(), 3);
        assert_eq!(options("--no-compare").repeats(), 1);
        assert_eq!(options("--no-compare --repeat 4").repeats(), 4);
        assert_eq!(options("--repeat 1").repeats(), 1);
    }

    #[test]
    fn a_kill_has_its_moment_by_default() {
        let share = options("--kill-one").kill_one.unwrap();
        assert!((share - 1.0 / 3.0).abs() < 1e-3);
    }

    #[test]
    fn bad_arguments_are_refused_with_what_would_be_good() {
        for (line, reason) in [
            ("--workers 0", "from 1 to 64"),
            ("--workers 65", "from 1 to 64"),
            ("--workers two", "from 1 to 64"),
            ("--epochs 0", "1..=10000"),
            ("--epochs 10001", "1..=10000"),
            ("--batch 0", "1..=4000"),
            ("--batch 4001", "1..=4000"),
            ("--learning-rate 0", "above 0 and up to 10"),
            ("--learning-rate -0.1", "above 0 and up to 10"),
            ("--learning-rate NaN", "above 0 and up to 10"),
            ("--learning-rate inf", "above 0 and up to 10"),
            ("--learning-rate fast", "above 0 and up to 10"),
            ("--repeat 0", "1..=99"),
            ("--repeat 2 --checkpoint file", "cannot be used with"),
            ("--target 1.01", "above 0 and up to 1"),
            ("--target -0.5", "above 0 and up to 1"),
            ("--kill-one=0", "above 0 and below 1"),
            ("--kill-one=1", "above 0 and below 1"),
            ("--seed -1", "invalid value '-1' for '--seed"),
            ("--plot /", "not of a directory"),
            ("--plot /no/such/place/sgd.svg", "there is no directory /no/such/place"),
            ("--resume", "--checkpoint <FILE>"),
            ("--resume --checkpoint file --epochs 3", "cannot be used with"),
            ("--checkpoint /", "not of a directory"),
            ("--more name --mode hogwild", "cannot be used with"),
            ("--more name --repeat 2", "cannot be used with"),
            ("--more name --resume --checkpoint file", "cannot be used with"),
            ("--mode lockfree", "possible values: locked, hogwild, exact"),
            ("--mode", "possible values: locked, hogwild, exact"),
            ("--speed", "unexpected argument"),
            ("trainer", "unrecognized subcommand"),
            ("worker locked some 64", "no such seat"),
            ("worker lockfree some 1", "possible values: locked, hogwild, exact"),
            ("--quiet worker locked some 1", "cannot be used"),
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
