//! The table at the end.

use anyhow::Result;
use shma_examples::console;

use crate::args::Options;
use crate::training::Run;

/// Prints how the trainings went.
pub fn print(runs: &[Run], options: &Options) -> Result<()> {
    Ok(console::print(&text(runs, options))?)
}

fn text(runs: &[Run], options: &Options) -> String {
    let target = options.target;
    let mut text = String::from("\n");
    text += &row("", runs, Run::label);
    text += &row(&format!("time to accuracy {target}"), runs, |run| {
        run.seconds_to(target).map_or("not reached".to_owned(), |time| format!("{time:.3} s"))
    });
    text += &row("time of training", runs, |run| format!("{:.3} s", run.seconds));
    text += &row("updates", runs, |run| run.updates.to_string());
    text += &row("updates per second", runs, |run| format!("{:.0}", rate(run)));
    text += &row("test accuracy", runs, |run| format!("{:.3}", run.accuracy()));
    text += "\n";
    if let [one, all] = runs {
        text += &comparison(one, all, target);
    }
    text + &format!("The curves are in {}.\n", options.plot.display())
}

fn row(name: &str, runs: &[Run], cell: impl Fn(&Run) -> String) -> String {
    let cells: String = runs.iter().map(|run| format!("{:>22}", cell(run))).collect();
    format!("{name:24}{cells}\n")
}

fn comparison(one: &Run, all: &Run, target: f64) -> String {
    let updates = rate(all) / rate(one);
    let sooner = match (one.seconds_to(target), all.seconds_to(target)) {
        (Some(alone), Some(together)) => {
            format!(", and were at {target} in {:.2} times its time", together / alone)
        }
        _ => String::new(),
    };
    format!("{} made {updates:.2} times the updates of one{sooner}.\n", all.label())
}

fn rate(run: &Run) -> f64 {
    run.updates as f64 / run.seconds
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::Args;
    use crate::curve::Point;
    use crate::network::Score;

    fn run(workers: usize, seconds: f64, accuracies: &[f64]) -> Run {
        let point = |(index, &accuracy): (usize, &f64)| Point {
            seconds: seconds * (index + 1) as f64 / accuracies.len() as f64,
            score: Score { accuracy, loss: 1.0 - accuracy },
        };
        let curve = accuracies.iter().enumerate().map(point).collect();
        Run { workers, killed: None, seconds, updates: 1000, curve }
    }

    #[test]
    fn one_worker_is_set_against_all() {
        let options = Args::parse_from(["sgd"]).options;
        let runs = [run(1, 4.0, &[0.5, 0.94, 0.92, 0.95]), run(2, 2.0, &[0.5, 0.9, 0.93, 0.96])];
        let text = text(&runs, &options);
        for line in [
            "                                      1 worker             2 workers\n",
            "time to accuracy 0.93                  2.000 s               1.500 s\n",
            "updates per second                         250                   500\n",
            "test accuracy                            0.950                 0.960\n",
            "2 workers made 2.00 times the updates of one, and were at 0.93 in 0.75 times its time.\n",
        ] {
            assert!(text.contains(line), "{line}is not in{text}");
        }
    }

    #[test]
    fn what_was_not_reached_is_not_compared() {
        let options = Args::parse_from(["sgd"]).options;
        let text = text(&[run(1, 4.0, &[0.5]), run(2, 2.0, &[0.94])], &options);
        assert!(text.contains("not reached"), "{text}");
        assert!(!text.contains("times its time"), "{text}");
    }
}
