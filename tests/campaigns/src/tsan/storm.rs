//! The threads.
//!
//! The watcher goes by addresses, and cannot know that two mappings are one memory. So each mapping
//! has plain memory of its own, and only threads that use that mapping touch it.
//!
//! `unsafe` here: plain memory that the protocols keep apart.

use std::time::Duration;

use shma_core::{Access, Error, Shm, ShmState};

use super::table::{Plain, Table};
use shma_tests::region::InDirectory;
use shma_tests::rng::Rng;

/// Threads on each of the two mappings that may be written.
const THREADS: u64 = 2;

/// How long a call waits that has to be told.
const LIMIT: Duration = Duration::from_micros(200);

/// Makes so many calls from several threads.
pub(super) fn storm(name: &str, seed: u64, calls: u64) {
    let one = Table::in_directory().create(name, &Table::zeroed()).unwrap();
    let other = Table::in_directory().open(name).unwrap();
    let reader = Table::in_directory().open_read_only(name).unwrap();
    let sides = [Side::new(1, &one, calls), Side::new(2, &other, calls)];
    let share = calls / (2 * THREADS + 1);
    // What the standard library makes at first use, it makes out of the watcher's sight.
    let (mut rng, mut copy) = (Rng::new(seed), Table::zeroed());
    for side in &sides {
        (0..100).for_each(|_| side.publish(&mut rng));
        (0..100).for_each(|_| side.look(&mut rng, &mut copy));
    }
    std::thread::scope(|scope| {
        let publishers = (0..2 * THREADS).map(|thread| {
            let side = &sides[(thread % 2) as usize];
            let mut rng = Rng::new(seed.wrapping_add(thread));
            scope.spawn(move || {
                let mut copy = Table::zeroed();
                for _ in 0..share {
                    if rng.one_in(2) {
                        side.publish(&mut rng);
                    } else {
                        side.look(&mut rng, &mut copy);
                    }
                }
            })
        });
        let publishers: Vec<_> = publishers.collect();
        let mut rng = Rng::new(!seed);
        let mut copy = Table::zeroed();
        (0..share).for_each(|_| look(&reader, &mut rng, &mut copy));
        // The end of a scope is out of the watcher's sight too.
        publishers.into_iter().for_each(|publisher| publisher.join().unwrap());
    });
    let updates: u64 = sides.iter().map(Side::updates).sum();
    assert_eq!(one.signed.version(), other.signed.version());
    assert_eq!(u64::from(one.signed.version()), updates + 1, "an update is lost");
}

/// A mapping, with plain memory that goes along with the field `signed`.
struct Side<'t> {
    number: u64,
    table: &'t Shm<Table>,
    /// How often it has published `signed`. Changed under the semaphore alone.
    updates: Plain<u64>,
    /// Where publication n was signed by this side, n: set before it, and looked at after.
    signed: Box<[Plain<u64>]>,
}

impl<'t> Side<'t> {
    fn new(number: u64, table: &'t Shm<Table>, calls: u64) -> Self {
        let signed = (0..calls + 1000).map(|_| Plain::new(0)).collect();
        Self { number, table, updates: Plain::new(0), signed }
    }

    /// When all threads have ended.
    fn updates(&self) -> u64 {
        // SAFETY: they have.
        unsafe { self.updates.get() }
    }

    fn publish(&self, rng: &mut Rng) {
        let table = self.table;
        match rng.below(12) {
            0..3 => table.signed.update(|new, _| self.sign(new)),
            3 => match table.signed.update_timeout(LIMIT, |new, _| self.sign(new)) {
                Ok(()) | Err(Error::Timeout { .. }) => {}
                Err(error) => panic!("{error}"),
            },
            4 => _ = table.small.update_with(&[3; 5], |new, old| new ^ old),
            5 => table.large.update(|new, old| new[1] = old[0].wrapping_add(1)),
            6 => table.large.update_range(rng.below(500)..700, |new, old| new[0] = !old[0]),
            7 => _ = table.rows.set(rng.below(16), [0.5; 16]),
            8 => {
                table.small.update_if(|new, old| {
                    new[0] = old[0].wrapping_add(1);
                    old[1].is_multiple_of(2).then_some(())
                });
            }
            9 => match table.signed.update_when(LIMIT, |new, _| {
                self.sign(new);
                Some(())
            }) {
                Ok(()) | Err(Error::Timeout { .. }) => {}
                Err(error) => panic!("{error}"),
            },
            10 => table.transaction(|new, old| {
                *new.small = old.small.map(|word| word.wrapping_add(1));
                new.large[999] ^= 1;
                self.sign(new.signed);
            }),
            _ => {
                table.cells.add_range(2..5, &[1; 3]);
                table.cells.update_with(&[7; 8], |new, old| new ^ old);
            }
        }
    }

    /// Notes a publication in plain memory, under the semaphore.
    fn sign(&self, value: &mut [u64; 2]) {
        // SAFETY: every caller holds the semaphore of `signed`.
        let updates = unsafe { self.updates.get() };
        // SAFETY: as above.
        unsafe { self.updates.set(updates + 1) };
        let version = u64::from(self.table.signed.version()) + 1;
        // SAFETY: each version is published once, and no thread looks before.
        unsafe { self.signed[version as usize].set(version) };
        *value = [version, self.number];
    }

    fn look(&self, rng: &mut Rng, copy: &mut Table) {
        let version = u64::from(self.table.signed.read_into(&mut copy.signed));
        let [said, number] = copy.signed;
        assert!(said == version || version == 1, "version {version} says that it is {said}");
        if number == self.number {
            // SAFETY: it was set before the publication that was seen, and is not set again.
            let noted = unsafe { self.signed[version as usize].get() };
            assert_eq!(noted, version, "what was done before the publication is not seen");
        }
        look(self.table, rng, copy);
    }
}

/// Looks in some way that needs no permission.
fn look<A: Access>(table: &Shm<Table, A>, rng: &mut Rng, copy: &mut Table) {
    match rng.below(9) {
        0 => _ = table.small.read(),
        1 => _ = table.large.read_into(&mut copy.large),
        2 => _ = table.large.try_read(&mut copy.large),
        3 => _ = table.rows.get(rng.below(16)),
        4 => _ = table.large.read_range(100..900, &mut copy.large[100..900]),
        5 => table.snapshot_into(copy),
        6 => table.read_into(copy),
        7 => _ = table.signed.wait_newer(table.signed.version(), LIMIT),
        _ => _ = (table.cells.get(7), table.cells.version(), table.rows.age()),
    }
}
