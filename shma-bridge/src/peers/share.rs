//! One unit of fields among peers: what this node tells of it, and what it hears.

use std::time::{Duration, Instant};

use shma_core::untyped::State;

use super::message::Kind;
use super::order::{self, Tag};
use super::wire::To;
use crate::error::Error;
use crate::part::Part;
use crate::protocol::Status;
use crate::unit::Unit;

/// After so much silence the newest is repeated, and a question is asked again.
pub(crate) const SILENCE: Duration = Duration::from_secs(1);
/// So long after the first answer a fresh node waits for those of other peers, which may have newer parts.
pub(crate) const GRACE: Duration = Duration::from_millis(200);
/// A value of at most so many bytes is repeated whole. Of a larger one only its tag is, and a peer that
/// lacks it asks for it.
const SMALL: usize = 1 << 16;

/// A message to be sent, without what all messages of a node have.
#[derive(Debug)]
pub(crate) struct Letter {
    pub(crate) to: To,
    pub(crate) kind: Kind,
    pub(crate) owner: usize,
    pub(crate) tag: Tag,
    pub(crate) bytes: Vec<u8>,
}

/// A value that comes in several messages.
#[derive(Debug, Default)]
struct Incoming {
    from: usize,
    tag: Option<Tag>,
    bytes: Vec<u8>,
}

/// A piece of a value that has come.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Came<'a> {
    pub(crate) from: usize,
    pub(crate) owner: usize,
    pub(crate) tag: Tag,
    pub(crate) offset: usize,
    pub(crate) total: usize,
    pub(crate) bytes: &'a [u8],
}

/// A unit, and how this node stands with its peers about it.
#[derive(Debug)]
pub(crate) struct Share {
    pub(crate) unit: Unit,
    me: usize,
    nodes: usize,
    /// Of each owner the tag of what the unit keeps of it.
    heard: Vec<Option<Tag>>,
    /// Whether that is still to be published here.
    unapplied: Vec<bool>,
    /// One of them is a publication after one that was heard.
    news: bool,
    incoming: Vec<Incoming>,
    /// When a fresh node heard the first part.
    since: Option<Instant>,
    asked: Option<Instant>,
    /// What was told last, and when.
    told: Option<(Tag, Instant)>,
}

impl Share {
    pub(crate) fn new(unit: Unit, me: usize, nodes: usize) -> Self {
        Self {
            unit,
            me,
            nodes,
            heard: vec![None; nodes],
            unapplied: vec![false; nodes],
            news: false,
            incoming: (0..nodes).map(|_| Incoming::default()).collect(),
            since: None,
            asked: None,
            told: None,
        }
    }

    /// Forgets what it knows of the region, since there is another one.
    pub(crate) fn forget(&mut self) {
        self.unit.forget();
        self.heard.fill(None);
        self.unapplied.fill(false);
        self.news = false;
        (self.since, self.asked, self.told) = (None, None, None);
    }

    /// Tells all again, in a new epoch.
    pub(crate) fn tell_again(&mut self) {
        self.told = None;
    }

    fn owns(&self, owner: usize) -> bool {
        self.unit.len_of(owner, self.nodes) > 0
    }

    /// Publishes what was heard, and tells what is new here. Says whether anything moved.
    pub(crate) fn advance(
        &mut self,
        state: &State,
        epoch: u64,
        now: Instant,
        out: &mut Vec<Letter>,
    ) -> Result<bool, Error> {
        let fresh = self.unit.is_fresh(state);
        let offered = if fresh { self.adopt(now) } else { self.settle() };
        if self.asked.is_none_or(|asked| fresh && now >= asked + SILENCE) {
            let kind = if fresh { Kind::AskAll } else { Kind::Ask };
            out.push(self.letter(To::All, kind, self.me, Tag::UNKNOWN));
            self.asked = Some(now);
        }
        let status = self.unit.look(Some(state), self.me, self.nodes)?;
        if status.has(Status::FRESH) || !self.owns(self.me) {
            return Ok(offered);
        }
        match self.told {
            Some((tag, at)) if !status.has(Status::CHANGED) => {
                if now >= at + SILENCE {
                    out.push(self.repeated(tag));
                    self.told = Some((tag, now));
                }
                Ok(offered)
            }
            _ => {
                self.unit.take(state)?;
                let tag = Tag { epoch, version: self.unit.taken() };
                out.push(self.own(To::All, tag));
                self.told = Some((tag, now));
                Ok(true)
            }
        }
    }

    /// A fresh node takes all parts in one publication, once it has all.
    fn adopt(&mut self, now: Instant) -> bool {
        let mut owners = (0..self.nodes).filter(|owner| self.owns(*owner));
        let all = owners.all(|owner| self.heard[owner].is_some());
        if !all || self.since.is_none_or(|since| now < since + GRACE) {
            return false;
        }
        if !self.unapplied.contains(&true) {
            return false;
        }
        self.unapplied.fill(false);
        self.unit.offer(vec![true; self.nodes], true, false);
        true
    }

