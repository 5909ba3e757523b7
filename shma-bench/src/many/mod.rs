//! Many of everything: fields, regions in a directory, processes on one field, bytes. One curve for
//! each call over the number, and how it grows.
//!
//! It is the library alone, so there are no ratios to peers. What counts is the growth: with the power
//! 1 a call costs in proportion to the number, with 0 it does not depend on it.

mod contention;
mod crowd;
mod curve;
mod fields;
mod large;
mod regions;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::machine::Machine;
use curve::Curves;

pub use crowd::{Member, work};

/// Measures curves, fewer of them or for a shorter time if asked for.
type Part = fn(bool) -> Result<Vec<Curves>>;

const PARTS: [Part; 5] =
    [fields::measure, regions::measure, large::measure, crowd::measure, contention::simulate];

/// Measures, prints, and writes a table and pictures.
pub fn compare(quick: bool, out: &Path) -> Result<()> {
    fs::create_dir_all(out).with_context(|| format!("creating {}", out.display()))?;
    let mut text = format!("{}\n", Machine::here()?.sentence());
    println!("{text}");
    for part in PARTS {
        for curves in part(quick)? {
            let said = curves.text();
            println!("{said}");
            text += &format!("\n{said}");
            fs::write(out.join(format!("many.{}.svg", curves.name)), curves.picture()?)?;
        }
    }
    fs::write(out.join("many.txt"), text).context("writing many.txt")
}

/// A name for a region of this run.
fn name(of: &str) -> String {
    format!("shma-bench-{}-many-{of}", std::process::id())
}

/// The middle of the times of so many calls, in nanoseconds.
fn median_of(times: usize, mut call: impl FnMut() -> Result<()>) -> Result<f64> {
    let once = |_| {
        let start = std::time::Instant::now();
        call().map(|()| start.elapsed().as_nanos() as f64)
    };
    let times = (0..times).map(once).collect::<Result<Vec<_>>>()?;
    Ok(crate::statistics::Summary::of(&times).median)
}
