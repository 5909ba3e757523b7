//! Semaphores with take-over and recovery, single updates, transactions.

use std::sync::atomic::Ordering::{self, Acquire, Relaxed, Release};

use super::{Act, Commit, Mutant, Region, Writer, WritingProcess};
use crate::{Compare, Expression, Machine, Program, Register, Word};

/// A writer's program while it is written.
struct Author<'m> {
    model: &'m Commit,
    region: Region,
    p: Program,
    /// Its owner id.
    me: Word,
    seen: Register,
    found: Register,
    alive: Register,
    /// What a look at the commit word found.
    commit: Register,
    target: Register,
    /// Versions and values of all fields, as a transaction found them.
    versions: Vec<Register>,
    values: Vec<Register>,
}

impl Commit {
    pub(super) fn run_writer(
        &self,
        machine: &mut Machine,
        region: Region,
        me: Word,
        writer: &Writer,
    ) -> WritingProcess {
        let mut p = Program::new(format!("writer {me}"));
        let acknowledged = p.kept_register("acknowledged");
        if writer.mortal {
            p.dies_with(region.alive.at(me));
        }
        let (seen, found) = (p.register("seen"), p.register("found"));
        let (alive, commit, target) =
            (p.register("alive"), p.register("commit"), p.register("target"));
        let versions = (0..self.fields).map(|_| p.register("v")).collect();
        let values = (0..self.fields).map(|_| p.register("old")).collect();
        let mut author = Author {
            model: self,
            region,
            p,
            me,
            seen,
            found,
            alive,
            commit,
            target,
            versions,
            values,
        };
        let mut number = self.transactions_before(me);
        for act in &writer.acts {
            match act {
                Act::Update(field) => author.update(*field),
                Act::Transaction(set) => {
                    author.transaction(*set, number);
                    number += 1;
                }
            }
            author.p.set(acknowledged, acknowledged + 1);
        }
        WritingProcess { process: machine.run(author.p), acknowledged, acts: writer.acts.clone() }
    }

    fn transactions_before(&self, me: Word) -> Word {
        let earlier = self.writers[..usize::from(me) - 1].iter().flat_map(|writer| &writer.acts);
        earlier.filter(|act| matches!(act, Act::Transaction(_))).count() as Word
    }
}

