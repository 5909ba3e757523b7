//! What moves as one: a field, or a group of fields.

use std::ops::Range;

use shma_core::OwnedManifest;
use shma_core::Version;
use shma_core::untyped::{Field, State};

use crate::board::Board;
use crate::engine::Engine;
use crate::error::Error;
use crate::part::{Arrived, Part};
use crate::protocol::{Pace, Plan, Status, goes_along};
use crate::publishing::{CREATED, commit, publish};
use crate::rules::Rule;

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
    /// The publications that were read to be sent while this node waited for the others.
    ahead: Option<Vec<u64>>,
    /// Where a node's part goes along with its status, if it is so small.
    place: Range<usize>,
    /// The nodes whose parts have come along in this round.
    along: Vec<bool>,
}

impl Unit {
    pub(crate) fn new(rules: &[Rule], manifest: &OwnedManifest) -> Result<Self, Error> {
        let parts: Vec<Part> =
            rules.iter().map(|rule| Part::new(rule, manifest)).collect::<Result<_, _>>()?;
        let versions = vec![0; parts.len()];
        Ok(Self {
            parts,
            sent: versions.clone(),
            seen: versions,
            filled: false,
            pending: None,
            ahead: None,
            place: 0..0,
            along: Vec::new(),
        })
    }

    /// Forgets what it knows of the region, since there is another one.
    pub(crate) fn forget(&mut self) {
        self.sent.fill(0);
        self.seen.fill(0);
        self.filled = false;
        self.pending = None;
        self.ahead = None;
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
        // Only the newest is sent.
        self.ahead.take_if(|ahead| *ahead != self.seen);
        let fresh = self.seen.iter().all(|&version| version == CREATED);
        let pending = self.pending.is_some();
        let changed = self.is_changed(self.seen.iter().copied(), me, nodes);
        Ok(Status::PRESENT
            .and(Status::FRESH, fresh)
            .and(Status::PENDING, pending)
            .and(Status::WANTS, (fresh || !self.filled) && !pending)
            .and(Status::CHANGED, changed && !fresh))
    }

    fn versions(&self, state: &State) -> impl Iterator<Item = u64> {
        self.parts.iter().map(|part| state.fields()[part.index].version().into())
    }

    /// Whether these versions have a publication in this node's parts that the others do not know.
    fn is_changed(&self, versions: impl Iterator<Item = u64>, me: usize, nodes: usize) -> bool {
        let mut parts = self.parts.iter().zip(&self.sent).zip(versions);
        parts.any(|((part, &sent), version)| version != sent && part.is_owned_by(me, nodes))
    }

    /// Whether all fields are as they were created.
    pub(crate) fn is_fresh(&self, state: &State) -> bool {
        self.versions(state).all(|version| version == CREATED)
    }

    /// Reads all fields as they stand at one instant, to send them, unless that was done ahead.
    pub(crate) fn take(&mut self, state: &State) -> Result<(), Error> {
        self.sent = match self.ahead.take() {
            Some(ahead) => ahead,
            None => read(&mut self.parts, state, |part| &mut part.sent)?,
        };
        Ok(())
    }

    /// Reads what has changed and will be sent, while this node waits for the statuses of the others.
    /// They learn of it by its next status, as ever. Says whether it has read anything.
    pub(crate) fn read_ahead(
        &mut self,
        state: Option<&State>,
        me: usize,
        nodes: usize,
    ) -> Result<bool, Error> {
        // What goes along is read with the status. A mean waits until it is due.
        let waits = !self.place.is_empty() || self.pace().mean || self.pending.is_some();
        let Some(state) = state.filter(|_| !waits && self.ahead.is_none()) else {
            return Ok(false);
        };
        if !self.is_changed(self.versions(state), me, nodes) || self.is_fresh(state) {
            return Ok(false);
        }
        self.ahead = Some(read(&mut self.parts, state, |part| &mut part.sent)?);
        Ok(true)
    }

    /// Reads all fields as they stand at one instant, to tell what is there.
    pub(crate) fn read(&mut self, state: &State) -> Result<(), Error> {
        read(&mut self.parts, state, |part| &mut part.current).map(drop)
    }

    /// Counts the publications that were there when it was taken.
    pub(crate) fn taken(&self) -> u64 {
        self.sent.iter().fold(0, |sum, version| sum.wrapping_add(*version))
    }

