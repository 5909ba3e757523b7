//! The plate in shared memory, cut into strips, and why no time step ever mixes.
//!
//! A strip is one field. It holds its rows as they are at a step `s`. Around them lie its outermost
//! rows as they were at the step before. Every row carries the number of its step:
//!
//! ```text
//! row         0            1 ..= ROWS - 2    ROWS - 1
//! holds       first row    all rows          last row
//! of step     s - 1        s                 s - 1
//! ```
//!
//! To go from step `n` to `n + 1`, a strip needs its own rows of step `n` and the nearest row of
//! each neighbour, also of step `n`. Two adjacent rows of the neighbour's field hold that row,
//! whether the neighbour is at `n` or at `n + 1`. One `read_range` gets both, and the number in a
//! row tells which one is wanted.
//!
//! 1. *Temperatures and step number are published as one.* A strip changes by one `write` of the
//!    whole field, and `read_range` returns rows of one publication. So a row that says `n` holds
//!    the temperatures of step `n`.
//! 2. *Neighbours are never more than one step apart.* Who publishes `n + 1` has read rows of step
//!    `n` from both neighbours before, so both had published `n`.
//! 3. *The wanted row is there when it is looked for, and until then.* By 2 a strip at `n` finds
//!    its neighbour at one of three steps: at `n - 1`, which it waits out, at `n`, or at `n + 1`.
//!    In the last case the neighbour still has its outermost row of `n`. It cannot go on to `n + 2`
//!    before this strip has published `n + 1`, and so has no more need of that row.
//! 4. *Some worker can always go on.* The strips that are furthest behind find their neighbours at
//!    their own step or one ahead, and need not wait. A worker of several strips moves first those
//!    of its own that are behind, so it is at one of the former if it has any.
//! 5. *A killed worker leaves nothing in between.* Each of its strips is at `n` or at `n + 1`, whole,
//!    for a publication happens or does not. By 3 the rows that it needs next stay until it has
//!    gone on. So who takes up the strip goes on from the same numbers by the same arithmetic, to
//!    the same bits. It is started when the killed process has ended: a strip never has two workers.
//! 6. *No error is missed or counted twice.* A worker enters the largest error of a strip at a step
//!    before it publishes the step. If it is killed between the two, its successor enters the same
//!    number again, and the larger one of two equal numbers is that number.
//!
//! None of this is only believed: a row of a step that point 3 rules out ends the program.

use anyhow::{Result, ensure};
use shma_core::{Field, Shm, ShmState};
use shma_examples::region;

use crate::plan::{MARKS, Plan, STRIPS};
use crate::row::{self, BEFORE, Row};
use crate::temperature::Temperature;
use crate::truth::Truth;

/// Points of a grid each way, those on the edge not counted, for which there is a type of plate.
pub const GRIDS: [usize; 4] = [64, 128, 256, 512];

/// Calls a function that is generic over the plate, for a grid of so many points.
macro_rules! on_grid {
    ($points:expr, $($function:ident)::+ ($($argument:expr),*)) => {
        match $points {
            64 => $($function)::+::<65, 10>($($argument),*),
            128 => $($function)::+::<129, 18>($($argument),*),
            256 => $($function)::+::<257, 34>($($argument),*),
            512 => $($function)::+::<513, 66>($($argument),*),
            other => Err(anyhow::anyhow!("there is no grid of {other} points")),
        }
    };
}
pub(crate) use on_grid;

/// The rows of a strip, between its outermost ones of the step before.
pub type Strip<const WIDTH: usize, const ROWS: usize> = [Row<WIDTH>; ROWS];

/// What the processes share. Strip 0 begins beside the edge at `y = 0`.
#[derive(ShmState)]
pub struct Plate<const WIDTH: usize, const ROWS: usize> {
    /// Written once, before there are workers.
    pub plan: Plan,
    /// The largest error at each mark, so far.
    #[shm(atomic)]
    pub errors: [f64; MARKS],
    strip0: [[f64; WIDTH]; ROWS],
    strip1: [[f64; WIDTH]; ROWS],
    strip2: [[f64; WIDTH]; ROWS],
    strip3: [[f64; WIDTH]; ROWS],
    strip4: [[f64; WIDTH]; ROWS],
    strip5: [[f64; WIDTH]; ROWS],
    strip6: [[f64; WIDTH]; ROWS],
    strip7: [[f64; WIDTH]; ROWS],
}

