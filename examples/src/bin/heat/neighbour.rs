//! The row beside a strip, which belongs to another one.

use std::ops::Range;
use std::time::Duration;

use anyhow::{Result, bail};
use shma_core::{Error, Field, Shm, Version};

use crate::plan::STRIPS;
use crate::plate::{self, Plate, Strip};
use crate::row::{self, Row};

/// A neighbouring strip, seen from one side.
#[derive(Debug)]
pub struct Neighbour<'a, const WIDTH: usize, const ROWS: usize> {
    index: usize,
    field: &'a Field<Strip<WIDTH, ROWS>>,
    /// Where its two outermost rows on this side lie: that of its step, and that of the one before.
    place: Range<usize>,
    rows: Box<[Row<WIDTH>; 2]>,
}

impl<'a, const WIDTH: usize, const ROWS: usize> Neighbour<'a, WIDTH, ROWS> {
    /// The strip below, unless the plate ends there.
    pub fn below(plate: &'a Shm<Plate<WIDTH, ROWS>>, strip: usize) -> Option<Self> {
        strip.checked_sub(1).map(|index| Self::new(plate, index, ROWS - 2..ROWS))
    }

    /// The strip above, unless the plate ends there.
    pub fn above(plate: &'a Shm<Plate<WIDTH, ROWS>>, strip: usize) -> Option<Self> {
        (strip + 1 < STRIPS).then(|| Self::new(plate, strip + 1, 0..2))
    }

    fn new(plate: &'a Shm<Plate<WIDTH, ROWS>>, index: usize, place: Range<usize>) -> Self {
        let rows = Box::new([[0.0; WIDTH]; 2]);
        Self { index, field: plate::strip(plate, index), place, rows }
    }

    /// Looks for the row of a step; `false` if the neighbour has not come to it within `patience`.
    pub fn fetch(&mut self, step: i64, patience: Duration) -> Result<bool> {
        if let Some(seen) = self.look(step)? {
            match self.field.wait_newer(seen, patience) {
                Ok(_) => return Ok(self.look(step)?.is_none()),
                Err(Error::Timeout { .. }) => return Ok(false),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(true)
    }

    /// The row of a step that was fetched.
    pub fn row(&self, step: i64) -> Result<&Row<WIDTH>> {
        match self.rows.iter().find(|row| row::step(row) == step) {
            Some(row) => Ok(row),
            None => self.refuse(step),
        }
    }

    /// Reads the rows; if the step has not come yet, returns what to wait beyond.
    fn look(&mut self, step: i64) -> Result<Option<Version>> {
        let seen = self.field.read_range(self.place.clone(), &mut self.rows[..]);
        let newest = self.rows.iter().map(row::step).max();
        if newest == Some(step - 1) { Ok(Some(seen)) } else { self.row(step).map(|_| None) }
    }

    fn refuse<T>(&self, step: i64) -> Result<T> {
        let [one, other] = self.rows.each_ref().map(row::step);
        bail!(
            "strip {} offers rows of steps {one} and {other} where step {step} is wanted; \
             steps would mix",
            self.index
        )
    }
}

#[cfg(test)]
mod tests {
    use shma_core::ShmState;

    use super::*;
    use crate::plan::Plan;
    use crate::stencil;
    use crate::truth::Truth;

    const AT_ONCE: Duration = Duration::ZERO;

    fn plate() -> Shm<Plate<65, 10>> {
        let truth = Truth::new(64);
        let initial = Plate::initial(Plan::new(9, truth.spacing(), 1), &truth);
        Plate::create(&plate::new_name(), &initial).unwrap()
    }

    fn advance(plate: &Shm<Plate<65, 10>>, strip: usize) {
        plate::strip(plate, strip).update(|new, old| stencil::advance(old, None, None, new));
    }

    #[test]
    fn a_neighbour_that_is_ahead_still_has_the_row() {
        let plate = plate();
        let at_first = plate::strip(&plate, 1).read_boxed();
        let mut below = Neighbour::below(&plate, 2).unwrap();
        let mut above = Neighbour::above(&plate, 0).unwrap();
        for ahead in [0, 1] {
            for (neighbour, row) in [(&mut below, at_first[8]), (&mut above, at_first[1])] {
                assert!(neighbour.fetch(0, AT_ONCE).unwrap(), "{ahead} ahead");
                assert_eq!(*neighbour.row(0).unwrap(), row, "{ahead} ahead");
            }
            advance(&plate, 1);
        }
    }

    #[test]
    fn a_neighbour_that_is_behind_is_waited_for() {
        let plate = plate();
        let mut above = Neighbour::above(&plate, 3).unwrap();
        assert!(!above.fetch(1, AT_ONCE).unwrap());
        advance(&plate, 4);
        assert!(above.fetch(1, AT_ONCE).unwrap());
        assert_eq!(row::step(above.row(1).unwrap()), 1);
    }

    #[test]
    fn a_step_that_is_gone_is_an_error() {
        let plate = plate();
        let mut above = Neighbour::above(&plate, 3).unwrap();
        advance(&plate, 4);
        advance(&plate, 4);
        let error = above.fetch(0, AT_ONCE).unwrap_err().to_string();
        assert!(error.contains("steps 1 and 2 where step 0 is wanted"), "{error}");
    }

    #[test]
    fn a_neighbour_that_lags_two_steps_is_an_error() {
        let plate = plate();
        let mut below = Neighbour::below(&plate, 3).unwrap();
        let error = below.fetch(2, AT_ONCE).unwrap_err().to_string();
        assert!(error.contains("steps 0 and -1 where step 2 is wanted"), "{error}");
    }

    #[test]
    fn the_plate_ends_below_the_first_and_above_the_last_strip() {
        let plate = plate();
        assert!(Neighbour::below(&plate, 0).is_none());
        assert!(Neighbour::above(&plate, STRIPS - 1).is_none());
        assert_eq!(Neighbour::below(&plate, STRIPS - 1).unwrap().index, STRIPS - 2);
    }
}
