//! Victims that publish: in every way, to fields of every size, alone and beside others.

use shma_core::untyped::{self, State, Wait};
use shma_core::{Field, Shm};

use crate::ptrace::{Tracee, mark};
use crate::step_kill::companion::Companion;
use crate::step_kill::path::{self, Path, Point};
use crate::step_kill::site::{Contents, FIELDS, LENGTHS, Plot, Site};
use crate::step_kill::{self, Case};
use shma_tests::region::{self, InDirectory};
use shma_tests::rng::Rng;

/// How a victim publishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    Update,
    UpdateWith,
    Write,
    UpdateRange,
    UpdateIf,
    /// Its closure changes its copy, and does not want it published.
    UpdateIfNone,
    UpdateRangeIf,
    WriteFlat,
    UpdateFlat,
    UpdateWithFlat,
    /// To all fields.
    Transaction,
    /// To all fields but one.
    TransactionBut,
    /// A whole value, a part of it, and a whole value again, under one acquisition.
    Writer,
    /// The semaphore as a value, without the struct; a whole value.
    Held,
    /// A part of one.
    HeldPart,
    /// A transaction on all fields, without the struct.
    Committed,
}

const CALLS: [Call; 16] = [
    Call::Update,
    Call::UpdateWith,
    Call::Write,
    Call::UpdateRange,
    Call::UpdateIf,
    Call::UpdateIfNone,
    Call::UpdateRangeIf,
    Call::WriteFlat,
    Call::UpdateFlat,
    Call::UpdateWithFlat,
    Call::Transaction,
    Call::TransactionBut,
    Call::Writer,
    Call::Held,
    Call::HeldPart,
    Call::Committed,
];

impl Call {
    fn is_transaction(self) -> bool {
        matches!(self, Self::Transaction | Self::TransactionBut | Self::Committed)
    }

    fn is_of_part(self) -> bool {
        matches!(self, Self::UpdateRange | Self::UpdateRangeIf | Self::HeldPart)
    }

    /// Whether it goes beside these. One on a slice shares what comes behind its entry with another
    /// call; a replacement has no closure in which it could wait for the waiter.
    fn goes_beside(self, others: Others) -> bool {
        match self {
            Self::WriteFlat | Self::UpdateFlat | Self::UpdateWithFlat => others == Others::None,
            Self::Write => others != Others::Waiter,
            _ => true,
        }
    }
}

/// Who else has to do with the semaphore.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Others {
    None,
    /// A living process holds it when the victim comes, and releases it when the victim sleeps.
    Holder,
    /// A process sleeps for it while the victim holds it.
    Waiter,
    /// Another victim was killed at some point of the call just before; of a transaction, of one of
    /// all fields.
    Corpse,
}

/// One call on one field.
#[derive(Debug)]
pub struct Publish {
    call: Call,
    /// The field; of a transaction, the one that others have to do with, or that it leaves out.
    field: usize,
    others: Others,
    /// Draws where the one before is killed.
    rng: Rng,
    /// Where that is: for all victims the same, so that they go the same way.
    corpse: Option<Point>,
    companion: Option<Companion>,
    /// What may be there after a death, and last what is there after the call.
    choices: Vec<Contents>,
}

/// All calls that publish; beside each corpse of so many, if beside one.
pub fn all(corpses: usize, rng: &mut Rng) -> Vec<Box<dyn Case>> {
    let mut cases: Vec<Box<dyn Case>> = Vec::new();
    for call in CALLS {
        for others in [Others::None, Others::Holder, Others::Waiter, Others::Corpse] {
            if !call.goes_beside(others) {
                continue;
            }
            let each = if others == Others::Corpse { corpses } else { 1 };
            for field in (0..FIELDS).flat_map(|field| std::iter::repeat_n(field, each)) {
                cases.push(Box::new(Publish::new(call, field, others, rng)));
            }
        }
    }
    cases
}

impl Publish {
    fn new(call: Call, field: usize, others: Others, rng: &mut Rng) -> Self {
        Self {
            call,
            field,
            others,
            rng: Rng::new(rng.next_u64()),
            corpse: None,
            companion: None,
            choices: Vec::new(),
        }
    }

    /// Whether the call publishes to a field.
    fn changes(&self, field: usize) -> bool {
        match self.call {
            Call::Transaction | Call::Committed => true,
            Call::UpdateIfNone => false,
            Call::TransactionBut => field != self.field,
            _ => field == self.field,
        }
    }