    /// Takes the place for what goes along, if it fits in. Returns where the next place begins.
    pub(crate) fn reserve(&mut self, room: Range<usize>, nodes: usize) -> usize {
        let most = (0..nodes).map(|owner| self.len_of(owner, nodes)).max().unwrap_or(0);
        self.along = vec![false; nodes];
        // A mean waits until it is due.
        let len = if self.pace().mean || most > room.len() { 0 } else { most };
        self.place = room.start..room.start + len;
        self.place.end
    }

    /// Reads what goes along with this status, and puts it in its place.
    pub(crate) fn tell(
        &mut self,
        state: Option<&State>,
        row: &mut [u8],
        status: Status,
        (me, nodes): (usize, usize),
    ) -> Result<(), Error> {
        let Some(state) = state.filter(|_| goes_along(status, !self.place.is_empty())) else {
            return Ok(());
        };
        self.take(state)?;
        let own = self.bytes_of(me, nodes, |part| &part.sent);
        row[self.place.clone()][..own.len()].copy_from_slice(&own);
        Ok(())
    }

    /// Keeps what has come along.
    pub(crate) fn hear(&mut self, board: &Board, statuses: &[Status], me: usize) {
        for (owner, status) in statuses.iter().enumerate() {
            self.along[owner] = goes_along(*status, !self.place.is_empty());
            if self.along[owner] && owner != me {
                self.keep(owner, statuses.len(), board.along(owner, self.place.clone()));
            }
        }
    }

    /// Whether this node sends any of it that did not go along, and so was read already.
    pub(crate) fn is_to_be_read(&self, plan: &Plan, me: usize, nodes: usize) -> bool {
        !self.along[me] && self.parts.iter().any(|part| part.is_sent_by(plan, me, nodes))
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
            let pieces = part.moving(plan, &self.along, me, part_bytes);
            if !pieces.is_empty() {
                engine.broadcast(channel, pieces, pause)?;
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
        if !self.parts.iter().any(Part::is_mean) && arrived.is_void(self.is_fresh(state)) {
            self.filled |= arrived.full;
            return Ok(());
        }
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

    /// Bytes of all that this node owns of it.
    pub(crate) fn len_of(&self, owner: usize, nodes: usize) -> usize {
        self.parts.iter().map(|part| part.piece_of(owner, nodes).len()).sum()
    }

    /// All that this node owns of it, in one of the memories of its fields.
    pub(crate) fn bytes_of(
        &self,
        owner: usize,
        nodes: usize,
        memory: impl Fn(&Part) -> &[u8],
    ) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.len_of(owner, nodes));
        for part in &self.parts {
            bytes.extend_from_slice(&memory(part)[part.piece_of(owner, nodes)]);
        }
        bytes
    }

    /// Keeps what has arrived of this node until it is [offered](Self::offer).
    pub(crate) fn keep(&mut self, owner: usize, nodes: usize, mut bytes: &[u8]) {
        for part in &mut self.parts {
            let piece = part.piece_of(owner, nodes);
            let Some((own, rest)) = bytes.split_at_checked(piece.len()) else { return };
            part.arrived[piece].copy_from_slice(own);
            bytes = rest;
        }
    }

    /// Lets what was kept of these owners be published at the next [look](Self::look).
    pub(crate) fn offer(&mut self, from: Vec<bool>, full: bool, news: bool) {
        let news = news && self.parts.iter().any(Part::is_published);
        self.pending = Some(Arrived::parts(from, full, news).after(self.pending.take()));
    }

    /// Drops what has arrived: there is no region that could take it.
    pub(crate) fn discard(&mut self) {
        self.pending = None;
    }
}

/// Reads all fields into one of their memories; returns the versions that it found.
fn read(
    parts: &mut [Part],
    state: &State,
    memory: impl Fn(&mut Part) -> &mut Vec<u8>,
) -> Result<Vec<u64>, Error> {
    let mut fields: Vec<(&Field, &mut [u8])> = Vec::with_capacity(parts.len());
    for part in parts {
        let field = &state.fields()[part.index];
        fields.push((field, memory(part)));
    }
    Ok(match &mut fields[..] {
        [(field, bytes)] => vec![field.read(bytes)?.into()],
        fields => state.snapshot(fields)?.into_iter().map(u64::from).collect(),
    })
}

#[cfg(test)]
mod tests;
