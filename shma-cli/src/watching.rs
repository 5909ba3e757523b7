//! A region that is looked at again and again.

use std::time::{Duration, Instant};

use shma_core::ElementType;
use shma_core::inspect::{Attached, Census, FieldView, Status, View};

use crate::array::Array;
use crate::failure::Failure;
use crate::observe;
use crate::selection::Selection;
use crate::statistics::{self, Statistics};

/// Looks that are remembered.
const HISTORY: usize = 512;

/// Between two counts of the attached processes.
const COUNT_AGAIN: Duration = Duration::from_secs(1);

/// Only pieces of larger fields are read.
const LARGE: usize = 32 << 20;

/// So many, evenly spread.
const PIECES: usize = 64;

/// Some fields of a region over time.
#[derive(Debug)]
pub struct Watching {
    pub name: String,
    wanted: Vec<String>,
    pub view: View,
    pub attached: Attached,
    pub tracks: Vec<Track>,
    /// Why there is nothing new.
    pub trouble: Option<String>,
    looked: Instant,
    counted: Instant,
}

/// Members of one struct that are looked at one by one.
const MOST_MEMBERS: usize = 64;

/// A field over time, or what is selected of it.
#[derive(Debug)]
pub struct Track {
    pub field: FieldView,
    pub selection: Selection,
    pub status: Status,
    /// Publications.
    pub per_second: f64,
    /// The bytes that were read of the latest value.
    value: Option<Vec<u8>>,
    pub statistics: Option<Statistics>,
    /// For each look: publications a second, and statistics.
    pub history: Vec<(f64, Option<Statistics>)>,
}

impl Watching {
    /// Begins; without names all fields are looked at.
    pub fn new(name: &str, wanted: &[String]) -> Result<Self, Failure> {
        let view = observe::look(name)?;
        let attached = Census::take().attached(&view)?;
        let mut watching = Self {
            name: name.to_owned(),
            wanted: wanted.to_vec(),
            tracks: Vec::new(),
            trouble: None,
            looked: Instant::now(),
            counted: Instant::now(),
            view,
            attached,
        };
        watching.tracks = watching.begin()?;
        Ok(watching)
    }

    fn begin(&self) -> Result<Vec<Track>, Failure> {
        let all: Vec<String>;
        let wanted = if self.wanted.is_empty() {
            all = self.view.manifest().fields.iter().map(|field| field.name.to_owned()).collect();
            &all
        } else {
            &self.wanted
        };
        let mut tracks = Vec::new();
        for path in wanted {
            let (field, selection) = observe::select(&self.view, path)?;
            let mut members = Vec::new();
            numbers_in(&field, &selection, &mut members);
            tracks.push(Track::new(field.clone(), selection));
            tracks.extend(members.into_iter().map(|member| Track::new(field.clone(), member)));
        }
        Ok(tracks)
    }

    /// Looks again. If the name has gone on to another region, that one is looked at from now on.
    pub fn look(&mut self) {
        self.trouble = self.follow().and_then(|()| self.count_attached()).err().map(explain);
        let now = Instant::now();
        let seconds = now.duration_since(self.looked).as_secs_f64();
        self.looked = now;
        for track in &mut self.tracks {
            track.look(seconds);
        }
    }

    fn follow(&mut self) -> Result<(), Failure> {
        if self.view.is_current() {
            return Ok(());
        }
        self.view = observe::look(&self.name)?;
        self.attached = Census::take().attached(&self.view)?;
        self.tracks = self.begin()?;
        Ok(())
    }

    /// Whether any process is attached is one question to the kernel. Which ones means looking at
    /// every process of the machine, so that is asked less often.
    fn count_attached(&mut self) -> Result<(), Failure> {
        let any = self.view.is_attached()?;
        if any != self.attached.any || self.counted.elapsed() >= COUNT_AGAIN {
            self.counted = Instant::now();
            self.attached = Census::take().attached(&self.view)?;
        }
        Ok(())
    }
}

fn explain(failure: Failure) -> String {
    let what = if failure.is_absence() { "the region is gone".into() } else { failure.to_string() };
    format!("{what}; here is how it was last seen")
}

/// The members of structs that are numbers or arrays of them, of which there are statistics.
fn numbers_in(field: &FieldView, selection: &Selection, into: &mut Vec<Selection>) {
    for member in selection.members(field.manifest().ty) {
        let is_number = matches!(member.scalar(field.manifest().ty), ElementType::Number { .. });
        if into.len() == MOST_MEMBERS {
            return;
        } else if is_number {
            into.push(member);
        } else {
            numbers_in(field, &member, into);
        }
    }
}

impl Track {
    fn new(field: FieldView, selection: Selection) -> Self {
        let (status, history) = (field.status(), Vec::new());
        let mut track = Self {
            field,
            selection,
            status,
            per_second: 0.0,
            value: None,
            statistics: None,
            history,
        };
        track.read();
        track
    }

    /// Whether only pieces of the value are read.
    pub fn is_sampled(&self) -> bool {
        is_large(&self.selection)
    }

    /// The type of what is looked at, as Rust writes it.
    pub fn ty(&self) -> String {
        self.selection.ty(self.field.manifest().ty)
    }

    /// What was read of the latest value.
    pub fn value(&self) -> Option<Array<'_>> {
        let bytes = self.value.as_ref()?.as_slice().into();
        let scalar = self.selection.scalar(self.field.manifest().ty);
        Some(Array { scalar, shape: self.selection.shape(), bytes, version: 0 })
    }

    fn look(&mut self, seconds: f64) {
        let before = u64::from(self.status.version);
        self.status = self.field.status();
        let published = u64::from(self.status.version).wrapping_sub(before);
        self.per_second = if seconds > 0.0 { published as f64 / seconds } else { 0.0 };
        if published > 0 {
            self.read();
        }
        if self.history.len() == HISTORY {
            self.history.remove(0);
        }
        self.history.push((self.per_second, self.statistics));
    }

    /// Reads the value. Beside writers that are too quick what was read last stays.
    fn read(&mut self) {
        if self.is_sampled() {
            if let Some(statistics) = sample(&self.field, &self.selection) {
                self.statistics = Some(statistics);
            }
        } else if let Ok(value) = Array::read(&self.field, &self.selection) {
            self.statistics = Statistics::of(&value);
            self.value = Some(value.bytes.into_owned());
        }
    }
}

/// Whether only pieces of what is selected are read.
fn is_large(selection: &Selection) -> bool {
    selection.span().len() > LARGE
}

/// Statistics of pieces, each from one publication.
fn sample(field: &FieldView, selection: &Selection) -> Option<Statistics> {
    let mut numbers = Vec::new();
    for piece in selection.pieces(LARGE, PIECES) {
        let piece = Array::read(field, &piece).ok()?;
        numbers.extend(piece.iter().map_while(statistics::number));
    }
    Statistics::of_numbers(numbers.into_iter())
}

/// What is selected of a region, seen once.
#[derive(Debug)]
pub struct Glance {
    /// The number, if it is one.
    pub single: Option<String>,
    pub statistics: Option<Statistics>,
}

impl Glance {
    /// `None` if the region has no such path, or writers are too quick.
    pub fn of(view: &View, path: &str) -> Option<Self> {
        let (field, selection) = observe::select(view, path).ok()?;
        if is_large(&selection) {
            return Some(Self { single: None, statistics: sample(&field, &selection) });
        }
        let value = Array::read(&field, &selection).ok()?;
        let statistics = Statistics::of(&value);
        let single = (value.len() == 1 && statistics.is_some()).then(|| value.get(0).to_string());
        Some(Self { single, statistics })
    }
}
