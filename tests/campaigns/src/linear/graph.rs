//! The order that versions force on calls, and whether time agrees with it.

use super::event::{Deed, History};
use super::flaw::Flaw;

/// No process: the creation is no call.
const NOBODY: u32 = u32::MAX;

/// Who published each version, by field and version. There are two more entries than publications:
/// no call has version 0, and the creation has version 1.
pub(super) type Publishers = Vec<Vec<u32>>;

/// Finds the publisher of every version; each has to have exactly one.
pub(super) fn publishers(history: &History) -> Result<Publishers, Flaw> {
    let mut publishers = vec![vec![NOBODY; 2]; history.fields()];
    let mut known: Vec<Vec<bool>> = vec![vec![false, true]; history.fields()];
    for call in 0..history.events().len() {
        for touch in history.touches(call).iter().filter(|touch| touch.deed == Deed::Published) {
            let (field, version) = (touch.field, touch.version);
            // More versions than calls cannot be, and must not cost memory.
            let at = usize::try_from(version).unwrap_or(usize::MAX);
            if at > history.events().len() + 1 {
                let call = history.describe(call);
                return Err(Flaw::NeverPublished { field, version: version - 1, call });
            }
            let (of_field, known) = (&mut publishers[field], &mut known[field]);
            if at >= of_field.len() {
                of_field.resize(at + 1, NOBODY);
                known.resize(at + 1, false);
            }
            if at == 0 || known[at] {
                let other = match of_field[at] {
                    NOBODY => "the creation".to_owned(),
                    other => history.describe(other as usize),
                };
                let calls = [other, history.describe(call)];
                return Err(Flaw::PublishedTwice { field, version, calls });
            }
            of_field[at] = u32::try_from(call).expect("fewer than 2^32 calls");
            known[at] = true;
        }
    }
    for (field, known) in known.iter().enumerate() {
        if let Some(missing) = known.iter().skip(1).position(|known| !known) {
            let next = (missing + 2..known.len()).find(|at| known[*at]);
            let next = next.expect("the last entry is known");
            let call = history.describe(publishers[field][next] as usize);
            return Err(Flaw::NeverPublished { field, version: missing as u64 + 1, call });
        }
    }
    Ok(publishers)
}

/// Compares every value that was seen with what was published.
pub(super) fn compare_checksums(history: &History, publishers: &Publishers) -> Result<(), Flaw> {
    for call in 0..history.events().len() {
        for touch in history.touches(call).iter().filter(|touch| touch.deed == Deed::Saw) {
            let (field, version) = (touch.field, touch.version);
            let at = usize::try_from(version).unwrap_or(usize::MAX);
            if at == 0 || at >= publishers[field].len() {
                let call = history.describe(call);
                return Err(Flaw::NeverPublished { field, version, call });
            }
            let Some(seen) = touch.checksum else { continue };
            let published = published_checksum(history, publishers[field][at], field);
            if seen != published {
                let call = history.describe(call);
                return Err(Flaw::OtherValue { field, version, published, call });
            }
        }
    }
    Ok(())
}

fn published_checksum(history: &History, publisher: u32, field: usize) -> u64 {
    if publisher == NOBODY {
        return history.created(field);
    }
    let mut touches = history.touches(publisher as usize).iter();
    let own = touches.find(|touch| touch.deed == Deed::Published && touch.field == field);
    own.and_then(|touch| touch.checksum).expect("a publisher knows its value")
}

/// For every call, those that come after it.
pub(super) struct Order {
    /// Where each call's part of `later` begins, and the end of the last one.
    starts: Vec<u32>,
    later: Vec<u32>,
}

impl Order {
    pub(super) fn new(history: &History, publishers: &Publishers) -> Self {
        let calls = history.events().len();
        let mut counts = vec![0_u32; calls + 1];
        each_order(history, publishers, |before, _| counts[before as usize] += 1);
        let mut sum = 0;
        for count in &mut counts {
            sum += std::mem::replace(count, sum);
        }
        let (starts, mut ends) = (counts.clone(), counts);
        let mut later = vec![0; sum as usize];
        each_order(history, publishers, |before, after| {
            let end = &mut ends[before as usize];
            later[*end as usize] = after;
            *end += 1;
        });
        Self { starts, later }
    }

    /// How many orders there are.
    pub(super) fn len(&self) -> usize {
        self.later.len()
    }

    fn after(&self, call: u32) -> &[u32] {
        let [start, end] = [0, 1].map(|more| self.starts[call as usize + more] as usize);
        &self.later[start..end]
    }

    /// Gives every call its earliest instant, which must lie before its end.
    pub(super) fn earliest_instants(&self, history: &History) -> Result<(), Flaw> {
        let calls = history.events().len();
        let mut waits_for = vec![0_u32; calls];
        for after in &self.later {
            waits_for[*after as usize] += 1;
        }
        // Whose beginning is the earliest instant of each call.
        let mut since: Vec<u32> = (0..calls as u32).collect();
        let mut ready: Vec<u32> =
            (0..calls as u32).filter(|call| waits_for[*call as usize] == 0).collect();
        let start = |call: u32| history.events()[call as usize].start;
        let mut settled = 0;
        while let Some(call) = ready.pop() {
            settled += 1;
            let own = since[call as usize];
            if start(own) > history.events()[call as usize].end {
                return Err(Flaw::against_time(history, own as usize, call as usize));
            }
            for &after in self.after(call) {
                let of_after = &mut since[after as usize];
                if start(own) > start(*of_after) {
                    *of_after = own;
                }
                waits_for[after as usize] -= 1;
                if waits_for[after as usize] == 0 {
                    ready.push(after);
                }
            }
        }
        if settled == calls { Ok(()) } else { Err(self.cycle(history, &waits_for)) }
    }

    /// Among calls that wait for each other, walks to those that are before until it returns to one
    /// of them.
    fn cycle(&self, history: &History, waits_for: &[u32]) -> Flaw {
        let stuck = |call: &u32| waits_for[*call as usize] > 0;
        let calls = 0..waits_for.len() as u32;
        let mut before = vec![NOBODY; waits_for.len()];
        for call in calls.clone().filter(stuck) {
            for after in self.after(call).iter().copied().filter(|after| stuck(after)) {
                before[after as usize] = call;
            }
        }
        let mut met = vec![false; waits_for.len()];
        let mut at = calls.clone().find(stuck).expect("a call waits");
        while !std::mem::replace(&mut met[at as usize], true) {
            at = before[at as usize];
        }
        let (first, mut cycle) = (at, vec![at as usize]);
        while before[at as usize] != first {
            at = before[at as usize];
            cycle.push(at as usize);
        }
        cycle.reverse();
        Flaw::cycle(history, &cycle)
    }
}

/// Calls `order` with every pair of calls of which one has to come before the other.
fn each_order(history: &History, publishers: &Publishers, mut order: impl FnMut(u32, u32)) {
    let mut apart = |before: u32, after: u32| {
        if before != NOBODY && before != after {
            order(before, after);
        }
    };
    for call in 0..history.events().len() as u32 {
        for touch in history.touches(call as usize) {
            let of_field = &publishers[touch.field];
            let version = touch.version as usize;
            match touch.deed {
                Deed::Published => apart(of_field[version - 1], call),
                Deed::Saw => {
                    apart(of_field[version], call);
                    if let Some(next) = of_field.get(version + 1) {
                        apart(call, *next);
                    }
                }
            }
        }
    }
}
