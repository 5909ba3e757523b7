//! A state with a sum that no transfer changes.

use shma_core::{Access, Shm, ShmState};

use crate::dice::Dice;
use crate::notebook::Notebook;

/// How many processes make transfers.
pub const CLERKS: usize = 8;

/// Money in fields of several shapes, and who has moved it how often.
#[derive(Debug, ShmState)]
pub struct Bank {
    pub cash: i64,
    #[shm(slots = 2)]
    pub drawers: [i64; 33],
    pub vault: [[i64; 8]; 64],
    #[shm(slots = 8)]
    pub deposits: [i64; 1500],
    /// Transfers between fields, by clerk.
    pub made: [u64; CLERKS],
    /// Those of all clerks.
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

/// Moves money between two fields, as one, and notes it: how often clerk number `clerk` has.
pub fn transfer(bank: &Shm<Bank>, notes: &Notebook, clerk: usize, dice: &mut Dice) {
    let amount = dice.below(100) as i64;
    let from = dice.below(4);
    let to = (from + 1 + dice.below(3)) % 4;
    let (take, put) = (dice.roll() as usize, dice.roll() as usize);
    let made = bank.transaction(|new, old| {
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
        new.made[clerk] = old.made[clerk] + 1;
        new.made[clerk]
    });
    notes.note(clerk, made);
}

/// Moves money within one field.
pub fn shift(bank: &Shm<Bank>, dice: &mut Dice) {
    let amount = dice.below(100) as i64;
    match dice.below(5) {
        0 => bank.cash.update(|new, old| *new = *old),
        1 => bank.drawers.update(|new, old| {
            new[3] = old[3] - amount;
            new[32] = old[32] + amount;
        }),
        2 => {
            let row = dice.below(64);
            bank.vault.update_range(row..=row, |new, old| {
                new[0][1] = old[0][1] - amount;
                new[0][7] = old[0][7] + amount;
            });
        }
        3 => {
            let first = dice.below(1400);
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
pub fn audit<A: Access>(bank: &Shm<Bank, A>, notes: &Notebook, copy: &mut Bank) {
    let noted: [u64; CLERKS] = std::array::from_fn(|clerk| notes.read(clerk));
    bank.snapshot_into(copy);
    assert_eq!(copy.sum(), Bank::opening().sum(), "money comes and goes");
    assert_eq!(copy.total, copy.made.iter().sum::<u64>(), "a transfer is half in");
    let later: [u64; CLERKS] = std::array::from_fn(|clerk| notes.read(clerk));
    for clerk in 0..CLERKS {
        let made = copy.made[clerk];
        assert!(made >= noted[clerk], "clerk {clerk} had made {}, and {made} are in", noted[clerk]);
        assert!(made <= later[clerk] + 1, "of {made} by clerk {clerk} only {} ended", later[clerk]);
    }
    // Single reads that come later are not older, whatever way they take.
    assert!(bank.total.read() >= copy.total, "a read goes back behind a snapshot");
    let made = bank.made.read();
    assert!(made.iter().zip(&copy.made).all(|(now, then)| now >= then), "{made:?}");
    assert!(bank.tried.get() >= made.iter().sum(), "a transfer was made and not tried");
}
