//! One step of the scheme, for a strip of the plate.

use shma_examples::scheme::advance_row;

use crate::plate::Strip;
use crate::row::{self, Row};

/// Computes a strip at the next step. `below` and `above` are the rows beside it, or `None` where
/// the plate ends.
pub fn advance<const WIDTH: usize, const ROWS: usize>(
    now: &Strip<WIDTH, ROWS>,
    below: Option<&Row<WIDTH>>,
    above: Option<&Row<WIDTH>>,
    next: &mut Strip<WIDTH, ROWS>,
) {
    let edge = [0.0; WIDTH];
    let (first, last) = (1, ROWS - 2);
    next[0] = now[first];
    next[ROWS - 1] = now[last];
    let step = row::step(&now[first]) + 1;
    for index in first..=last {
        let south = if index == first { below.unwrap_or(&edge) } else { &now[index - 1] };
        let north = if index == last { above.unwrap_or(&edge) } else { &now[index + 1] };
        advance_row(&now[index], south, north, &mut next[index]);
        row::set_step(&mut next[index], step);
    }
}

#[cfg(test)]
mod tests {
    use shma_examples::scheme::RATIO;

    use super::*;
    use crate::plan::{Plan, STRIPS};
    use crate::plate::{self, Plate};
    use crate::row::BEFORE;
    use crate::truth::Truth;

    const POINTS: usize = 64;
    const WIDTH: usize = POINTS + 1;
    const ROWS: usize = POINTS / STRIPS + 2;

    /// The whole plate in one piece, with its edge.
    type Whole = Vec<Vec<f64>>;

    fn serial(whole: &Whole) -> Whole {
        let mut next = whole.clone();
        for y in 1..=POINTS {
            for x in 1..=POINTS {
                let sides =
                    (whole[y][x - 1] + whole[y][x + 1]) + (whole[y - 1][x] + whole[y + 1][x]);
                next[y][x] = whole[y][x] + RATIO * (sides - 4.0 * whole[y][x]);
            }
        }
        next
    }

    fn random_whole() -> Whole {
        let mut rng = fastrand::Rng::with_seed(5);
        let mut whole = vec![vec![0.0; POINTS + 2]; POINTS + 2];
        for row in &mut whole[1..=POINTS] {
            row[1..=POINTS].fill_with(|| rng.f64() - 0.5);
        }
        whole
    }

    fn cut(whole: &Whole) -> Vec<Strip<WIDTH, ROWS>> {
        let strip = |index| {
            let mut strip = [[0.0; WIDTH]; ROWS];
            for (row, y) in strip[1..].iter_mut().zip(plate::rows_of(index, ROWS - 2)) {
                row::cells_mut(row).copy_from_slice(&whole[y][1..=POINTS]);
            }
            row::set_step(&mut strip[0], BEFORE);
            row::set_step(&mut strip[ROWS - 1], BEFORE);
            strip
        };
        (0..STRIPS).map(strip).collect()
    }

    fn advance_all(strips: &[Strip<WIDTH, ROWS>]) -> Vec<Strip<WIDTH, ROWS>> {
        let advanced = |index: usize| {
            let below = index.checked_sub(1).map(|index| &strips[index][ROWS - 2]);
            let above = strips.get(index + 1).map(|strip| &strip[1]);
            let mut next = [[f64::NAN; WIDTH]; ROWS];
            advance(&strips[index], below, above, &mut next);
            next
        };
        (0..STRIPS).map(advanced).collect()
    }

    #[test]
    fn strips_come_to_the_same_bits_as_the_plate_in_one_piece() {
        let mut whole = random_whole();
        let mut strips = cut(&whole);
        for step in 1..=300 {
            whole = serial(&whole);
            strips = advance_all(&strips);
            for (index, strip) in strips.iter().enumerate() {
                assert_eq!(plate::step_of(strip).unwrap(), step);
                for (row, y) in strip[1..].iter().zip(plate::rows_of(index, ROWS - 2)) {
                    assert_eq!(row::cells(row), &whole[y][1..=POINTS], "row {y}, step {step}");
                }
            }
        }
    }

    #[test]
    fn the_outermost_rows_of_the_step_before_are_kept() {
        let before = cut(&random_whole());
        for (before, after) in before.iter().zip(advance_all(&before)) {
            assert_eq!((after[0], after[ROWS - 1]), (before[1], before[ROWS - 2]));
            assert_ne!(after[1][1..], before[1][1..]);
        }
    }

    #[test]
    fn the_first_plate_is_that_of_the_analytic_solution() {
        let truth = Truth::new(POINTS);
        let plan = Plan::new(1, truth.spacing(), 1);
        let plate = Plate::<WIDTH, ROWS>::initial(plan, &truth);
        let region = plate::new_name();
        let plate = shma_core::ShmState::create(&region, &*plate).unwrap();
        let temperature = plate::temperature::<WIDTH, ROWS>(&plate, 0).unwrap();
        assert_eq!(temperature.error(&truth, 0.0), 0.0);
        assert!(plate::temperature::<WIDTH, ROWS>(&plate, 1).is_err());
    }
}