    /// What the call makes of what it finds, publication by publication.
    fn apply(&self, found: &Contents) -> Vec<Contents> {
        if self.call != Call::Writer {
            return vec![self.publish(found, self.call.is_of_part())];
        }
        let mut made = Vec::new();
        for partly in [false, true, false] {
            made.push(self.publish(made.last().unwrap_or(found), partly));
        }
        made
    }

    /// What one publication makes of what it finds.
    fn publish(&self, found: &Contents, partly: bool) -> Contents {
        let mut made = found.clone();
        for field in 0..FIELDS {
            if !self.changes(field) {
                continue;
            }
            let content = &mut made[field];
            content.version += 1;
            let length = LENGTHS[field];
            let changed = if partly { part(length) } else { 0..length };
            for at in changed {
                content.elements[at] = content.version << 16 | at as u64;
            }
        }
        made
    }

    /// The victim, about to make the call, which finds `found`.
    fn start(&self, site: &Site, found: &Contents, others: Others) -> Tracee {
        let inside = || {
            if others == Others::Waiter {
                mark();
            }
        };
        let Self { call, field, .. } = *self;
        step_kill::start(|| {
            let made = self.apply(found);
            let made = |field: usize| made.iter().map(move |made| &made[field].elements[..]);
            if matches!(call, Call::Held | Call::HeldPart | Call::Committed) {
                let state = region::untyped().open(&site.name, None).unwrap();
                let mut all = (0..FIELDS).map(|field| made(field).next().expect("one"));
                let made = std::array::from_fn(|_| all.next().expect("one of each field"));
                return without_struct(&state, call, field, made, inside);
            }
            let plot: Shm<Plot> = Plot::in_directory().open(&site.name).unwrap();
            match field {
                _ if call.is_transaction() => {
                    let mut all = (0..FIELDS).map(|field| made(field).next().expect("one"));
                    let made = std::array::from_fn(|_| all.next().expect("one of each field"));
                    transact(&plot, made, inside);
                }
                0 => publish(&plot.tiny, call, made(0), inside),
                1 => publish(&plot.middle, call, made(1), inside),
                _ => publish(&plot.large, call, made(2), inside),
            }
        })
    }

    /// Kills another victim of the same call where something has changed for others.
    fn kill_one_before(&mut self, site: &mut Site) -> Result<(), String> {
        let call = match self.call {
            Call::TransactionBut => Call::Transaction,
            call => call,
        };
        let mut alone = Self::new(call, self.field, Others::None, &mut self.rng);
        if self.corpse.is_none() {
            let way = Path::step(&mut alone, &mut site.another())?;
            let (_, changes) = way.points().expect("it was walked");
            let turn = self.rng.below(changes as usize) as u64;
            let [_, direct] = way.routes(turn, &mut self.rng);
            self.corpse = Some(direct);
        }
        let point = self.corpse.as_ref().expect("it was found just now");
        let mut victim = alone.victim(site)?;
        path::lead(&mut victim, point, &mut alone, site)?;
        victim.kill();
        // No process repairs anything yet: they only look.
        site.settle_on(&alone.choices)
    }
}

/// The elements that an update of a part changes.
fn part(length: usize) -> std::ops::Range<usize> {
    length / 4..length - length / 4
}

