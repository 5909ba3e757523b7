//! A region that is looked at again and again.

use std::time::{Duration, Instant};

use shma_core::inspect::{Attached, Census, Elements, FieldView, Status, Value, View};

use crate::failure::Failure;
use crate::observe;
use crate::statistics::Statistics;

/// Looks that are remembered.
const HISTORY: usize = 512;

/// Between two counts of those who are attached.
const COUNT_AGAIN: Duration = Duration::from_secs(1);

/// Of larger fields only pieces are looked at.
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

/// A field over time.
#[derive(Debug)]
pub struct Track {
    pub field: FieldView,
    pub status: Status,
    /// Publications.
    pub per_second: f64,
    /// What was read of the latest value.
    pub value: Option<Value>,
    pub statistics: Option<Statistics>,
    /// Of each look: publications a second, and statistics.
    pub history: Vec<(f64, Option<Statistics>)>,
}

impl Watching {
    /// Begins; without names all fields are looked at.
    pub fn new(name: &str, wanted: &[String]) -> Result<Self, Failure> {
        let view = observe::open(name)?;
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
        let fields: Vec<FieldView> = if self.wanted.is_empty() {
            self.view.fields().collect()
        } else {
            let find = |name: &String| observe::field_of(&self.view, name);
            self.wanted.iter().map(find).collect::<Result<_, _>>()?
        };
        Ok(fields.into_iter().map(Track::new).collect())
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
        self.view = observe::open(&self.name)?;
        self.attached = Census::take().attached(&self.view)?;
        self.tracks = self.begin()?;
        Ok(())
    }

    /// Whether anybody is attached is one question to the kernel. Who they are means looking at
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

impl Track {
    fn new(field: FieldView) -> Self {
        let status = field.status();
        let mut track =
            Self { field, status, per_second: 0.0, value: None, statistics: None, history: vec![] };
        track.read();
        track
    }

    /// Whether only pieces of the value are read.
    pub fn is_sampled(&self) -> bool {
        self.field.manifest().size > LARGE
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
            if let Some(statistics) = self.sample() {
                self.statistics = Some(statistics);
            }
        } else if let Ok(value) = self.field.read() {
            self.statistics = Statistics::of(value.elements());
            self.value = Some(value);
        }
    }

    /// Statistics of pieces, each from one publication.
    fn sample(&self) -> Option<Statistics> {
        let manifest = self.field.manifest();
        let scalar = manifest.ty.scalar();
        let scalars = manifest.size / scalar.size();
        let each = LARGE / PIECES / scalar.size();
        let mut piece = vec![0; each * scalar.size()];
        let mut numbers = Vec::new();
        for i in 0..PIECES {
            let first = (scalars - each) / (PIECES - 1) * i;
            self.field.read_part(first * scalar.size(), &mut piece).ok()?;
            let each = piece.chunks_exact(scalar.size()).map(|bytes| Elements::new(scalar, bytes));
            numbers.extend(each.map_while(|one| crate::statistics::number(one.get(0))));
        }
        Statistics::of_numbers(numbers.into_iter())
    }
}
