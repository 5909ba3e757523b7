//! The tables at the end.

use anyhow::Result;
use shma_examples::console;

use crate::args::Options;
use crate::run::Run;

/// Columns of a table beside that of the names.
const COLUMNS: usize = 5;

/// Prints how the trainings went.
pub fn print(runs: &[Run], options: &Options) -> Result<()> {
    Ok(console::print(&text(runs, options))?)
}

fn text(runs: &[Run], options: &Options) -> String {
    let target = options.target;
    let mut text = format!("\n{}\n{}\n", summary(runs, target), accuracies(runs));
    for (run, base) in pairs(runs) {
        text += &comparison(run, base, target);
    }
    text + &format!("The curves are in {}.\n", options.plot.display())
}

fn summary(runs: &[Run], target: f64) -> String {
    let to_target = format!("s to {target}");
    let head = ["updates", "seconds", "updates/s", &to_target, "accuracy"].map(str::to_owned);
    let mut table = row("training", &head);
    for run in runs {
        let to_target =
            run.seconds_to(target).map_or("not reached".to_owned(), |time| format!("{time:.3}"));
        let cells = [
            run.updates.to_string(),
            format!("{:.3}", run.seconds),
            format!("{:.0}", run.rate()),
            to_target,
            format!("{:.3}", run.accuracy()),
        ];
        table += &row(&run.label(), &cells);
    }
    table
}

/// The accuracies at the same moments, up to the end of the longest. One that has ended keeps what it has reached.
fn accuracies(runs: &[Run]) -> String {
    let longest = runs.iter().map(|run| run.seconds).fold(0.0, f64::max);
    // In this order: the last one has to be the end, and not what rounding makes of it.
    let moments: [f64; COLUMNS] =
        std::array::from_fn(|index| longest * ((index + 1) as f64 / COLUMNS as f64));
    let mut table = row("accuracy after", &moments.map(|moment| format!("{moment:.3} s")));
    for run in runs {
        table += &row(&run.label(), &moments.map(|m| format!("{:.3}", run.accuracy_after(m))));
    }
    table
}

fn row(name: &str, cells: &[String; COLUMNS]) -> String {
    let cells: String = cells.iter().map(|cell| format!("{cell:>12}")).collect();
    format!("{name:30}{cells}\n")
}

/// The trainings that differ in one thing: all workers against one, and each way against
/// those before it.
fn pairs(runs: &[Run]) -> Vec<(&Run, &Run)> {
    let mut pairs = Vec::new();
    for (index, run) in runs.iter().enumerate() {
        let earlier = runs[..index].iter();
        let comparable = |base: &&Run| (base.mode == run.mode) != (base.workers == run.workers);
        pairs.extend(earlier.filter(comparable).map(|base| (run, base)));
    }
    pairs
}

fn comparison(run: &Run, base: &Run, target: f64) -> String {
    let rate = run.rate() / base.rate();
    let sooner = match (run.seconds_to(target), base.seconds_to(target)) {
        (Some(time), Some(base)) => format!(", at {target} in {:.2} times its time", time / base),
        _ => String::new(),
    };
    format!("{}: {rate:.2} times the updates/s of {}{sooner}.\n", run.label(), base.label())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::Args;
    use crate::curve::Point;
    use crate::mode::Mode;
    use crate::network::Score;

    fn run(mode: Mode, workers: usize, seconds: f64, accuracies: &[f64]) -> Run {
        let point = |(index, &accuracy): (usize, &f64)| Point {
            seconds: seconds * (index + 1) as f64 / accuracies.len() as f64,
            score: Score { accuracy, loss: 1.0 - accuracy },
        };
        let curve = accuracies.iter().enumerate().map(point).collect();
        Run { mode, workers, killed: None, seconds, updates: 1000, curve }
    }

    #[test]
    fn trainings_are_set_against_those_that_differ_in_one_thing() {
        let options = Args::parse_from(["sgd"]).options;
        let mut runs = [
            run(Mode::Locked, 1, 4.0, &[0.5, 0.94, 0.92, 0.95]),
            run(Mode::Locked, 2, 2.0, &[0.5, 0.9, 0.93, 0.96]),
            run(Mode::Hogwild, 1, 5.0, &[0.5, 0.94, 0.92, 0.95]),
            run(Mode::Hogwild, 2, 2.5, &[0.1, 0.2, 0.3, 0.4]),
        ];
        runs[3].killed = Some(1.0);
        let text = text(&runs, &options);
        let expected = "
training                           updates     seconds   updates/s   s to 0.93    accuracy
locked, 1 worker                      1000       4.000         250       2.000       0.950
locked, 2 workers                     1000       2.000         500       1.500       0.960
hogwild, 1 worker                     1000       5.000         200       2.500       0.950
hogwild, 2 workers, 1 killed          1000       2.500         400 not reached       0.400

accuracy after                     1.000 s     2.000 s     3.000 s     4.000 s     5.000 s
locked, 1 worker                     0.500       0.940       0.920       0.950       0.950
locked, 2 workers                    0.900       0.960       0.960       0.960       0.960
hogwild, 1 worker                    0.000       0.500       0.940       0.920       0.950
hogwild, 2 workers, 1 killed         0.100       0.300       0.400       0.400       0.400

locked, 2 workers: 2.00 times the updates/s of locked, 1 worker, at 0.93 in 0.75 times its time.
hogwild, 1 worker: 0.80 times the updates/s of locked, 1 worker, at 0.93 in 1.25 times its time.
hogwild, 2 workers, 1 killed: 0.80 times the updates/s of locked, 2 workers.
hogwild, 2 workers, 1 killed: 2.00 times the updates/s of hogwild, 1 worker.
The curves are in sgd.svg.
";
        assert_eq!(text, expected);
    }

    #[test]
    fn the_last_of_the_accuracies_is_that_at_the_end() {
        const SECONDS: f64 = 0.401;
        assert!(SECONDS * COLUMNS as f64 / (COLUMNS as f64) < SECONDS);
        let table = accuracies(&[run(Mode::Locked, 1, SECONDS, &[0.5, 0.9])]);
        assert!(table.ends_with(" 0.900\n"), "{table}");
    }

    #[test]
    fn a_training_alone_is_compared_with_nothing() {
        let options = Args::parse_from(["sgd"]).options;
        let text = text(&[run(Mode::Locked, 2, 4.0, &[0.5])], &options);
        assert!(text.contains("not reached") && !text.contains("times"), "{text}");
    }
}
