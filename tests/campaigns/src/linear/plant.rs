//! Faults put into good histories, to see that the checker finds them.

use super::event::{Deed, History, Touch};
use shma_tests::rng::Rng;

/// What a broken store could let its callers see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A value that had been replaced, with the call acknowledged, before the look at it began.
    StaleRead,
    /// A value whose publication began only after the look at it had ended.
    FutureRead,
    /// A value that is not what was published.
    TornValue,
    /// Two publishers of one version.
    SameVersion,
    /// An update of an older value than the one that it replaced.
    LostUpdate,
    /// Two looks of one process, the later one at the older value.
    BackwardReads,
    /// A look at several fields with half of a transaction.
    HalfTransaction,
}

impl Fault {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::StaleRead,
        Self::FutureRead,
        Self::TornValue,
        Self::SameVersion,
        Self::LostUpdate,
        Self::BackwardReads,
        Self::HalfTransaction,
    ];
}

/// A place for a fault: a touch of a call, and what becomes of it.
type Change = (usize, usize, Touch);

/// Plants one fault at a random place; false if the history has no place for it.
pub fn plant(fault: Fault, history: &mut History, rng: &mut Rng) -> bool {
    let places = Places::new(history);
    let candidates = places.of(fault, history);
    if candidates.is_empty() {
        return false;
    }
    for (call, at, touch) in &candidates[rng.below(candidates.len())] {
        history.touches_mut(*call)[*at] = *touch;
    }
    true
}

/// Who published what in a history that is whole.
struct Places {
    /// By field and version: the call and its value. The first two entries belong to no call.
    published: Vec<Vec<Option<(usize, u64)>>>,
}

impl Places {
    fn new(history: &History) -> Self {
        let created = (0..history.fields()).map(|_| vec![None; 2]);
        let mut published: Vec<Vec<Option<(usize, u64)>>> = created.collect();
        for (call, _, touch) in touches(history, Deed::Published) {
            let (of_field, at) = (&mut published[touch.field], touch.version as usize);
            if of_field.len() <= at {
                of_field.resize(at + 1, None);
            }
            of_field[at] = touch.checksum.map(|checksum| (call, checksum));
        }
        Self { published }
    }

    fn publisher(&self, field: usize, version: u64) -> Option<(usize, u64)> {
        self.published[field].get(version as usize).copied().flatten()
    }

    /// A look at another version of the field, with the value of that.
    fn look_at(&self, history: &History, touch: Touch, version: u64) -> Touch {
        let value = self.publisher(touch.field, version).map(|(_, checksum)| checksum);
        let value = value.unwrap_or_else(|| history.created(touch.field));
        Touch { version, checksum: touch.checksum.map(|_| value), ..touch }
    }

    fn of(&self, fault: Fault, history: &History) -> Vec<Vec<Change>> {
        let looks = || touches(history, Deed::Saw);
        let alone = |call: usize| history.touches(call).len() == 1;
        let times = |call: usize| (history.events()[call].start, history.events()[call].end);
        match fault {
            Fault::StaleRead => looks()
                .filter(|&(call, _, touch)| {
                    let publisher = self.publisher(touch.field, touch.version);
                    alone(call) && publisher.is_some_and(|(by, _)| times(by).1 < times(call).0)
                })
                .map(|(call, at, touch)| {
                    vec![(call, at, self.look_at(history, touch, touch.version - 1))]
                })
                .collect(),
            Fault::FutureRead => looks()
                .filter_map(|(call, at, touch)| {
                    let later = touch.version + 1..self.published[touch.field].len() as u64;
                    let mut begun_later = later.filter(|version| {
                        let publisher = self.publisher(touch.field, *version);
                        publisher.is_some_and(|(by, _)| times(by).0 > times(call).1)
                    });
                    let version = begun_later.next().filter(|_| alone(call))?;
                    Some(vec![(call, at, self.look_at(history, touch, version))])
                })
                .collect(),
            Fault::TornValue => looks()
                .filter_map(|(call, at, touch)| {
                    let checksum = Some(touch.checksum? ^ 1);
                    Some(vec![(call, at, Touch { checksum, ..touch })])
                })
                .collect(),
            Fault::SameVersion => touches(history, Deed::Published)
                .map(|(call, at, touch)| {
                    vec![(call, at, Touch { version: touch.version - 1, ..touch })]
                })
                .collect(),
            Fault::LostUpdate => looks()
                .filter(|&(call, _, touch)| {
                    let mut own = history.touches(call).iter();
                    touch.version > 1
                        && own.any(|own| own.deed == Deed::Published && own.field == touch.field)
                })
                .map(|(call, at, touch)| {
                    vec![(call, at, self.look_at(history, touch, touch.version - 1))]
                })
                .collect(),
            Fault::BackwardReads => self.backward(history),
            Fault::HalfTransaction => self.half(history),
        }
    }

    /// Neighbours in a process's own order that can change what they saw.
    fn backward(&self, history: &History) -> Vec<Vec<Change>> {
        let mut last: Vec<Option<Change>> = Vec::new();
        let mut found = Vec::new();
        let mut single: Vec<Change> = touches(history, Deed::Saw).collect();
        single.retain(|(call, ..)| history.touches(*call).len() == 1);
        single.sort_by_key(|(call, ..)| history.events()[*call].start);
        for (call, at, touch) in single {
            let key = usize::from(history.events()[call].process) * history.fields() + touch.field;
            if last.len() <= key {
                last.resize(key + 1, None);
            }
            if let Some((before, its, older)) = last[key].replace((call, at, touch))
                && older.version < touch.version
                && older.checksum.is_some() == touch.checksum.is_some()
            {
                found.push(vec![(before, its, touch), (call, at, older)]);
            }
        }
        found
    }

    /// Looks at several fields of which two were published as one by what they saw last.
    fn half(&self, history: &History) -> Vec<Vec<Change>> {
        let mut found = Vec::new();
        for call in 0..history.events().len() {
            let all = history.touches(call);
            if all.len() < 2 || all.iter().any(|touch| touch.deed != Deed::Saw) {
                continue;
            }
            let by = |touch: &Touch| self.publisher(touch.field, touch.version).map(|(by, _)| by);
            for (at, touch) in all.iter().enumerate() {
                let Some(publisher) = by(touch) else { continue };
                if all[..at].iter().any(|other| by(other) == Some(publisher)) {
                    let half = self.look_at(history, *touch, touch.version - 1);
                    found.push(vec![(call, at, half)]);
                }
            }
        }
        found
    }
}

/// All touches of a kind, as they are.
fn touches(history: &History, deed: Deed) -> impl Iterator<Item = Change> {
    (0..history.events().len()).flat_map(move |call| {
        let all = history.touches(call).iter().enumerate();
        all.filter(move |(_, touch)| touch.deed == deed).map(move |(at, touch)| (call, at, *touch))
    })
}
