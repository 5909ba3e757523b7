//! Calls, as the processes that made them have noted them.

use std::fmt;
use std::ops::Range;

/// What a call had to do with a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// It saw this version, and this value if there is a checksum.
    Saw,
    /// It published this version.
    Published,
}

/// One field in one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Touch {
    pub field: usize,
    pub deed: Deed,
    pub version: u64,
    /// The checksum of the whole value; `None` where only the version was seen.
    pub checksum: Option<u64>,
}

/// One call.
#[derive(Debug, Clone)]
pub struct Event {
    /// Who made it.
    pub process: u16,
    /// What it was called.
    pub call: &'static str,
    /// Nanoseconds, read before it.
    pub start: u64,
    /// Nanoseconds, read after it.
    pub end: u64,
    touches: Range<usize>,
}

/// Calls of several processes on the same fields, in any order.
#[derive(Debug, Clone, Default)]
pub struct History {
    fields: usize,
    /// The checksum with which each field was created.
    created: Vec<u64>,
    events: Vec<Event>,
    touches: Vec<Touch>,
}

impl History {
    /// No calls yet on fields that were created with values of these checksums.
    pub fn new(created: Vec<u64>) -> Self {
        Self { fields: created.len(), created, ..Self::default() }
    }

    /// How many fields there are.
    pub fn fields(&self) -> usize {
        self.fields
    }

    /// The checksum of a field's first version.
    pub fn created(&self, field: usize) -> u64 {
        self.created[field]
    }

    /// Adds a call.
    ///
    /// # Panics
    ///
    /// If it ends before it begins, or touches a field that is not there.
    pub fn add(
        &mut self,
        process: u16,
        call: &'static str,
        [start, end]: [u64; 2],
        touches: &[Touch],
    ) {
        assert!(start <= end, "a call of process {process} ends before it begins");
        assert!(touches.iter().all(|touch| touch.field < self.fields), "{touches:?}");
        let first = self.touches.len();
        self.touches.extend_from_slice(touches);
        self.events.push(Event { process, call, start, end, touches: first..self.touches.len() });
    }

    /// All calls; a call's number is its place here.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// What a call touched.
    pub fn touches(&self, event: usize) -> &[Touch] {
        &self.touches[self.events[event].touches.clone()]
    }

    /// What a call touched, to be falsified.
    pub fn touches_mut(&mut self, event: usize) -> &mut [Touch] {
        &mut self.touches[self.events[event].touches.clone()]
    }

    /// A call's times, to be falsified.
    pub fn times_mut(&mut self, event: usize) -> [&mut u64; 2] {
        let Event { start, end, .. } = &mut self.events[event];
        [start, end]
    }

    /// A call in words.
    pub fn describe(&self, event: usize) -> String {
        let Event { process, call, start, end, .. } = &self.events[event];
        let touches: Vec<_> = self.touches(event).iter().map(Touch::to_string).collect();
        let touches = touches.join(", ");
        format!("call {event}, `{call}` of process {process} from {start} to {end}: {touches}")
    }
}

impl fmt::Display for Touch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let deed = match self.deed {
            Deed::Saw => "saw",
            Deed::Published => "published",
        };
        write!(f, "{deed} version {} of field {}", self.version, self.field)?;
        match self.checksum {
            Some(checksum) => write!(f, " with checksum {checksum:016x}"),
            None => Ok(()),
        }
    }
}