impl Author<'_> {
    fn is(&self, mutant: Mutant) -> bool {
        self.model.is(mutant)
    }

    /// Takes the semaphore of a field, from a dead owner if need be.
    fn acquire(&mut self, field: Word) {
        let (region, me, seen, found) = (self.region, self.me, self.seen, self.found);
        let lock = region.lock.at(field);
        let (again, done) = (self.p.here(), self.p.label());
        self.p.step("acquire");
        self.p.compare_exchange(seen, lock.clone(), 0, me, Acquire);
        self.p.jump_if(seen.is(0), done);
        self.p.step("query");
        self.p.load_latest(self.alive, region.alive.at(seen), Relaxed);
        self.p.jump_if(self.alive, again);
        if !self.is(Mutant::NoAcquireAfterQuery) {
            self.p.fence(Acquire);
        }
        self.p.step("take over");
        self.p.compare_exchange(found, lock, seen, me, Acquire);
        self.p.jump_if(found.differs(seen), again);
        if !self.is(Mutant::RecoveryAfterUpdate) {
            self.recover();
        }
        self.p.bind(done);
    }

    fn release(&mut self, field: Word) {
        self.p.step("release");
        self.p.compare_exchange(self.found, self.region.lock.at(field), self.me, 0, Release);
    }

    fn recover(&mut self) {
        if self.is(Mutant::NoRecovery) {
            return;
        }
        let (region, commit, target) = (self.region, self.commit, self.target);
        let done = self.p.label();
        self.p.step("R1");
        self.p.load(commit, region.commit, Acquire);
        self.p.jump_if((commit % 2).is(0), done);
        self.p.step("R2");
        for field in 0..self.model.fields {
            let version = region.version.at(field);
            let from_begin = self.is(Mutant::TargetFromBegin);
            let source = if from_begin { region.begin } else { region.target };
            self.p.load(target, source.at(field), Relaxed);
            if self.is(Mutant::RedoByStore) {
                self.p.load(self.found, version.clone(), Relaxed);
                let behind = (target - 1).is(self.found);
                self.p.when(behind, |p| p.store(version, target, Release));
            } else {
                self.p.compare_exchange(self.found, version, target - 1, target, Release);
            }
        }
        self.p.step("R3");
        if self.is(Mutant::EvenByStore) {
            self.p.store(region.commit, commit + 1, Release);
        } else {
            self.p.compare_exchange(self.found, region.commit, commit, commit + 1, Release);
        }
        self.p.bind(done);
    }

    /// One update of one field.
    fn update(&mut self, field: Word) {
        self.acquire(field);
        let region = self.region;
        let (v, old) = (self.versions[usize::from(field)], self.values[usize::from(field)]);
        self.p.step("update");
        self.load_active(field);
        self.p.store(region.begin.at(field), v + 1, Relaxed);
        self.p.fence(Release);
        let new = next_value(v, old + 0x10);
        self.p.store(self.model.slot(region, field, v + 1), new, Relaxed);
        self.p.store(region.version.at(field), v + 1, Release);
        if self.is(Mutant::RecoveryAfterUpdate) {
            self.recover();
        }
        self.release(field);
    }

    /// Loads version and value of a field that it holds.
    fn load_active(&mut self, field: Word) {
        let (v, old) = (self.versions[usize::from(field)], self.values[usize::from(field)]);
        self.p.load(v, self.region.version.at(field), Relaxed);
        self.p.load(old, self.model.slot(self.region, field, v), Relaxed);
        self.p.check((old >> 8).is(v), "the holder finds another version in the active slot");
    }

    /// A transaction over a set of fields; its number is the bit that it sets.
    fn transaction(&mut self, set: Word, number: Word) {
        let region = self.region;
        let fields = 0..self.model.fields;
        let (inside, outside): (Vec<Word>, Vec<Word>) =
            fields.clone().partition(|field| (set >> field) & 1 == 1);

        for field in fields.clone() {
            self.acquire(field);
        }
        self.p.step("T2");
        self.p.load(self.commit, region.commit, Relaxed);
        fields.clone().for_each(|field| self.load_active(field));
        if self.is(Mutant::OddBeforeSlots) {
            self.turn_odd();
        }
        if self.model.field_by_field {
            fields.clone().for_each(|field| self.tell(field, inside.contains(&field)));
            inside.iter().for_each(|field| self.store_slot(*field, number));
        } else {
            self.tell_all(&inside);
            for field in &inside {
                self.store_slot(*field, number);
                self.store_target(*field, self.next_version(*field), Relaxed);
            }
            let stay = if self.is(Mutant::NoTargetReset) { &[][..] } else { &outside };
            for field in stay {
                self.store_target(*field, self.versions[usize::from(*field)] + 0, Relaxed);
            }
        }
        if !self.is(Mutant::OddBeforeSlots) {
            self.turn_odd();
        }
        self.p.step("T6");
        for field in &inside {
            self.p.store(region.version.at(*field), self.next_version(*field), Release);
        }
        if self.is(Mutant::UnlockBeforeEven) {
            fields.clone().for_each(|field| self.release(field));
        }
        self.p.step("T7");
        let order = if self.is(Mutant::EvenRelaxed) { Relaxed } else { Release };
        self.p.store(region.commit, self.commit + 2, order);
        if !self.is(Mutant::UnlockBeforeEven) {
            fields.for_each(|field| self.release(field));
        }
    }

    /// T3 for all fields that take part.
    fn tell_all(&mut self, inside: &[Word]) {
        self.p.step("T3");
        for field in inside {
            self.p.store(self.region.begin.at(*field), self.next_version(*field), Relaxed);
        }
        if !self.is(Mutant::NoFenceAfterBegin) {
            self.p.fence(Release);
        }
    }

    /// T3 and the target of T4 for one field.
    fn tell(&mut self, field: Word, takes_part: bool) {
        if takes_part {
            self.tell_all(&[field]);
            self.store_target(field, self.next_version(field), Relaxed);
        } else {
            let order = if self.is(Mutant::StayRelaxed) { Relaxed } else { Release };
            self.store_target(field, self.versions[usize::from(field)] + 0, order);
        }
    }

    fn store_slot(&mut self, field: Word, number: Word) {
        self.p.step("T4");
        let at = usize::from(field);
        let new = next_value(self.versions[at], self.values[at] | (1 << number));
        let slot = self.model.slot(self.region, field, self.next_version(field));
        self.p.store(slot, new, Relaxed);
    }

    fn store_target(&mut self, field: Word, target: Expression, order: Ordering) {
        self.p.step("T4");
        self.p.store(self.region.target.at(field), target, order);
    }

    fn turn_odd(&mut self) {
        self.p.step("T5");
        let order = if self.is(Mutant::OddRelaxed) { Relaxed } else { Release };
        self.p.store(self.region.commit, self.commit + 1, order);
    }

    fn next_version(&self, field: Word) -> Expression {
        self.versions[usize::from(field)] + 1
    }
}

/// What the slot of version `v + 1` holds, given the changed value of version `v`.
fn next_value(v: Register, changed: Expression) -> Expression {
    (v + 1) << 8 | (changed & 0xff)
}
