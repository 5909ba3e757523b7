//! Whether the machine is quiet enough to tell anything.

use std::hint::black_box;
use std::time::Instant;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::pinning;
use crate::statistics::Summary;

/// Turns of a loop that does nothing but count.
const TURNS: u32 = 20_000;
const LOOPS: usize = 400;

/// What is too much: the slowest twentieth of the loops over the median, processes that want to run,
/// and time that the hypervisor gave to others.
const SPREAD: f64 = 1.10;
const LOAD: f64 = 0.5;
const STEAL: f64 = 0.01;

/// What can be said about the noise at one time.
#[derive(Debug, Clone, Serialize)]
pub struct Noise {
    /// The 95th percentile of a loop's times over their median, core by core.
    pub spin_spread: Vec<f64>,
    /// Processes that want to run, averaged over a minute.
    pub load: f64,
    /// Ticks since the machine started: stolen, and all.
    #[serde(skip)]
    ticks: (u64, u64),
    /// The part of the time that was stolen since the earlier look.
    pub stolen: f64,
}

impl Noise {
    /// Looks.
    pub fn look() -> Result<Self> {
        let load = std::fs::read_to_string("/proc/loadavg").context("the load")?;
        let load = load.split(' ').next().and_then(|load| load.parse().ok());
        let load = load.context("/proc/loadavg has no number")?;
        let mut spin_spread = Vec::new();
        for rank in 0..pinning::cores()?.len() {
            let spread =
                std::thread::spawn(move || pinning::pin(rank).map(|()| spin_spread_here()));
            spin_spread.push(spread.join().expect("spinning does not panic")?);
        }
        Ok(Self { spin_spread, load, ticks: ticks()?, stolen: 0.0 })
    }

    /// Looks again, at the end: the worse of both. The load is then the run's own, so the earlier
    /// one stays.
    pub fn look_again(&self) -> Result<Self> {
        let mut now = Self::look()?;
        for (now, before) in now.spin_spread.iter_mut().zip(&self.spin_spread) {
            *now = now.max(*before);
        }
        let all = now.ticks.1.saturating_sub(self.ticks.1).max(1);
        let stolen = now.ticks.0.saturating_sub(self.ticks.0) as f64 / all as f64;
        Ok(Self { stolen, load: self.load, ..now })
    }

    /// What makes the numbers doubtful; a sentence each.
    pub fn complaints(&self) -> Vec<String> {
        let mut complaints = Vec::new();
        for (core, spread) in self.spin_spread.iter().enumerate().filter(|it| *it.1 > SPREAD) {
            let percent = (spread - 1.0) * 100.0;
            complaints.push(format!(
                "on core {core} a loop of fixed work took {percent:.0} % longer than usual every twentieth time"
            ));
        }
        if self.load > LOAD {
            complaints.push(format!("the load was {:.2} before the first measurement", self.load));
        }
        if self.stolen > STEAL {
            let percent = self.stolen * 100.0;
            complaints.push(format!("the hypervisor gave {percent:.1} % of the time to others"));
        }
        complaints
    }
}

fn spin_spread_here() -> f64 {
    let mut times: Vec<f64> = (0..LOOPS)
        .map(|_| {
            let start = Instant::now();
            (0..TURNS).for_each(|turn| _ = black_box(turn));
            start.elapsed().as_secs_f64()
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[LOOPS * 95 / 100] / Summary::of(&times).median
}

fn ticks() -> Result<(u64, u64)> {
    let text = std::fs::read_to_string("/proc/stat").context("the time of the processors")?;
    let numbers: Vec<u64> =
        text.lines().next().unwrap_or("").split(' ').filter_map(|it| it.parse().ok()).collect();
    Ok((numbers.get(7).copied().unwrap_or(0), numbers.iter().take(8).sum()))
}
