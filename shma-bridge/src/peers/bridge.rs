//! The loop of a bridge among peers.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use shma_core::{Waitable, wait_any};

use super::meeting::Meeting;
use super::message::{Head, Kind};
use super::order::{self, Tag};
use super::share::{Came, Letter, Share};
use super::wire::{To, Wire};
use crate::error::{Error, say};
use crate::hello::{self, Hello};
use crate::home::Home;
use crate::patience::{Patience, after};
use crate::rules::{Mode, Rules};
use crate::settings::Settings;
use crate::unit::Unit;

/// Between two looks for a region that is not there yet.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// Messages that are heard before the region is looked at again.
const AT_ONCE: usize = 256;

/// Bytes that go in one message at most.
const PIECE: usize = 1 << 24;

/// The bridge of one node among peers that come and go.
///
/// All that outlives it is in the regions. It never holds a semaphore while it waits, and it waits for no
/// peer.
pub struct Peers<W> {
    wire: W,
    me: usize,
    nodes: usize,
    settings: Settings,
    home: Home,
    shares: Vec<Share>,
    meeting: Meeting,
    started: u64,
    epoch: u64,
    patience: Patience,
    report: Box<dyn FnMut(&str) + Send>,
    /// What is to be sent of each unit.
    out: Vec<(usize, Letter)>,
}

impl<W: fmt::Debug> fmt::Debug for Peers<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { wire, settings, epoch, .. } = self;
        let mut shown = f.debug_struct("Peers");
        shown.field("wire", wire).field("settings", settings).field("epoch", epoch);
        shown.finish_non_exhaustive()
    }
}

impl<W: Wire> Peers<W> {
    /// Attaches to the region of this node, which is waited for.
    ///
    /// # Errors
    ///
    /// [`Error`]: the rules do not hold, one of them is a mean, the region does not come.
    ///
    /// # Blocking
    ///
    /// Until the region is there, for as long as the settings say, or until `stop` is true: then `None`.
    pub fn attach(wire: W, settings: Settings, stop: &AtomicBool) -> Result<Option<Self>, Error> {
        let (me, nodes) = (wire.node(), wire.nodes());
        let rules = Rules::read(&settings.rules, nodes)?;
        refuse_means(&rules)?;
        let mut home =
            Home::new(settings.name.replace("{rank}", &me.to_string()), settings.dir.clone());
        let end = after(settings.wait);
        loop {
            // Relaxed: it is a flag, and nothing is read because of it.
            if stop.load(Ordering::Relaxed) {
                return Ok(None);
            }
            match home.open() {
                Ok(()) => break,
                Err(Error::Region(shma_core::Error::NotFound { .. })) if Instant::now() < end => {
                    thread::sleep(LOOK_AGAIN);
                }
                Err(error) => return Err(error),
            }
        }
        let Some(manifest) = home.manifest() else { return Ok(None) };
        rules.check(manifest.get())?;
        let unit = |unit| Ok(Share::new(Unit::new(unit, manifest)?, me, nodes));
        let shares = rules.units.iter().map(|rules| unit(rules)).collect::<Result<_, Error>>()?;
        let hello = |name: &str| {
            let settings = format!("{nodes} nodes, as peers");
            let manifest = manifest.get().to_json();
            let hello = Hello::new(hello::shown(&rules.units), settings, name.into(), manifest);
            serde_json::to_string(&hello).unwrap_or_default()
        };
        let meeting = Meeting::new(me, hello(home.name()), &hello(""));
        let epoch = wire.clock();
        Ok(Some(Self {
            wire,
            me,
            nodes,
            settings,
            home,
            shares,
            meeting,
            started: epoch,
            epoch,
            patience: Patience::new(),
            report: Box::new(say),
            out: Vec::new(),
        }))
    }

    /// Takes the reports that end nothing, in place of standard error.
    pub fn on_report(&mut self, report: impl FnMut(&str) + Send + 'static) {
        self.report = Box::new(report);
    }

    /// What carries its messages.
    pub fn wire(&mut self) -> &mut W {
        &mut self.wire
    }

    /// Mirrors until it is told to stop.
    ///
    /// # Errors
    ///
    /// [`Error`]: of this node alone; the others go on.
    ///
    /// # Blocking
    ///
    /// Until `stop` is true, or the node cannot go on.
    pub fn run(&mut self, stop: &AtomicBool) -> Result<(), Error> {
        // Relaxed: it is a flag, and nothing is read because of it.
        while !stop.load(Ordering::Relaxed) {
            let start = Instant::now();
            match self.step(start)? {
                true => self.patience.moved(start),
                false => self.idle(),
            }
        }
        Ok(())
    }

