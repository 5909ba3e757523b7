//! The ways to copy, side by side: where one becomes faster than another on this machine, and what
//! the library chooses.
//!
//! What is loaded goes from one place in shared memory to private memory, what is stored from private
//! memory to four places in turn, as a writer's. Private memory starts 16 bytes beside a line, as an
//! allocator's large blocks do, and is measured aligned to a line as well. All ways take turns; the
//! least of all rounds counts, since what disturbs a copy only makes it longer.
//!
//! `unsafe` here: primitives.

mod picture;
mod ways;

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use comfy_table::{CellAlignment, Table, presets};

use crate::machine::Machine;
use crate::measure::Batch;
use crate::pinning;
use crate::report::bytes;
use crate::shared::Shared;
use ways::{STREAMS, STRINGS, Way};

/// Places that are stored to in turn.
const PLACES: usize = 4;

/// Where a slot lies in a page, and private memory.
const SLOT: usize = 256;
const BESIDE: [usize; 2] = [16, 0];

/// What is slower by less is as fast.
const NOISE: f64 = 1.05;

/// What a copy is of: a direction, and where private memory starts in a line.
#[derive(Debug, Clone, Copy)]
struct Case {
    stores: bool,
    beside: usize,
}

impl Case {
    fn name(self) -> String {
        let direction = if self.stores { "stores" } else { "loads" };
        format!("{direction}-{}", self.beside)
    }

    fn about(self) -> String {
        let direction = if self.stores { "to four places in" } else { "from" };
        format!(
            "Copies {direction} shared memory; private memory is {} B beside a line.",
            self.beside
        )
    }
}

/// The least nanoseconds of each way at each length.
struct Curves {
    lengths: Vec<usize>,
    ways: Vec<Way>,
    nanos: Vec<Vec<f64>>,
}

impl Curves {
    /// In `memcpy`s, which come first.
    fn ratio(&self, length: usize, way: usize) -> f64 {
        self.nanos[length][way] / self.nanos[length][0]
    }
}

/// Measures, prints, and writes tables and pictures.
pub fn compare(quick: bool, out: &Path) -> Result<()> {
    fs::create_dir_all(out).with_context(|| format!("creating {}", out.display()))?;
    let mut text = format!("{}\n", Machine::here()?.sentence());
    pinning::pin(0)?;
    let (vectors, chosen) = ways::chosen();
    for stores in [false, true] {
        for beside in BESIDE {
            let case = Case { stores, beside };
            let curves = measure(case, quick)?;
            text += &format!("\n{}: {}\n{}\n", case.name(), case.about(), table(&curves));
            text += &format!("found: {}\n", crossings(&curves, vectors));
            text += &format!("chosen: {}; {}\n", vectors.name, chosen[usize::from(stores)]);
            let file = out.join(format!("copies.{}.svg", case.name()));
            fs::write(file, picture::picture(&case.about(), &curves)?)?;
        }
    }
    println!("{text}");
    fs::write(out.join("copies.txt"), text).context("writing copies.txt")
}

/// From 128 B to 256 MiB, or 64 MiB.
fn lengths(quick: bool) -> Vec<usize> {
    (7..if quick { 27 } else { 29 }).map(|power| 1 << power).collect()
}

fn measure(case: Case, quick: bool) -> Result<Curves> {
    let ways = ways::here();
    let lengths = lengths(quick);
    let nanos = lengths.iter().map(|len| least(case, *len, &ways, quick)).collect::<Result<_>>()?;
    Ok(Curves { lengths, ways, nanos })
}

/// The least time of each way.
fn least(case: Case, len: usize, ways: &[Way], quick: bool) -> Result<Vec<f64>> {
    let name = format!("shma-bench-{}-copies", std::process::id());
    let shared = Shared::create(&name, SLOT + PLACES * len)?;
    let mut private = vec![1_u8; 4096 + len + 4096];
    let page = private.as_ptr().addr().wrapping_neg() % 4096;
    let private = private[page + case.beside..].as_mut_ptr();
    let mut turn = 0;
    let mut call = |way: &Way, times: u64| -> Result<()> {
        for _ in 0..times {
            turn = (turn + 1) % PLACES;
            let place =
                shared.start().wrapping_add(SLOT + if case.stores { turn * len } else { 0 });
            let (to, from) = if case.stores { (place, private) } else { (private, place) };
            // SAFETY: `len` bytes of each, which is a power of two from 128 on; both are aligned to
            // words; the processor can do what is in the list.
            unsafe { (way.copy)(black_box(to), black_box(from), black_box(len)) };
        }
        Ok(())
    };
    let shortest = Duration::from_micros(if quick { 300 } else { 1_000 });
    let rounds = if len > 16 << 20 { 5 } else { 25 };
    let batch = |way| Batch::calibrate(shortest, |times| call(way, times));
    let batches = ways.iter().map(batch).collect::<Result<Vec<_>>>()?;
    let mut least = vec![f64::INFINITY; ways.len()];
    for round in 0..rounds {
        for at in 0..ways.len() {
            let at = (at + round) % ways.len();
            least[at] = least[at].min(batches[at].time(|times| call(&ways[at], times))?);
        }
    }
    Ok(least)
}

fn table(curves: &Curves) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    let others = curves.ways[1..].iter().map(|way| way.name);
    table.set_header(["in memcpys", "memcpy, ns"].into_iter().chain(others));
    for (length, len) in curves.lengths.iter().enumerate() {
        let ratios = (1..curves.ways.len()).map(|way| format!("{:.2}", curves.ratio(length, way)));
        let first = [bytes(*len as u64), format!("{:.1}", curves.nanos[length][0])];
        table.add_row(first.into_iter().chain(ratios));
    }
    table.column_iter_mut().skip(1).for_each(|it| it.set_cell_alignment(CellAlignment::Right));
    table
}

/// The least length from which on a way is nowhere slower than the vectors that were chosen.
fn crossings(curves: &Curves, vectors: Way) -> String {
    let find = |name| curves.ways.iter().position(|way| way.name == name);
    let Some(vectors) = find(vectors.name) else { return String::new() };
    let found = [STRINGS, STREAMS].into_iter().filter_map(|way| {
        let at = find(way.name)?;
        let ratio = |length, way| curves.ratio(length, way);
        let slower = |length: &usize| ratio(*length, at) > NOISE * ratio(*length, vectors);
        let last = (0..curves.lengths.len()).rev().find(slower);
        let from = last.map_or(0, |last| last + 1);
        Some(match curves.lengths.get(from) {
            Some(len) => format!("{} wins from {}", way.name, bytes(*len as u64)),
            None => format!("{} does not win", way.name),
        })
    });
    found.collect::<Vec<_>>().join(", ")
}
