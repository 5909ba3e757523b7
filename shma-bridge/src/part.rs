//! One field of a unit: where its pieces come from, and how they go into a value.

use std::ops::Range;

use shma_core::OwnedManifest;

use crate::error::Error;
use crate::mean::Floats;
use crate::protocol::{Plan, takes};
use crate::rules::{Mode, Rule, number_of, rows_of};

/// A field with memory for what is sent, what arrives, and what is there.
#[derive(Debug)]
pub(crate) struct Part {
    pub(crate) field: String,
    /// Its place in the region, and so the number of its channel.
    pub(crate) index: usize,
    mode: Mode,
    row: usize,
    rows: usize,
    floats: Option<Floats>,
    /// The value as it was sent.
    pub(crate) sent: Vec<u8>,
    /// What the nodes have sent.
    pub(crate) arrived: Vec<u8>,
    /// The mean, and what [`Part::numbers`] adds.
    mean: Vec<f64>,
    /// The value as it is.
    pub(crate) current: Vec<u8>,
    /// NaN in the mean was reported.
    warned: bool,
}

/// What has arrived, beside the bytes.
#[derive(Debug)]
pub(crate) struct Arrived {
    /// All parts of the unit have.
    pub(crate) full: bool,
    /// An owner has published anew, maybe what was there.
    pub(crate) news: bool,
    /// This node has given its numbers to the means.
    gave: bool,
    /// The owners whose parts have, from another node.
    from: Vec<bool>,
}

impl Arrived {
    pub(crate) fn of(plan: &Plan, me: usize, nodes: usize) -> Self {
        // What this node has sent itself is there already.
        let from = |owner| plan.moves(owner) && plan.source(owner) != me;
        let from: Vec<bool> = (0..nodes).map(from).collect();
        Self { full: plan.is_full(), news: false, gave: plan.is_source(me), from }
    }

    /// Parts of these owners, each by itself; `full`: of all.
    pub(crate) fn parts(from: Vec<bool>, full: bool, news: bool) -> Self {
        Self { full, news, gave: false, from }
    }

    /// Whether there is nothing in it that a node of this kind could take, means left aside.
    pub(crate) fn is_void(&self, fresh: bool) -> bool {
        !(self.from.contains(&true) || self.news || (fresh && self.full))
    }

    /// Adds what arrived before and is not applied yet.
    pub(crate) fn after(mut self, earlier: Option<Self>) -> Self {
        if let Some(earlier) = earlier {
            self.full |= earlier.full;
            self.news |= earlier.news;
            self.from.iter_mut().zip(earlier.from).for_each(|(now, before)| *now |= before);
        }
        self
    }
}

/// A piece of a field that one node owns.
#[derive(Debug, Clone)]
pub(crate) struct Piece {
    pub(crate) owner: usize,
    pub(crate) bytes: Range<usize>,
}

impl Part {
    pub(crate) fn new(rule: &Rule, manifest: &OwnedManifest) -> Result<Self, Error> {
        let fields = &manifest.get().fields;
        let found = fields.iter().position(|field| field.name == rule.field);
        let index = found.ok_or_else(|| Error::Rule {
            field: rule.field.clone(),
            reason: "the region has no such field".into(),
        })?;
        let field = &fields[index];
        let rows = field.ty.shape().first().copied().unwrap_or(1);
        let floats = match rule.mode {
            Mode::Mean => number_of(field).and_then(Floats::of),
            _ => None,
        };
        let bytes = vec![0; field.size];
        Ok(Self {
            field: rule.field.clone(),
            index,
            mode: rule.mode,
            row: field.size.checked_div(rows).unwrap_or(0),
            rows,
            floats,
            sent: bytes.clone(),
            arrived: bytes.clone(),
            mean: Vec::new(),
            current: bytes,
            warned: false,
        })
    }

    pub(crate) fn is_mean(&self) -> bool {
        self.floats.is_some()
    }

    /// Whether what the node writes goes to others.
    pub(crate) fn is_owned_by(&self, node: usize, nodes: usize) -> bool {
        self.is_mean() || self.pieces(nodes).any(|piece| piece.owner == node)
    }

    /// Whether this node sends any of it, or gives its numbers to the mean.
    pub(crate) fn is_sent_by(&self, plan: &Plan, me: usize, nodes: usize) -> bool {
        let sends = |piece: Piece| plan.moves(piece.owner) && plan.source(piece.owner) == me;
        (self.is_mean() && plan.is_source(me)) || self.pieces(nodes).any(sends)
    }

    /// The pieces that are broadcast.
    pub(crate) fn pieces(&self, nodes: usize) -> impl Iterator<Item = Piece> + use<> {
        let (row, rows, size) = (self.row, self.rows, self.current.len());
        let pieces = match self.mode {
            Mode::Publish(owner) => owner..owner + 1,
            Mode::Gather => 0..nodes,
            Mode::Mean => 0..0,
        };
        let publish = matches!(self.mode, Mode::Publish(_));
        pieces.filter_map(move |owner| {
            let own = rows_of(owner, nodes, rows);
            let bytes = if publish { 0..size } else { own.start * row..own.end * row };
            (!bytes.is_empty()).then_some(Piece { owner, bytes })
        })
    }