/// A name for a region that no other solution has.
pub fn new_name() -> String {
    region::new_name("heat")
}

impl<const WIDTH: usize, const ROWS: usize> Plate<WIDTH, ROWS> {
    /// Points of a row.
    pub const POINTS: usize = WIDTH - 1;
    /// Rows of a strip, each of one step.
    pub const HEIGHT: usize = ROWS - 2;
    const SQUARE: () = assert!(Self::HEIGHT * STRIPS == Self::POINTS);

    /// A plate at step 0.
    pub fn initial(plan: Plan, truth: &Truth) -> Box<Self> {
        const { Self::SQUARE };
        let mut plate = Self::zeroed();
        plate.plan = plan;
        let start = truth.at(0.0);
        for (index, strip) in plate.strips_mut().into_iter().enumerate() {
            for (row, number) in strip[1..].iter_mut().zip(rows_of(index, Self::HEIGHT)) {
                for (cell, temperature) in row::cells_mut(row).iter_mut().zip(start.cells(number)) {
                    *cell = temperature;
                }
            }
            row::set_step(&mut strip[0], BEFORE);
            row::set_step(&mut strip[ROWS - 1], BEFORE);
        }
        plate
    }

    fn strips_mut(&mut self) -> [&mut Strip<WIDTH, ROWS>; STRIPS] {
        [
            &mut self.strip0,
            &mut self.strip1,
            &mut self.strip2,
            &mut self.strip3,
            &mut self.strip4,
            &mut self.strip5,
            &mut self.strip6,
            &mut self.strip7,
        ]
    }
}

/// The field of a strip.
pub fn strip<const WIDTH: usize, const ROWS: usize>(
    plate: &Shm<Plate<WIDTH, ROWS>>,
    index: usize,
) -> &Field<Strip<WIDTH, ROWS>> {
    let strips = [
        &plate.strip0,
        &plate.strip1,
        &plate.strip2,
        &plate.strip3,
        &plate.strip4,
        &plate.strip5,
        &plate.strip6,
        &plate.strip7,
    ];
    strips[index]
}

/// The steps that the strips are at.
pub fn steps<const WIDTH: usize, const ROWS: usize>(
    plate: &Shm<Plate<WIDTH, ROWS>>,
) -> [u64; STRIPS] {
    std::array::from_fn(|index| row::step(&strip(plate, index).get(1)) as u64)
}

/// The step that a strip is at, if all its rows belong where they are.
pub fn step_of<const WIDTH: usize, const ROWS: usize>(rows: &Strip<WIDTH, ROWS>) -> Result<i64> {
    let step = row::step(&rows[1]);
    for (index, row) in rows.iter().enumerate() {
        let wanted = if index == 0 || index == ROWS - 1 { step - 1 } else { step };
        let found = row::step(row);
        ensure!(found == wanted, "row {index} is of step {found} where {wanted} belongs");
    }
    Ok(step)
}

/// Where the rows of a strip lie on the plate; row 0 is the edge.
pub fn rows_of(strip: usize, height: usize) -> std::ops::Range<usize> {
    strip * height + 1..(strip + 1) * height + 1
}

/// The temperatures of the whole plate at a step at which all strips are.
pub fn temperature<const WIDTH: usize, const ROWS: usize>(
    plate: &Shm<Plate<WIDTH, ROWS>>,
    step: u64,
) -> Result<Temperature> {
    let mut cells = Vec::with_capacity(Plate::<WIDTH, ROWS>::POINTS.pow(2));
    for index in 0..STRIPS {
        let rows = strip(plate, index).read_boxed();
        let found = step_of(&rows)?;
        ensure!(found == step as i64, "strip {index} is at step {found} and not at {step}");
        rows[1..ROWS - 1].iter().for_each(|row| cells.extend_from_slice(row::cells(row)));
    }
    Ok(Temperature::new(Plate::<WIDTH, ROWS>::POINTS, cells))
}