    /// Another one takes each part as it comes. What third peers keep was for a fresh one.
    fn settle(&mut self) -> bool {
        for (heard, unapplied) in self.heard.iter_mut().zip(&mut self.unapplied) {
            if *heard == Some(Tag::UNKNOWN) {
                (*heard, *unapplied) = (None, false);
            }
        }
        self.unapplied[self.me] = false;
        if !self.unapplied.contains(&true) {
            return false;
        }
        let from = std::mem::replace(&mut self.unapplied, vec![false; self.nodes]);
        self.unit.offer(from, false, std::mem::take(&mut self.news));
        true
    }

    fn letter(&self, to: To, kind: Kind, owner: usize, tag: Tag) -> Letter {
        Letter { to, kind, owner, tag, bytes: Vec::new() }
    }

    /// The own parts, as they were taken.
    fn own(&self, to: To, tag: Tag) -> Letter {
        let bytes = self.unit.bytes_of(self.me, self.nodes, |part: &Part| &part.sent);
        Letter { bytes, ..self.letter(to, Kind::Value, self.me, tag) }
    }

    fn repeated(&self, tag: Tag) -> Letter {
        match self.unit.len_of(self.me, self.nodes) {
            0..=SMALL => self.own(To::All, tag),
            _ => self.letter(To::All, Kind::Newest, self.me, tag),
        }
    }

    /// Answers a peer that needs this node's parts, or all.
    pub(crate) fn answer(
        &mut self,
        state: &State,
        to: usize,
        all: bool,
        out: &mut Vec<Letter>,
    ) -> Result<(), Error> {
        // What a fresh region holds is no value yet, and before it was told it has no tag.
        let Some((tag, _)) = self.told.filter(|_| !self.unit.is_fresh(state)) else {
            return if all && !self.owns(self.me) && !self.unit.is_fresh(state) {
                self.answer_others(state, to, out)
            } else {
                Ok(())
            };
        };
        out.push(self.own(To::Node(to), tag));
        if all { self.answer_others(state, to, out) } else { Ok(()) }
    }

    /// Of other owners a peer tells what it has heard; otherwise what the region holds, without a tag.
    fn answer_others(
        &mut self,
        state: &State,
        to: usize,
        out: &mut Vec<Letter>,
    ) -> Result<(), Error> {
        self.unit.read(state)?;
        for owner in (0..self.nodes).filter(|owner| *owner != self.me) {
            if !self.owns(owner) {
                continue;
            }
            let (tag, bytes) = match self.heard[owner] {
                Some(tag) => (tag, self.unit.bytes_of(owner, self.nodes, |part| &part.arrived)),
                None => (Tag::UNKNOWN, self.unit.bytes_of(owner, self.nodes, |part| &part.current)),
            };
            out.push(Letter { bytes, ..self.letter(To::Node(to), Kind::Value, owner, tag) });
        }
        Ok(())
    }

    /// Hears of a newest value without its bytes.
    pub(crate) fn hear_of(&self, owner: usize, tag: Tag, out: &mut Vec<Letter>) {
        if order::is_behind(self.heard[owner], tag) {
            self.correct(owner, out);
        } else if order::replaces(self.heard[owner], tag, true, false) {
            out.push(self.letter(To::Node(owner), Kind::Ask, owner, tag));
        }
    }

    /// Tells an owner what was heard of it.
    fn correct(&self, owner: usize, out: &mut Vec<Letter>) {
        if let Some(tag) = self.heard[owner] {
            out.push(self.letter(To::Node(owner), Kind::Newest, owner, tag));
        }
    }

    /// Hears a value, or a piece of one.
    pub(crate) fn hear(
        &mut self,
        came: Came<'_>,
        fresh: bool,
        now: Instant,
        out: &mut Vec<Letter>,
    ) {
        let Came { from, owner, tag, offset, total, bytes } = came;
        if total != self.unit.len_of(owner, self.nodes) || (owner == self.me && !fresh) {
            return;
        }
        if from == owner && order::is_behind(self.heard[owner], tag) {
            return self.correct(owner, out);
        }
        if !order::replaces(self.heard[owner], tag, from == owner, fresh) {
            return;
        }
        if offset == 0 && bytes.len() == total {
            return self.complete(owner, tag, bytes, now);
        }
        let incoming = &mut self.incoming[owner];
        if offset == 0 {
            *incoming = Incoming { from, tag: Some(tag), bytes: Vec::with_capacity(total) };
        }
        // Pieces come in order; where one was lost, the value comes again.
        if (incoming.from, incoming.tag) != (from, Some(tag)) || incoming.bytes.len() != offset {
            return;
        }
        incoming.bytes.extend_from_slice(bytes);
        if incoming.bytes.len() == total {
            let whole = std::mem::take(incoming).bytes;
            self.complete(owner, tag, &whole, now);
        }
    }

    fn complete(&mut self, owner: usize, tag: Tag, bytes: &[u8], now: Instant) {
        self.news |= order::is_news(self.heard[owner], tag);
        self.unit.keep(owner, self.nodes, bytes);
        self.heard[owner] = Some(tag);
        self.unapplied[owner] = true;
        self.since.get_or_insert(now);
    }
}
