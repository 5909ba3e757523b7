//! The table at the end.

use std::path::Path;

use anyhow::Result;
use shma_examples::console;

use crate::plan::STRIPS;
use crate::solving::Outcome;

/// Prints how it went.
pub fn print(outcome: &Outcome, picture: &Path) -> Result<()> {
    let text = format!("{}\nThe picture is in {}.\n", table(outcome), picture.display());
    Ok(console::print(&text)?)
}

fn table(outcome: &Outcome) -> String {
    let Outcome { plan, plates: [_, end], error, tolerance, seconds, .. } = outcome;
    let points = end.points();
    let rate = plan.steps as f64 / seconds;
    [
        ("grid", format!("{points} x {points} points in {STRIPS} strips")),
        ("workers", workers(outcome)),
        ("steps", format!("{}, to time {:.4}", plan.steps, plan.time(plan.steps))),
        ("duration", format!("{seconds:.3} s, {rate:.0} steps/s")),
        ("highest temperature", format!("{:.6}", end.highest())),
        ("largest error", format!("{error:.3e}, tolerance {tolerance:.3e}")),
        ("checksum", format!("{:016x}", end.checksum())),
    ]
    .map(|(name, value)| format!("{name:24}{value}\n"))
    .concat()
}

fn workers(outcome: &Outcome) -> String {
    match outcome.replaced {
        0 => outcome.plan.workers.to_string(),
        replaced => format!("{}, and {replaced} replaced", outcome.plan.workers),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Plan;
    use crate::temperature::Temperature;
    use crate::truth::Truth;

    #[test]
    fn the_table_tells_the_error_and_who_was_replaced() {
        let truth = Truth::new(64);
        let outcome = Outcome {
            plan: Plan::new(1000, truth.spacing(), 3),
            plates: [0.0, 0.01].map(|time| Temperature::of(&truth, 64, time)),
            error: 1.25e-5,
            tolerance: 2.0e-4,
            curve: Vec::new(),
            seconds: 0.5,
            killed: None,
            replaced: 1,
        };
        let table = table(&outcome);
        for line in [
            "grid                    64 x 64 points in 8 strips\n",
            "workers                 3, and 1 replaced\n",
            "steps                   1000, to time 0.0473\n",
            "duration                0.500 s, 2000 steps/s\n",
            "largest error           1.250e-5, tolerance 2.000e-4\n",
        ] {
            assert!(table.contains(line), "{line}is not in\n{table}");
        }
    }
}
