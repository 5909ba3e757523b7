//! Snapshots, and reads of one field.

use std::sync::atomic::Ordering::{Acquire, Relaxed, SeqCst};

use super::{Commit, Look, Mutant, ReadingProcess, Region};
use crate::{Compare, Machine, Program, Register, Word};

/// A reader's program while it is written. Where the protocol says "again", the process ends: that
/// it may begin later instead is explored anyway.
struct Author<'m> {
    model: &'m Commit,
    region: Region,
    p: Program,
    commit: Register,
    /// Scratch: a begin, a target, a version or commit word looked at again.
    other: Register,
    pending: Register,
    versions: Vec<Register>,
    values: Vec<Register>,
    /// The oldest version of each field that a later look may find.
    floors: Vec<Register>,
    /// The transactions seen so far, as bits.
    known: Register,
}

impl Commit {
    pub(super) fn run_reader(
        &self,
        machine: &mut Machine,
        region: Region,
        number: usize,
        looks: &[Look],
    ) -> ReadingProcess {
        let mut p = Program::new(format!("reader {number}"));
        let accepted = p.kept_register("accepted");
        let versions: Vec<_> = (0..self.fields).map(|_| p.kept_register("v")).collect();
        let values = (0..self.fields).map(|_| p.register("value")).collect();
        let floors = (0..self.fields).map(|_| p.register("floor")).collect();
        let (commit, other) = (p.register("commit"), p.register("other"));
        let (pending, known) = (p.register("pending"), p.register("known"));
        let mut author = Author {
            model: self,
            region,
            p,
            commit,
            other,
            pending,
            versions: versions.clone(),
            values,
            floors,
            known,
        };
        for (at, look) in looks.iter().enumerate() {
            match look {
                Look::Snapshot => author.snapshot(),
                Look::Read(field) => author.read(*field),
            }
            let fields = match look {
                Look::Snapshot => 0..self.fields,
                Look::Read(field) => *field..*field + 1,
            };
            author.check(fields, at + 1 < looks.len());
        }
        if looks.last() == Some(&Look::Snapshot) {
            author.p.set(accepted, 1);
        }
        ReadingProcess { process: machine.run(author.p), accepted, versions }
    }
}

impl Author<'_> {
    fn is(&self, mutant: Mutant) -> bool {
        self.model.is(mutant)
    }

    fn snapshot(&mut self) {
        let (region, commit, other) = (self.region, self.commit, self.other);
        let ignores_commit = self.is(Mutant::SnapshotIgnoresCommit);
        self.p.step("S1");
        if ignores_commit {
            self.p.set(commit, 0);
        } else {
            self.p.load(commit, region.commit, Acquire);
        }
        self.p.step("S2");
        for field in 0..self.model.fields {
            let v = self.versions[usize::from(field)];
            self.p.load(v, region.version.at(field), Acquire);
            if !ignores_commit {
                self.p.when(commit % 2, |p| {
                    p.load(other, region.target.at(field), Relaxed);
                    p.when(other.is(v + 1), |p| p.set(v, other));
                });
            }
            self.copy(field);
        }
        self.p.step("S3");
        let weak = self.is(Mutant::SnapshotFenceAcquire);
        self.p.fence(if weak { Acquire } else { SeqCst });
        self.p.step("S4");
        if !self.is(Mutant::SnapshotWithoutRecheck) {
            let changed = self.p.label();
            let stable = self.p.label();
            self.p.jump_if(commit % 2, stable);
            for (field, v) in (0..).zip(&self.versions) {
                self.p.load(other, region.version.at(field), Relaxed);
                self.p.jump_if(other.differs(*v), changed);
            }
            self.p.jump(stable);
            self.p.bind(changed);
            self.p.end();
            self.p.bind(stable);
        }
        self.p.step("S5");
        let unconfirmed = self.p.label();
        if self.is(Mutant::SnapshotOddUnconfirmed) {
            self.p.jump_if(commit % 2, unconfirmed);
        }
        if !ignores_commit {
            self.p.load(other, region.commit, Relaxed);
            self.p.end_if(other.differs(commit));
        }
        self.p.bind(unconfirmed);
    }

    fn read(&mut self, field: Word) {
        let (region, commit, other, pending) = (self.region, self.commit, self.other, self.pending);
        let v = self.versions[usize::from(field)];
        let once = self.is(Mutant::ReadVersionOnce);
        self.p.step("read");
        self.p.load(v, region.version.at(field), Acquire);
        self.p.set(pending, 0);
        if !self.is(Mutant::ReadIgnoresCommit) {
            self.p.load(other, region.begin.at(field), Relaxed);
            self.p.when(other.differs(v), |p| {
                p.load(commit, region.commit, Acquire);
                if !once {
                    p.load(v, region.version.at(field), Acquire);
                }
                p.when(commit % 2, |p| {
                    p.set(pending, 1);
                    p.load(other, region.target.at(field), Relaxed);
                    p.when(other.is(v + 1), |p| p.set(v, other));
                });
            });
        }
        self.copy(field);
        if !self.is(Mutant::ReadUnconfirmed) {
            self.p.when(pending, |p| {
                p.load(other, region.commit, Relaxed);
                p.end_if(other.differs(commit));
            });
        }
    }

    /// Copies the slot of the version that was decided on, and accepts it or ends.
    fn copy(&mut self, field: Word) {
        let (v, value) = (self.versions[usize::from(field)], self.values[usize::from(field)]);
        self.p.load(value, self.model.slot(self.region, field, v), Relaxed);
        self.p.fence(Acquire);
        self.p.load(self.other, self.region.begin.at(field), Relaxed);
        self.p.end_if((self.other - v).exceeds(self.model.slots - 1));
    }

    /// Checks what was accepted; `again` if another look follows.
    fn check(&mut self, fields: std::ops::Range<Word>, again: bool) {
        for field in fields.clone() {
            let at = usize::from(field);
            let (v, value, floor) = (self.versions[at], self.values[at], self.floors[at]);
            self.p.check((value >> 8).is(v), "the slot holds another version");
            self.p.check(floor.exceeds(v).is(0), "a field goes back");
            let missing = self.known & (value ^ 0xf) & self.model.bits_of(field);
            self.p.check(missing.is(0), "a transaction seen before is not there");
        }
        for (number, set) in self.model.transactions() {
            let members = fields.clone().filter(|field| (set >> field) & 1 == 1);
            let seen: Vec<_> =
                members.map(|field| (self.values[usize::from(field)] >> number) & 1).collect();
            for pair in seen.windows(2) {
                let same = pair[0].clone().is(pair[1].clone());
                self.p.check(same, "a transaction is half in the snapshot");
            }
        }
        if again {
            for field in fields {
                let at = usize::from(field);
                self.p.set(self.floors[at], self.versions[at] + 0);
                let bits = self.values[at] & 0xf;
                self.p.set(self.known, self.known | bits);
            }
        }
    }
}
