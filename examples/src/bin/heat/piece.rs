//! A strip, as the worker that moves it has it.

use std::time::Duration;

use anyhow::{Context, Result};
use shma_core::{Field, Shm};

use crate::neighbour::Neighbour;
use crate::plan::Plan;
use crate::plate::{self, Plate, Strip};
use crate::row::{self, Row};
use crate::stencil;
use crate::truth::Truth;

/// A strip with its neighbours, and a private copy that equals what is published.
pub struct Piece<'a, const WIDTH: usize, const ROWS: usize> {
    plate: &'a Shm<Plate<WIDTH, ROWS>>,
    index: usize,
    field: &'a Field<Strip<WIDTH, ROWS>>,
    below: Option<Neighbour<'a, WIDTH, ROWS>>,
    above: Option<Neighbour<'a, WIDTH, ROWS>>,
    now: Box<Strip<WIDTH, ROWS>>,
    next: Box<Strip<WIDTH, ROWS>>,
}

impl<'a, const WIDTH: usize, const ROWS: usize> Piece<'a, WIDTH, ROWS> {
    /// Takes up a strip where it stands, be it at step 0 or where another worker left it.
    pub fn take_up(plate: &'a Shm<Plate<WIDTH, ROWS>>, index: usize) -> Result<Self> {
        let field = plate::strip(plate, index);
        let now = field.read_boxed();
        plate::step_of(&now).with_context(|| format!("cannot take up strip {index}"))?;
        let below = Neighbour::below(plate, index);
        let above = Neighbour::above(plate, index);
        Ok(Self { plate, index, field, below, above, next: now.clone(), now })
    }

    /// The step that it is at.
    pub fn step(&self) -> i64 {
        row::step(&self.now[1])
    }

    /// Goes one step; `false`, with nothing done, if a neighbour's row does not come within
    /// `patience`.
    pub fn advance(&mut self, plan: &Plan, truth: &Truth, patience: Duration) -> Result<bool> {
        let step = self.step();
        for neighbour in [&mut self.below, &mut self.above].into_iter().flatten() {
            if !neighbour.fetch(step, patience)? {
                return Ok(false);
            }
        }
        let below = self.below.as_ref().map(|neighbour| neighbour.row(step)).transpose()?;
        let above = self.above.as_ref().map(|neighbour| neighbour.row(step)).transpose()?;
        stencil::advance(&self.now, below, above, &mut self.next);
        self.enter_error(plan, truth);
        self.field.write(&self.next);
        std::mem::swap(&mut self.now, &mut self.next);
        Ok(true)
    }

    /// Before the step is published, so that a process that sees the step sees its error. If the
    /// worker is killed in between, its successor enters the same error again.
    fn enter_error(&self, plan: &Plan, truth: &Truth) {
        let step = row::step(&self.next[1]) as u64;
        let Some(mark) = plan.mark_at(step) else { return };
        let moment = truth.at(plan.time(step));
        let rows = self.next[1..ROWS - 1].iter();
        let error = |(row, number): (&Row<WIDTH>, usize)| moment.error(number, row::cells(row));
        let numbers = plate::rows_of(self.index, Plate::<WIDTH, ROWS>::HEIGHT);
        let largest = rows.zip(numbers).map(error).fold(0.0, f64::max);
        self.plate.errors.fetch_max(mark, largest);
    }
}