    /// Hears what has come, publishes it, and tells what is new. Says whether anything moved.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub fn step(&mut self, now: Instant) -> Result<bool, Error> {
        if self.home.look()? {
            self.shares.iter_mut().for_each(Share::forget);
            self.epoch = self.wire.clock().max(self.epoch.saturating_add(1));
        }
        for _ in 0..AT_ONCE {
            let Some(message) = self.wire.receive() else { break };
            self.hear(&message, now)?;
        }
        let mut moved = false;
        let Self { home, shares, out, epoch, .. } = self;
        if let Some(state) = home.state() {
            for (at, share) in shares.iter_mut().enumerate() {
                let mut letters = Vec::new();
                moved |= share.advance(state, *epoch, now, &mut letters)?;
                out.extend(letters.into_iter().map(|letter| (at, letter)));
            }
        }
        self.post()?;
        Ok(moved)
    }

    /// Hears a message. What it asks for is sent at the end of the step.
    fn hear(&mut self, message: &[u8], now: Instant) -> Result<(), Error> {
        let Some((head, bytes)) = Head::read(message) else { return Ok(()) };
        if head.from == self.me {
            return self.hear_own(&head, now);
        }
        if head.agreement != self.meeting.agreement {
            return self.hear_foreign(&head, bytes, now);
        }
        self.meeting.agree();
        if head.kind == Kind::Hello || head.from >= self.nodes || head.owner >= self.nodes {
            return Ok(());
        }
        if matches!(head.kind, Kind::Value | Kind::Newest) && head.owner == self.me {
            self.raise(head.tag);
        }
        let Some(share) = self.shares.get_mut(head.unit) else { return Ok(()) };
        // Without a region there is nothing to tell, and what comes now will come again.
        let Some(state) = self.home.state() else { return Ok(()) };
        let mut letters = Vec::new();
        let Head { from, owner, tag, offset, total, .. } = head;
        match head.kind {
            Kind::Value => {
                let came = Came { from, owner, tag, offset, total, bytes };
                share.hear(came, share.unit.is_fresh(state), now, &mut letters);
            }
            Kind::Newest if owner != self.me => share.hear_of(owner, tag, &mut letters),
            Kind::Ask => share.answer(state, from, false, &mut letters)?,
            Kind::AskAll => share.answer(state, from, true, &mut letters)?,
            Kind::Newest | Kind::Hello => {}
        }
        self.out.extend(letters.into_iter().map(|letter| (head.unit, letter)));
        Ok(())
    }

    /// A message with this node's number comes from this bridge, or from another one with its number.
    fn hear_own(&mut self, head: &Head, now: Instant) -> Result<(), Error> {
        if head.started < self.started {
            return Err(Error::Twin { node: self.me });
        }
        if head.started > self.started && self.meeting.tells(self.me, now) {
            self.greet(self.me)?;
        }
        Ok(())
    }

    /// A peer that was told something else is told what this one was, and learns the difference.
    fn hear_foreign(&mut self, head: &Head, bytes: &[u8], now: Instant) -> Result<(), Error> {
        if self.meeting.tells(head.from, now) {
            self.greet(head.from)?;
        }
        if head.kind == Kind::Hello
            && let Some(report) = self.meeting.hear(head.from, &String::from_utf8_lossy(bytes))?
        {
            (self.report)(&report);
        }
        Ok(())
    }

    fn greet(&mut self, to: usize) -> Result<(), Error> {
        let bytes = self.meeting.own().as_bytes().to_vec();
        let (to, kind, owner) = (To::Node(to), Kind::Hello, self.me);
        self.out.push((0, Letter { to, kind, owner, tag: Tag::UNKNOWN, bytes }));
        self.post()
    }

    /// Begins an epoch after the one that a peer has heard of, if that is later.
    fn raise(&mut self, heard: Tag) {
        let raised = order::raised(self.epoch, heard);
        if raised != self.epoch {
            self.epoch = raised;
            self.shares.iter_mut().for_each(Share::tell_again);
        }
    }

    /// Sends what is to be sent, large values in pieces.
    fn post(&mut self) -> Result<(), Error> {
        let piece = self.settings.part.min(PIECE);
        for (unit, letter) in std::mem::take(&mut self.out) {
            let Letter { to, kind, owner, tag, bytes } = letter;
            let head = |offset| Head {
                kind,
                from: self.me,
                started: self.started,
                agreement: self.meeting.agreement,
                unit,
                owner,
                tag,
                offset,
                total: bytes.len(),
            };
            let whole = bytes.is_empty() || kind == Kind::Hello;
            let pieces = bytes.chunks(if whole { bytes.len().max(1) } else { piece });
            let pieces = pieces.enumerate().map(|(at, bytes)| head(at * piece).with(bytes));
            let empty = bytes.is_empty().then(|| head(0).with(&[]));
            for message in pieces.chain(empty) {
                self.wire.send(to, message).map_err(Error::Peers)?;
            }
        }
        Ok(())
    }

    /// Sleeps until there is a publication to tell, or until messages may have come.
    fn idle(&mut self) {
        let Some(time) = self.patience.sleep() else { return thread::yield_now() };
        let Some(state) = self.home.state() else { return thread::sleep(time) };
        let watched =
            self.shares.iter().flat_map(|share| share.unit.watched(state, self.me, self.nodes));
        let watched: Vec<_> = watched.collect();
        let list: Vec<(&dyn Waitable, _)> =
            watched.iter().map(|(field, seen)| (*field as &dyn Waitable, *seen)).collect();
        match wait_any(&list, time) {
            Ok(_) | Err(shma_core::Error::Timeout { .. }) => {}
            Err(_) => self.home.look_soon(),
        }
    }
}

/// A mean needs the numbers of all nodes in one round, and peers make no rounds.
fn refuse_means(rules: &Rules) -> Result<(), Error> {
    match rules.units.iter().flatten().find(|rule| rule.mode == Mode::Mean) {
        None => Ok(()),
        Some(rule) => Err(Error::Rule {
            field: rule.field.clone(),
            reason: "a mean needs the numbers of all nodes in one round, and peers come and go: \
                     take the mean over MPI, or gather a row of each node and take it where you read"
                .into(),
        }),
    }
}
