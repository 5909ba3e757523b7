//! What a way to share a state may be able to do. What it cannot, it says.
//!
//! The calls repeat themselves `times` times, so that reaching them through a trait object costs
//! nothing that would be measured.

use std::fmt;

/// Where a value is kept: a unique name, and its size in bytes.
#[derive(Debug, Clone)]
pub struct Place {
    /// The part of the name that all of a run have.
    pub run: String,
    pub name: String,
    pub bytes: u64,
}

/// Why a peer cannot do something.
#[derive(Debug, Clone)]
pub struct Unable(pub String);

/// The outcome of a call that a peer may be unable to do.
pub type Done = Result<(), Unable>;

/// Any failure is a reason.
impl<E: fmt::Display> From<E> for Unable {
    fn from(error: E) -> Self {
        Self(format!("{error:#}"))
    }
}

/// An `Err` with a reason.
pub fn unable<T>(reason: &str) -> Result<T, Unable> {
    Err(Unable(reason.to_owned()))
}

/// What all compute element by element.
#[inline(always)]
pub fn mix(new: f64, old: f64) -> f64 {
    0.5 * new + 0.5 * old
}

/// A way to share a state.
pub trait Peer: Sync {
    /// What it is called in tables.
    fn name(&self) -> &'static str;

    /// What it is, and what it does not promise; a sentence.
    fn about(&self) -> &'static str;

    /// How many times the value it keeps in memory, to see whether there is enough.
    fn copies(&self) -> u64 {
        2
    }

    /// Makes a value of zeroes. Dropped, it is removed.
    fn create(&self, _: &Place) -> Result<Box<dyn Store>, Unable> {
        unable("keeps no values")
    }

    /// Attaches to it from another process, or once more.
    fn open(&self, _: &Place) -> Result<Box<dyn Store>, Unable> {
        unable("keeps no values that another process can attach to")
    }

    /// Makes [`FIELDS`] values of zeroes that belong together.
    fn create_group(&self, _: &Place) -> Result<Box<dyn Group>, Unable> {
        unable("has no values that belong together")
    }

    /// Attaches to them.
    fn open_group(&self, _: &Place) -> Result<Box<dyn Group>, Unable> {
        unable("has no values that belong together")
    }

    /// Makes a value of zeroes that is accessed here and there. Dropped, it is removed.
    fn create_scattered(&self, _: &Place) -> Result<Box<dyn Scattered>, Unable> {
        unable("is not asked for scattered accesses")
    }

    /// Makes something to wait for.
    fn create_bell(&self, _: &Place) -> Result<Box<dyn Bell>, Unable> {
        unable("has nothing to wait for")
    }

    /// Attaches to it.
    fn open_bell(&self, _: &Place) -> Result<Box<dyn Bell>, Unable> {
        unable("has nothing to wait for")
    }
}

/// A value: an array of numbers.
pub trait Store {
    /// The whole value, for checks; not measured.
    fn peek(&mut self, into: &mut [f64]) -> Done {
        self.read(into, 1)?;
        self.fetch(into)
    }

    /// Sets the whole value, for checks; not measured.
    fn poke(&mut self, from: &[f64]) -> Done {
        self.hand(from)?;
        self.write(from, 1)
    }

    /// Fetches what the latest read has read, for a peer that reads into another process's memory.
    fn fetch(&mut self, _into: &mut [f64]) -> Done {
        Ok(())
    }

    /// Hands over what is written next, for a peer that writes from another process's memory.
    fn hand(&mut self, _from: &[f64]) -> Done {
        Ok(())
    }

    /// Copies the whole value.
    fn read(&mut self, _into: &mut [f64], _times: u64) -> Done {
        unable("has no reading of a whole value")
    }

    /// Replaces the whole value.
    fn write(&mut self, _from: &[f64], _times: u64) -> Done {
        unable("has no replacing of a whole value")
    }

    /// Replaces the whole value, as the one writer that keeps whatever a writer needs.
    fn write_kept(&mut self, _from: &[f64], _times: u64) -> Done {
        unable("has no writer that keeps its lock")
    }

    /// `value[i] = mix(step[i], value[i])`, in the way that is meant for it. All steps are 1.
    fn update_with(&mut self, _step: &[f64], _times: u64) -> Done {
        unable("has no exclusive read-modify-write")
    }

    /// The same in a closure that gets the whole value.
    fn update(&mut self, _step: &[f64], _times: u64) -> Done {
        unable("has no exclusive read-modify-write")
    }

    /// `value[i] += step[i]` in place, where additions of others at the same instant may be lost.
    fn add_each(&mut self, _step: &[f64], _times: u64) -> Done {
        unable("has no numbers that are added to in place")
    }

    /// Adds 1 to all numbers.
    fn add(&mut self, _times: u64) -> Done {
        unable("has no exclusive read-modify-write")
    }

    /// Adds 1 to the eight numbers from `first` on.
    fn add_part(&mut self, _first: usize, _times: u64) -> Done {
        unable("changes whole values only")
    }

    /// How often a read had to start again since the last question, where that is known.
    fn retries(&mut self, _reads: u64) -> Option<f64> {
        None
    }
}

/// Values in a group.
pub const FIELDS: usize = 8;

/// Several values that belong together.
pub trait Group {
    /// The first number of each value, for checks; not measured.
    fn peek(&mut self) -> Result<[f64; FIELDS], Unable>;

    /// Adds 1 to all numbers of one value.
    fn add(&mut self, _field: usize, _times: u64) -> Done {
        unable("has no exclusive read-modify-write")
    }

    /// Value after value, `value[i] = mix(1.0, value[i])`, with the ones from a buffer.
    fn update_all(&mut self, _times: u64) -> Done {
        unable("has no exclusive read-modify-write")
    }

    /// Copies all values to a buffer, as they stood at one instant.
    fn snapshot(&mut self, _times: u64) -> Done {
        unable("has no reading of several values at one instant")
    }

    /// The first number of each value in the latest snapshot, for checks.
    fn copied(&mut self) -> Result<[f64; FIELDS], Unable> {
        unable("has no snapshots")
    }

    /// Adds 1 to the first number of the first and of the last value, as one.
    fn transaction(&mut self, _times: u64) -> Done {
        unable("has no changing of several values as one")
    }
}

/// A value that is accessed at places of 64 bytes each.
pub trait Scattered {
    /// Copies the eight numbers at each of these places.
    fn read(&mut self, places: &[usize]) -> Done;

    /// Adds 1 to the eight numbers at each of these places.
    fn add(&mut self, places: &[usize]) -> Done;

    /// The first number that was copied last, for checks.
    fn copied(&mut self) -> f64;
}

/// Something to wait for, that carries a number.
pub trait Bell {
    /// Before this process waits for the first time.
    fn prepare(&mut self, _place: &Place) -> Done {
        Ok(())
    }

    /// Publishes a number `times` times, and wakes the processes that sleep.
    fn ring(&mut self, number: u64, times: u64) -> Done;

    /// Sleeps until there is a number other than `last`, and returns it.
    fn sleep(&mut self, last: u64) -> Result<u64, Unable>;

    /// The present number, to be asked again and again.
    fn look(&mut self) -> Result<u64, Unable>;
}