fn publish<'a, const N: usize>(
    field: &Field<[u64; N]>,
    call: Call,
    made: impl Iterator<Item = &'a [u64]>,
    inside: impl Fn(),
) {
    let values: Vec<[u64; N]> = made.map(|made| made.try_into().expect("a value")).collect();
    let value = values[0];
    let part = part(N);
    let first = std::cell::Cell::new(true);
    mark();
    match call {
        Call::Update => field.update(|new, _| {
            *new = value;
            inside();
        }),
        Call::UpdateWith => {
            _ = field.update_with(&value, |new, _| {
                if first.replace(false) {
                    inside();
                }
                new
            })
        }
        Call::Write => _ = field.write(&value),
        Call::UpdateRange => field.update_range(part.clone(), |new, _| {
            new.copy_from_slice(&value[part]);
            inside();
        }),
        Call::UpdateIf => {
            let changed = field.update_if(|new, _| {
                *new = value;
                inside();
                Some(())
            });
            changed.unwrap();
        }
        Call::UpdateIfNone => {
            let none = field.update_if(|new, _| {
                new.fill(!0);
                inside();
                None::<()>
            });
            assert!(none.is_none());
        }
        Call::UpdateRangeIf => {
            let changed = field.update_range_if(part.clone(), |new, _| {
                new.copy_from_slice(&value[part]);
                inside();
                Some(())
            });
            changed.unwrap();
        }
        Call::WriteFlat => _ = field.write_flat(&value),
        Call::UpdateFlat => field.update_flat(|new, _| new.copy_from_slice(&value)),
        Call::UpdateWithFlat => _ = field.update_with_flat(&value, |new, _| new),
        Call::Writer => {
            let mut writer = field.writer().unwrap();
            writer.write(&value);
            writer.update_range(part.clone(), |new, _| {
                new.copy_from_slice(&values[1][part]);
                inside();
            });
            writer.update(|new, _| *new = values[2]);
        }
        Call::Transaction | Call::TransactionBut | Call::Committed => {
            unreachable!("not of one field")
        }
        Call::Held | Call::HeldPart => unreachable!("without the struct"),
    }
    mark();
}

/// The calls of a process that has no struct.
fn without_struct(
    state: &State,
    call: Call,
    field: usize,
    made: [&[u64]; FIELDS],
    inside: impl Fn(),
) {
    let value: &[u8] = bytemuck::cast_slice(made[field]);
    let field = &state.fields()[field];
    let part = part(value.len() / 8);
    let part = 8 * part.start..8 * part.end;
    let all: Vec<(&untyped::Field, &[u8])> = state
        .fields()
        .iter()
        .zip(made)
        .map(|(field, made)| (field, bytemuck::cast_slice(made)))
        .collect();
    mark();
    if call == Call::Committed {
        let transaction = state.begin(Wait::Forever).unwrap();
        inside();
        transaction.commit(&all).unwrap();
    } else {
        let held = field.hold(Wait::Forever).unwrap();
        inside();
        match call {
            Call::HeldPart => held.publish_part(part.start, &value[part]).unwrap(),
            _ => held.publish(value).unwrap(),
        };
    }
    mark();
}

fn transact(plot: &Shm<Plot>, made: [&[u64]; FIELDS], inside: impl Fn()) {
    let [tiny, middle, large] = made;
    mark();
    plot.transaction(|new, _| {
        new.tiny.copy_from_slice(tiny);
        new.middle.copy_from_slice(middle);
        new.large.copy_from_slice(large);
        inside();
    });
    mark();
}

impl Case for Publish {
    fn name(&self) -> String {
        let Self { call, others, .. } = self;
        format!("{call:?} on {} bytes, {others:?}", 8 * LENGTHS[self.field])
    }

    fn marks(&self) -> u32 {
        u32::from(self.others == Others::Waiter)
    }

    fn victim(&mut self, site: &mut Site) -> Result<Tracee, String> {
        if self.others == Others::Corpse {
            self.kill_one_before(site)?;
        }
        let mut found = site.now.clone();
        let mut after = Vec::new();
        self.companion = match self.others {
            Others::None | Others::Corpse => None,
            Others::Holder => {
                let holder = Companion::holder(site, self.field);
                found = Companion::makes(&found, self.field);
                Some(holder)
            }
            Others::Waiter => Some(Companion::waiter(site, self.field)),
        };
        after.push(found.clone());
        after.extend(self.apply(&found));
        if self.others == Others::Waiter {
            after = after.iter().map(|found| Companion::makes(found, self.field)).collect();
        }
        self.choices = after;
        Ok(self.start(site, &found, self.others))
    }

    fn attend(&mut self, site: &mut Site) -> Result<(), String> {
        let waiter = self.companion.as_ref().expect("there is one if there is a mark");
        waiter.go();
        waiter.await_sleep(site)
    }

    fn aftermath(&mut self, site: &mut Site, returned: bool) -> Result<(), String> {
        if let Some(companion) = self.companion.take() {
            companion.end()?;
        }
        site.check_words()?;
        let last = self.choices.len() - 1;
        let choices = if returned { &self.choices[last..] } else { &self.choices[..] };
        site.settle_on(choices)?;
        site.go_round()
    }
}
