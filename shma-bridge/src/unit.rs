//! What moves as one: a field, or a group of fields.

use std::time::Duration;

use shma_core::OwnedManifest;
use shma_core::Version;
use shma_core::untyped::{Field, State, Wait};

use crate::engine::Engine;
use crate::error::Error;
use crate::part::{Arrived, Part};
use crate::protocol::{Pace, Plan, Status, sent};
use crate::rules::Rule;

/// How long one try for a semaphore that a local program holds may delay the other nodes.
const TRY: Duration = Duration::from_millis(5);

/// The first publication of a field: the value that it was created with.
const CREATED: u64 = 1;

/// A unit at this node.
#[derive(Debug)]
pub(crate) struct Unit {
    pub(crate) parts: Vec<Part>,
    /// The publications that the other nodes know: those that were sent, and those that came from them.
    sent: Vec<u64>,
    /// The publications that there were at the last look.
    seen: Vec<u64>,
    /// All parts have arrived once since the region was attached.
    filled: bool,
    pending: Option<Arrived>,
}

impl Unit {
    pub(crate) fn new(rules: &[Rule], manifest: &OwnedManifest) -> Result<Self, Error> {
        let parts: Vec<Part> =
            rules.iter().map(|rule| Part::new(rule, manifest)).collect::<Result<_, _>>()?;
        let versions = vec![0; parts.len()];
        Ok(Self { parts, sent: versions.clone(), seen: versions, filled: false, pending: None })
    }

    /// Forgets what it knows of the region, since there is another one.
    pub(crate) fn forget(&mut self) {
        self.sent.fill(0);
        self.seen.fill(0);
        self.filled = false;
        self.pending = None;
    }

    pub(crate) fn pace(&self) -> Pace {
        Pace { mean: self.parts.iter().any(Part::is_mean), group: self.parts.len() > 1 }
    }

