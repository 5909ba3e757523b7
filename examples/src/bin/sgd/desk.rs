//! The desk at which workers fetch batches and hand them in: a second shared state, small and
//! changed often, beside the large one.
//!
//! A batch is waiting, on a seat, or done. Each change is one `update` of the whole of [`Work`], so
//! a worker that is killed leaves no batch in between; the one on its seat goes back to the desk.
//! If it died between changing the model and handing in, the batch is done twice, which gradient
//! descent does not mind.
//!
//! Processes of other programs take seats as well, and say there which process they are. No leader
//! has started them, so it looks whether they live.

use shma_core::bytemuck::Zeroable;
use shma_core::{ShmElement, ShmState};

use crate::plan::Plan;

/// Workers that there can be at a time.
pub const SEATS: usize = 64;

/// What the workers share beside the model.
#[derive(ShmState)]
pub struct Desk {
    /// Written once, before there are workers.
    pub plan: Plan,
    /// Who does what.
    pub work: Work,
}

/// Which batches wait, which are worked on, and how many are done.
#[repr(C)]
#[derive(Debug, Clone, Copy, ShmElement)]
pub struct Work {
    total: u64,
    done: u64,
    /// Sum of the mean losses of the batches that are done.
    loss: f64,
    /// Batches that processes of other programs have done; they count them in here.
    others: u64,
    /// 1 once batches are given out.
    open: u64,
    /// The first batch that was never given out.
    next: u64,
    /// Batches of workers that are gone; the first `returned_count` count.
    returned: [u64; SEATS],
    returned_count: u64,
    seats: [Seat; SEATS],
}

#[repr(C)]
#[derive(Debug, Clone, Copy, ShmElement)]
struct Seat {
    /// 1 while a worker sits here, the number of its process while it is one of another program, and
    /// 0 while the seat is free.
    taken: u64,
    /// The number of the batch that it works on, plus 1; 0 for none.
    batch: u64,
}

impl Work {
    /// So many batches to do, none of them given out yet.
    pub fn new(total: u64) -> Self {
        Self { total, ..Self::zeroed() }
    }

    /// A worker has taken its seat.
    pub fn sit_down(&mut self, seat: usize) {
        self.seats[seat] = Seat { taken: 1, batch: 0 };
    }

    /// Starts giving out batches.
    pub fn open(&mut self) {
        self.open = 1;
    }

    /// Stops giving out batches, and frees all seats; their batches wait again.
    pub fn close(&mut self) {
        self.open = 0;
        (0..SEATS).for_each(|seat| _ = self.vacate(seat));
    }

    /// Whether this can be the work of so many batches.
    pub fn is_sound(&self, total: u64) -> bool {
        let batches = self.seats.iter().filter_map(|seat| seat.batch.checked_sub(1));
        let waiting = self.returned.iter().take(self.returned_count as usize).copied();
        let begun: Vec<u64> = batches.chain(waiting).collect();
        self.total == total
            && self.next <= total
            && self.returned_count <= SEATS as u64
            && begun.len() <= SEATS
            && begun.iter().all(|batch| *batch < self.next)
            && self.done + begun.len() as u64 == self.next
    }

    /// Whether there is a batch to take.
    pub fn has_waiting(&self) -> bool {
        self.open == 1 && (self.returned_count > 0 || self.next < self.total)
    }

    /// Puts a waiting batch on the seat, if there is one.
    pub fn take(&mut self, seat: usize) -> Option<u64> {
        if !self.has_waiting() {
            return None;
        }
        let batch = if self.returned_count > 0 {
            self.returned_count -= 1;
            self.returned[self.returned_count as usize]
        } else {
            self.next += 1;
            self.next - 1
        };
        self.seats[seat].batch = batch + 1;
        Some(batch)
    }

    /// The batch on the seat is done.
    pub fn hand_in(&mut self, seat: usize, loss: f64) {
        self.seats[seat].batch = 0;
        self.done += 1;
        self.loss += loss;
    }

    /// Frees the seat of a worker that is gone; its batch, if it had one, waits again.
    pub fn vacate(&mut self, seat: usize) -> Option<u64> {
        let batch = self.batch_on(seat);
        if let Some(batch) = batch {
            self.returned[self.returned_count as usize] = batch;
            self.returned_count += 1;
        }
        self.seats[seat] = Seat::zeroed();
        batch
    }

    /// The batch on the seat.
    pub fn batch_on(&self, seat: usize) -> Option<u64> {
        self.seats[seat].batch.checked_sub(1)
    }

