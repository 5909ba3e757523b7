//! What must hold when every process has come to rest.

use super::{Act, Commit, ReadingProcess, Region, WritingProcess};
use crate::{Moment, Word};

impl Commit {
    /// What a reader finds at the end: the target, if a commit was cut off after its instant.
    fn value_at_end(&self, end: &Moment<'_>, region: Region, field: Word) -> Word {
        let mut version = end.latest(region.version, field);
        let odd = end.latest(region.commit, 0) % 2 == 1;
        if odd && end.latest(region.target, field) == version + 1 {
            version += 1;
        }
        end.latest(region.slots, field * self.slots + version % self.slots)
    }

    /// A transaction is in all fields of its set, or in none.
    pub(super) fn transactions_are_whole(
        &self,
        end: &Moment<'_>,
        region: Region,
    ) -> Result<(), String> {
        for (number, set) in self.transactions() {
            let members = (0..self.fields).filter(|field| (set >> field) & 1 == 1);
            let mut seen =
                members.map(|field| (self.value_at_end(end, region, field) >> number) & 1);
            let first = seen.next();
            if seen.any(|other| Some(other) != first) {
                return Err(format!("transaction {number} is half in at the end"));
            }
        }
        Ok(())
    }

    /// Between what was acknowledged, and that with what the killed had under way.
    pub(super) fn nothing_is_lost(
        &self,
        end: &Moment<'_>,
        region: Region,
        writers: &[WritingProcess],
    ) -> Result<(), String> {
        for field in 0..self.fields {
            let value = self.value_at_end(end, region, field);
            let (mut least, mut most, mut number) = (0, 0, 0);
            for writer in writers {
                let acknowledged = usize::from(end.register(writer.process, writer.acknowledged));
                let begun = acknowledged + usize::from(end.is_killed(writer.process));
                for (at, act) in writer.acts.iter().enumerate() {
                    let adds = match act {
                        Act::Update(one) => Word::from(*one == field) << 4,
                        Act::Transaction(set) => {
                            number += 1;
                            ((set >> field) & 1) << (number - 1)
                        }
                    };
                    least += if at < acknowledged { adds } else { 0 };
                    most += if at < begun { adds } else { 0 };
                }
            }
            let (updates, bits) = ((value >> 4) & 0xf, value & 0xf);
            let counted = (least >> 4..=most >> 4).contains(&updates);
            let marked = least & 0xf & !bits == 0 && bits & !most & 0xf == 0;
            if !(counted && marked) {
                return Err(format!(
                    "field {field} holds {value:#05x}, not between {least:#04x} and {most:#04x}"
                ));
            }
        }
        Ok(())
    }

    /// No accepted snapshot, compared with another, is newer in one field and older in another.
    pub(super) fn snapshots_are_ordered(
        end: &Moment<'_>,
        readers: &[ReadingProcess],
    ) -> Result<(), String> {
        let taken: Vec<Vec<Word>> = readers
            .iter()
            .filter(|reader| end.register(reader.process, reader.accepted) != 0)
            .map(|reader| {
                reader
                    .versions
                    .iter()
                    .map(|version| end.register(reader.process, *version))
                    .collect()
            })
            .collect();
        for (at, one) in taken.iter().enumerate() {
            for other in &taken[..at] {
                let newer = one.iter().zip(other).any(|(a, b)| a > b);
                let older = one.iter().zip(other).any(|(a, b)| a < b);
                if newer && older {
                    return Err(format!("snapshots disagree on an order: {one:?} and {other:?}"));
                }
            }
        }
        Ok(())
    }
}