    /// The fields whose publications go to others, and the last ones that were seen.
    pub(crate) fn watched<'s>(
        &'s self,
        state: &'s State,
        me: usize,
        nodes: usize,
    ) -> impl Iterator<Item = (&'s Field, Version)> {
        let own = self.parts.iter().zip(&self.seen);
        own.filter(move |(part, _)| part.is_owned_by(me, nodes))
            .map(|(part, seen)| (&state.fields()[part.index], Version::from(*seen)))
    }

    /// How this node stands with it. What is pending is tried again.
    pub(crate) fn look(
        &mut self,
        state: Option<&State>,
        me: usize,
        nodes: usize,
    ) -> Result<Status, Error> {
        let Some(state) = state else { return Ok(Status::ABSENT) };
        self.apply(state, me)?;
        for (part, seen) in self.parts.iter().zip(&mut self.seen) {
            *seen = state.fields()[part.index].version().into();
        }
        let fresh = self.seen.iter().all(|&version| version == CREATED);
        let pending = self.pending.is_some();
        let mut parts = self.parts.iter().enumerate();
        let changed =
            parts.any(|(at, part)| part.is_owned_by(me, nodes) && self.seen[at] != self.sent[at]);
        Ok(Status::PRESENT
            .and(Status::FRESH, fresh)
            .and(Status::PENDING, pending)
            .and(Status::WANTS, (fresh || !self.filled) && !pending)
            .and(Status::CHANGED, changed && !fresh))
    }

    /// Reads all fields as they stand at one instant.
    pub(crate) fn take(&mut self, state: &State) -> Result<(), Error> {
        let mut fields: Vec<(&Field, &mut [u8])> = Vec::with_capacity(self.parts.len());
        for part in &mut self.parts {
            fields.push((&state.fields()[part.index], &mut part.sent));
        }
        match &mut fields[..] {
            [(field, bytes)] => self.sent[0] = field.read(bytes)?.into(),
            fields => {
                let versions = state.snapshot(fields)?;
                self.sent = versions.into_iter().map(u64::from).collect();
            }
        }
        Ok(())
    }

    /// Moves what the plan says; `part_bytes` at a time. Returns what is to be reported.
    pub(crate) fn transfer(
        &mut self,
        engine: &mut impl Engine,
        plan: &Plan,
        part_bytes: usize,
        pause: &mut dyn FnMut(),
    ) -> Result<Vec<String>, Error> {
        let (me, nodes) = (engine.node(), engine.nodes());
        let mut reports = Vec::new();
        for part in &mut self.parts {
            let channel = part.index;
            for piece in part.pieces(nodes).filter(|piece| plan.moves(piece.owner)) {
                let source = plan.source(piece.owner);
                for bytes in part.arriving(&piece, source == me).chunks_mut(part_bytes) {
                    engine.broadcast(channel, source, bytes, pause)?;
                }
            }
            let numbers = part.numbers(plan.is_source(me).then_some(me));
            for numbers in numbers.chunks_mut((part_bytes / size_of::<f64>()).max(1)) {
                engine.sum(channel, numbers, pause)?;
            }
            reports.extend(part.divide(plan.sources()));
        }
        let mut arrived = Arrived::of(plan, me, nodes);
        arrived.news = self.parts.iter().any(|part| part.is_news(plan, me));
        self.pending = Some(arrived.after(self.pending.take()));
        Ok(reports)
    }

    /// Publishes what has arrived, unless a local program holds the semaphore for longer than a moment.
    pub(crate) fn apply(&mut self, state: &State, me: usize) -> Result<(), Error> {
        let Some(arrived) = self.pending.take() else { return Ok(()) };
        let tried = match &mut self.parts[..] {
            [part] => publish(part, state, &arrived, me, &mut self.sent[0]),
            parts => commit(parts, state, &arrived, me, &mut self.sent),
        };
        match tried {
            Ok(()) => self.filled |= arrived.full,
            Err(shma_core::Error::Timeout { .. } | shma_core::Error::WouldBlock { .. }) => {
                self.pending = Some(arrived);
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Drops what has arrived: there is no region that could take it.
    pub(crate) fn discard(&mut self) {
        self.pending = None;
    }
}

fn publish(
    part: &mut Part,
    state: &State,
    arrived: &Arrived,
    me: usize,
    known: &mut u64,
) -> Result<(), shma_core::Error> {
    let held = state.fields()[part.index].hold(Wait::AtMost(TRY))?;
    let before = u64::from(held.load(&mut part.current)?);
    let fresh = before == CREATED;
    let adopts = fresh && arrived.full;
    // A publication of what was there already still is one, and an adopted one ends being fresh.
    if part.overlay(arrived, me, fresh) || adopts || (arrived.news && !fresh) {
        let after = held.publish(&part.current)?.into();
        *known = sent(*known, before, after, adopts);
    }
    Ok(())
}

fn commit(
    parts: &mut [Part],
    state: &State,
    arrived: &Arrived,
    me: usize,
    known: &mut [u64],
) -> Result<(), shma_core::Error> {
    let transaction = state.begin(Wait::AtMost(TRY))?;
    let mut before = Vec::with_capacity(parts.len());
    for part in parts.iter_mut() {
        let field = &state.fields()[part.index];
        before.push(u64::from(transaction.load(field, &mut part.current)?));
    }
    let fresh = before.iter().all(|&version| version == CREATED);
    let adopts = fresh && arrived.full;
    let mut news: Vec<(&Field, &[u8])> = Vec::with_capacity(parts.len());
    for part in parts.iter_mut() {
        part.overlay(arrived, me, fresh);
    }
    news.extend(parts.iter().map(|part| (&state.fields()[part.index], &part.current[..])));
    let after = transaction.commit(&news)?;
    for ((known, before), after) in known.iter_mut().zip(before).zip(after) {
        *known = sent(*known, before, after.into(), adopts);
    }
    if !adopts {
        return Ok(());
    }
    // A transaction publishes only what differs. If that was nothing, the unit is still fresh.
    let first = &mut parts[0];
    let held = state.fields()[first.index].hold(Wait::AtMost(TRY))?;
    if u64::from(held.load(&mut first.current)?) == CREATED {
        known[0] = held.publish(&first.current)?.into();
    }
    Ok(())
}
