//! A state with a sum that no transfer changes.

use shma_core::{Access, Shm, ShmState};

use crate::notes::Notes;
use crate::rng::Rng;

/// How many processes make transfers.
pub const WORKERS: usize = 8;

/// Money in fields of several shapes, and who has moved it how often.
#[derive(Debug, ShmState)]
pub struct Bank {
    pub cash: i64,
    #[shm(slots = 2)]
    pub drawers: [i64; 33],
    pub vault: [[i64; 8]; 64],
    #[shm(slots = 8)]
    pub deposits: [i64; 1500],
    /// Transfers between fields, by worker.
    pub made: [u64; WORKERS],
    /// Those of all workers.
    pub total: u64,
    /// Also those that were not finished.
    #[shm(atomic)]
    pub tried: u64,
}

impl Bank {
    /// What is in every place of a new one.
    pub const START: i64 = 1000;

    /// A new one.
    pub fn opening() -> Box<Self> {
        let mut bank = Self::zeroed();
        bank.cash = Self::START;
        bank.drawers.fill(Self::START);
        bank.vault.as_flattened_mut().fill(Self::START);
        bank.deposits.fill(Self::START);
        bank
    }

    /// Everything in it.
    pub fn sum(&self) -> i64 {
        let vault = self.vault.as_flattened();
        self.cash + [&self.drawers[..], vault, &self.deposits].into_iter().flatten().sum::<i64>()
    }
}

/// Moves money between two fields, as one, and notes it: how often worker number `worker` has.
pub fn transfer(bank: &Shm<Bank>, notes: &Notes, worker: usize, rng: &mut Rng) {
    let made = if rng.below(3) == 0 {
        transfer_of(bank, worker, rng)
    } else {
        transfer_of_all(bank, worker, rng)
    };
    notes.note(worker, made);
}

/// By a transaction of the fields that it changes, in another order than the declaration.
fn transfer_of(bank: &Shm<Bank>, worker: usize, rng: &mut Rng) -> u64 {
    let amount = rng.below(200) as i64 - 100;
    let at = rng.next_u64() as usize % 1500;
    bank.tried.fetch_add(1);
    let fields = (&bank.made, &bank.deposits, &bank.total, &bank.cash);
    bank.transaction_of(fields, |(made, deposits, total, cash), (old_made, .., old_cash)| {
        *cash = old_cash - amount;
        deposits[at] += amount;
        *total += 1;
        made[worker] = old_made[worker] + 1;
        made[worker]
    })
}

/// By a transaction of all fields.
fn transfer_of_all(bank: &Shm<Bank>, worker: usize, rng: &mut Rng) -> u64 {
    let amount = rng.below(100) as i64;
    let from = rng.below(4);
    let to = (from + 1 + rng.below(3)) % 4;
    let (take, put) = (rng.next_u64() as usize, rng.next_u64() as usize);
    bank.transaction(|new, old| {
        new.tried.fetch_add(1);
        let mut add = |field, at: usize, amount| match field {
            0 => *new.cash += amount,
            1 => new.drawers[at % 33] += amount,
            2 => new.vault.as_flattened_mut()[at % 512] += amount,
            _ => new.deposits[at % 1500] += amount,
        };
        add(from, take, -amount);
        add(to, put, amount);
        *new.total = old.total + 1;
        new.made[worker] = old.made[worker] + 1;
        new.made[worker]
    })
}

/// Moves money within one field.
pub fn shift(bank: &Shm<Bank>, rng: &mut Rng) {
    let amount = rng.below(100) as i64;
    match rng.below(5) {
        0 => bank.cash.update(|new, old| *new = *old),
        1 => bank.drawers.update(|new, old| {
            new[3] = old[3] - amount;
            new[32] = old[32] + amount;
        }),
        2 => {
            let row = rng.below(64);
            bank.vault.update_range(row..=row, |new, old| {
                new[0][1] = old[0][1] - amount;
                new[0][7] = old[0][7] + amount;
            });
        }
        3 => {
            let first = rng.below(1400);
            bank.deposits.update_range(first..first + 100, |new, old| {
                new[0] = old[0] - amount;
                new[99] = old[99] + amount;
            });
        }
        _ => _ = bank.drawers.update_with(&[0; 33], |new, old| new + old),
    }
}

/// Looks at a bank at work once: every transfer is in or out, and what was noted before is in.
/// `copy` is memory for it.
pub fn audit<A: Access>(bank: &Shm<Bank, A>, notes: &Notes, copy: &mut Bank) {
    let noted: [u64; WORKERS] = std::array::from_fn(|worker| notes.read(worker));
    if noted[0].is_multiple_of(2) {
        bank.snapshot_into(copy);
    } else {
        let Bank { cash, drawers, vault, deposits, made, total, .. } = copy;
        bank.snapshot_of(
            (&bank.total, &bank.cash, &bank.drawers, &bank.vault, &bank.deposits, &bank.made),
            (total, cash, drawers, vault, deposits, made),
        );
    }
    assert_eq!(copy.sum(), Bank::opening().sum(), "money comes and goes");
    assert_eq!(copy.total, copy.made.iter().sum::<u64>(), "a transfer is half in");
    let later: [u64; WORKERS] = std::array::from_fn(|worker| notes.read(worker));
    for worker in 0..WORKERS {
        let made = copy.made[worker];
        assert!(
            made >= noted[worker],
            "worker {worker} had made {}, and {made} are in",
            noted[worker]
        );
        assert!(
            made <= later[worker] + 1,
            "of {made} by worker {worker} only {} ended",
            later[worker]
        );
    }
    // Single reads that come later are not older, whatever way they take.
    assert!(bank.total.read() >= copy.total, "a read goes back behind a snapshot");
    let made = bank.made.read();
    assert!(made.iter().zip(&copy.made).all(|(now, then)| now >= then), "{made:?}");
    assert!(bank.tried.get() >= made.iter().sum(), "a transfer was made and not tried");
}