    /// How many workers have taken their seats.
    pub fn seated(&self) -> usize {
        self.seats.iter().filter(|seat| seat.taken == 1).count()
    }

    /// The seats of processes of other programs, and the processes.
    pub fn guests(&self) -> impl Iterator<Item = (usize, u64)> {
        let seats = self.seats.iter().enumerate();
        seats.filter(|(_, seat)| seat.taken > 1).map(|(at, seat)| (at, seat.taken))
    }

    /// Frees the seat if this process of another program has it; its batch waits again.
    pub fn vacate_of(&mut self, seat: usize, process: u64) -> Option<u64> {
        if self.seats[seat].taken == process { self.vacate(seat) } else { None }
    }

    /// Batches that processes of other programs have done.
    pub fn others(&self) -> u64 {
        self.others
    }

    /// Batches in all.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Batches done.
    pub fn done(&self) -> u64 {
        self.done
    }

    /// Sum of the mean losses of the batches that are done.
    pub fn loss(&self) -> f64 {
        self.loss
    }

    /// Whether everything is done.
    pub fn is_done(&self) -> bool {
        self.done == self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(total: u64) -> Work {
        let mut work = Work::new(total);
        work.open();
        work
    }

    #[test]
    fn nothing_is_given_out_before_the_opening() {
        let mut work = Work::new(3);
        assert_eq!(work.take(0), None);
        work.open();
        assert_eq!(work.take(0), Some(0));
    }

    #[test]
    fn every_batch_is_done_once_when_nobody_dies() {
        let mut work = opened(10);
        let mut done = Vec::new();
        for seat in (0..3).cycle() {
            if let Some(batch) = work.batch_on(seat) {
                work.hand_in(seat, 0.5);
                done.push(batch);
            }
            if work.take(seat).is_none() && work.is_done() {
                break;
            }
        }
        done.sort_unstable();
        assert_eq!(done, (0..10).collect::<Vec<_>>());
        assert_eq!(work.loss(), 5.0);
    }

    #[test]
    fn the_batch_of_the_dead_is_done_by_another() {
        let mut work = opened(2);
        work.sit_down(0);
        work.sit_down(1);
        assert_eq!((work.take(0), work.take(1)), (Some(0), Some(1)));
        work.hand_in(1, 1.0);
        assert!(!work.has_waiting() && !work.is_done());
        assert_eq!(work.vacate(0), Some(0));
        assert_eq!(work.seated(), 1);
        assert_eq!(work.take(1), Some(0));
        work.hand_in(1, 1.0);
        assert!(work.is_done());
    }

    #[test]
    fn a_guest_has_a_seat_until_it_is_gone() {
        let mut work = opened(2);
        work.sit_down(0);
        work.seats[9].taken = 4711;
        assert_eq!((work.take(9), work.seated()), (Some(0), 1));
        assert_eq!(work.guests().collect::<Vec<_>>(), [(9, 4711)]);
        // The seat has another owner by now.
        assert_eq!(work.vacate_of(9, 4712), None);
        assert_eq!(work.batch_on(9), Some(0));
        assert_eq!(work.vacate_of(9, 4711), Some(0));
        assert_eq!((work.guests().count(), work.take(0)), (0, Some(0)));
    }

    #[test]
    fn all_seats_may_die_at_once() {
        let mut work = opened(SEATS as u64);
        for seat in 0..SEATS {
            work.take(seat).unwrap();
        }
        for seat in 0..SEATS {
            work.vacate(seat).unwrap();
        }
        for _ in 0..SEATS {
            work.take(7).unwrap();
            work.hand_in(7, 0.0);
        }
        assert!(work.is_done());
    }

    #[test]
    fn work_that_was_closed_is_done_to_its_end() {
        let mut work = opened(3);
        work.sit_down(0);
        assert_eq!((work.take(0), work.take(1)), (Some(0), Some(1)));
        work.hand_in(1, 1.0);
        assert!(work.is_sound(3) && !work.is_sound(4));
        work.close();
        assert!(work.is_sound(3) && work.seated() == 0 && !work.has_waiting());
        work.open();
        while let Some(_batch) = work.take(5) {
            work.hand_in(5, 1.0);
        }
        assert!(work.is_done());
        work.returned_count = 65;
        assert!(!work.is_sound(3));
    }

    #[test]
    fn who_had_no_batch_leaves_none() {
        let mut work = opened(2);
        work.sit_down(0);
        assert_eq!(work.vacate(0), None);
        assert_eq!(work.seated(), 0);
    }
}