    /// What this node owns of it; nothing if it owns nothing.
    pub(crate) fn piece_of(&self, owner: usize, nodes: usize) -> Range<usize> {
        let mut pieces = self.pieces(nodes);
        pieces.find(|piece| piece.owner == owner).map_or(0..0, |piece| piece.bytes)
    }

    /// The pieces that move and did not come along, each with the node that sends it, in parts of at most
    /// so many bytes. They are sent from what was taken, and arrive beside it.
    pub(crate) fn moving(
        &mut self,
        plan: &Plan,
        along: &[bool],
        me: usize,
        most: usize,
    ) -> Vec<(usize, &mut [u8])> {
        let pieces = self.pieces(along.len());
        let (mut sent, mut arrived) = (&mut self.sent[..], &mut self.arrived[..]);
        let mut moving = Vec::new();
        // Pieces lie one after the other, without a gap.
        for Piece { owner, bytes } in pieces {
            let (own, other) =
                (sent.split_off_mut(..bytes.len()), arrived.split_off_mut(..bytes.len()));
            let source = plan.source(owner);
            let memory = if source == me { own } else { other };
            let moves = plan.moves(owner) && !along[owner];
            let memory = memory.filter(|_| moves).unwrap_or_default();
            moving.extend(memory.chunks_mut(most).map(|bytes| (source, bytes)));
        }
        moving
    }

    /// The numbers that are added up: the value's, zeros at a node that is no source, and at the end
    /// how many nodes have NaN, and the sum of their numbers.
    pub(crate) fn numbers(&mut self, node: Option<usize>) -> &mut [f64] {
        let Some(floats) = self.floats else { return &mut [] };
        let count = floats.count(self.sent.len());
        self.mean.clear();
        self.mean.resize(count + 2, 0.0);
        if let Some(node) = node {
            floats.load(&self.sent, &mut self.mean[..count]);
            if self.mean.iter().any(|number| number.is_nan()) {
                self.mean[count..].copy_from_slice(&[1.0, node as f64]);
            }
        }
        &mut self.mean
    }

    /// Makes the sums the mean. The first time that it has NaN is reported.
    pub(crate) fn divide(&mut self, sources: usize) -> Option<String> {
        let count = self.mean.len().checked_sub(2)?;
        let (with_nan, nodes) = (self.mean[count], self.mean[count + 1]);
        self.mean.truncate(count);
        self.mean.iter_mut().for_each(|number| *number /= sources as f64);
        if with_nan == 0.0 || std::mem::replace(&mut self.warned, true) {
            return None;
        }
        let whose = match with_nan == 1.0 {
            true => format!("node {nodes} has"),
            false => format!("{with_nan} nodes have"),
        };
        let (field, at) = (&self.field, self.mean.iter().position(|number| number.is_nan()));
        Some(format!(
            "field `{field}`: {whose} NaN, first in number {}, and so has the mean from now on",
            at.unwrap_or(0)
        ))
    }

    /// Puts what has arrived over the current value, and says whether a bit of it changed.
    pub(crate) fn overlay(&mut self, arrived: &Arrived, me: usize, fresh: bool) -> bool {
        if let Some(floats) = self.floats {
            // A node that has given nothing and has written since: the next mean is for it.
            if !arrived.gave && !fresh {
                return false;
            }
            let sent = arrived.gave.then_some(&self.sent[..]);
            return floats.apply(&mut self.current, sent, &self.mean);
        }
        let mut changed = false;
        for Piece { owner, bytes } in self.pieces(arrived.from.len()) {
            if arrived.from[owner] && takes(owner == me, fresh, arrived.full) {
                let (old, new) = (&mut self.current[bytes.clone()], &self.arrived[bytes]);
                changed |= old != new;
                old.copy_from_slice(new);
            }
        }
        changed
    }

    /// What has arrived, if it is published whatever is there: a publication of another node that owns
    /// all of it.
    pub(crate) fn replacement(&self, arrived: &Arrived, me: usize) -> Option<&[u8]> {
        match self.mode {
            Mode::Publish(owner) if owner != me && arrived.news && arrived.from[owner] => {
                Some(&self.arrived)
            }
            _ => None,
        }
    }

    /// Whether a publication counts as one even if it repeats the value.
    pub(crate) fn is_published(&self) -> bool {
        matches!(self.mode, Mode::Publish(_))
    }

    /// Whether a publication of its owner has arrived here from another node.
    pub(crate) fn is_news(&self, plan: &Plan, me: usize) -> bool {
        match self.mode {
            Mode::Publish(owner) => owner != me && plan.is_news(owner),
            _ => false,
        }
    }
}
