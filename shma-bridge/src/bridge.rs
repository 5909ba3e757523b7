//! The rounds of a bridge.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use shma_core::{Waitable, wait_any};

use crate::board::Board;
use crate::engine::Engine;
use crate::error::{Error, say};
use crate::hello::{self, Hello};
use crate::home::Home;
use crate::patience::{Patience, after};
use crate::protocol::{Plan, Status};
use crate::rules::Rules;
use crate::settings::Settings;
use crate::unit::Unit;

/// Between two looks for a region that is not there yet.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// Bytes of values that go along with the statuses, of all nodes together.
const ALONG: usize = 1024;

/// What a node says at the head of a round, as bits.
mod head {
    pub const STOP: u8 = 1;
    pub const FAILED: u8 = 2;
    pub const DUE: u8 = 4;
    pub const NOT_READY: u8 = 8;
}

/// What has moved since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moved {
    /// Rounds of any unit in which values went between nodes.
    pub units: u64,
}

/// The bridge of one node: mirrors fields of its region, in rounds that all nodes make together.
///
/// All that outlives it is in the regions. It never holds a semaphore while it waits for another node.
pub struct Bridge<E> {
    engine: E,
    settings: Settings,
    home: Home,
    units: Vec<Unit>,
    /// Bytes that a node says in a round.
    row: usize,
    patience: Patience,
    due: Instant,
    moved: Moved,
    report: Box<dyn FnMut(&str) + Send>,
    /// Why this node cannot go on.
    problem: Option<Error>,
}

impl<E: fmt::Debug> fmt::Debug for Bridge<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { engine, settings, moved, .. } = self;
        let mut shown = f.debug_struct("Bridge");
        shown.field("engine", engine).field("settings", settings).field("moved", moved);
        shown.finish_non_exhaustive()
    }
}

impl<E: Engine> Bridge<E> {
    /// A bridge of this node of the engine.
    pub fn new(engine: E, settings: Settings) -> Self {
        let name = settings.name.replace("{rank}", &engine.node().to_string());
        let home = Home::new(name, settings.dir.clone());
        Self {
            engine,
            settings,
            home,
            units: Vec::new(),
            row: 1,
            patience: Patience::new(),
            due: Instant::now(),
            moved: Moved::default(),
            report: Box::new(say),
            problem: None,
        }
    }

    /// Takes the reports that end nothing, in place of standard error.
    pub fn on_report(&mut self, report: impl FnMut(&str) + Send + 'static) {
        self.report = Box::new(report);
    }

    /// What has moved since the start.
    pub fn moved(&self) -> Moved {
        self.moved
    }

    /// Mirrors until one node is told to stop.
    ///
    /// # Errors
    ///
    /// [`Error`]: the same on all nodes, at the same round.
    ///
    /// # Blocking
    ///
    /// Until `stop` is true on one node, or a node cannot go on.
    pub fn run(&mut self, stop: &AtomicBool) -> Result<(), Error> {
        if !self.start(stop)? {
            return Ok(());
        }
        while self.round(stop)? {}
        Ok(())
    }

    /// Attaches and compares. False if a node is told to stop.
    fn start(&mut self, stop: &AtomicBool) -> Result<bool, Error> {
        let rules = Rules::read(&self.settings.rules, self.engine.nodes());
        let rules = rules.map_err(|error| self.problem = Some(error)).ok();
        let end = after(self.settings.wait);
        let mut ready = false;
        loop {
            if let Some(rules) = rules.as_ref().filter(|_| !ready && self.problem.is_none()) {
                match self.attach(rules) {
                    Ok(()) => ready = true,
                    Err(Error::Region(shma_core::Error::NotFound { .. }))
                        if Instant::now() < end => {}
                    Err(error) => self.problem = Some(error),
                }
            }
            let not_ready = if ready { 0 } else { head::NOT_READY };
            let heads = self.agree(stop, vec![not_ready])?.heads();
            if heads & head::STOP != 0 {
                return Ok(false);
            }
            if heads & head::NOT_READY == 0 {
                break;
            }
            thread::sleep(LOOK_AGAIN);
        }
        self.compare(rules.as_ref())?;
        let fields = self.home.manifest().map_or(0, |manifest| manifest.get().fields.len());
        self.engine.open_channels(fields)?;
        Ok(true)
    }

    fn attach(&mut self, rules: &Rules) -> Result<(), Error> {
        self.home.open()?;
        let Some(manifest) = self.home.manifest() else { return Ok(()) };
        rules.check(manifest.get())?;
        self.units =
            rules.units.iter().map(|unit| Unit::new(unit, manifest)).collect::<Result<_, _>>()?;
        let nodes = self.engine.nodes();
        let (mut begin, end) = (self.units.len(), self.units.len() + ALONG / nodes);
        for unit in &mut self.units {
            begin = unit.reserve(begin..end, nodes);
        }
        self.row = 1 + begin;
        Ok(())
    }

    fn compare(&mut self, rules: Option<&Rules>) -> Result<(), Error> {
        let Some(manifest) = self.home.manifest() else { return Ok(()) };
        let units = rules.map(|rules| &rules.units[..]).unwrap_or_default();
        let rules = hello::shown(units);
        let settings = format!("parts of {} bytes", self.settings.part);
        let name = self.home.name().to_owned();
        let own = Hello::new(rules, settings, name, manifest.get().to_json());
        let own = serde_json::to_string(&own).unwrap_or_default();
        let Self { engine, patience, .. } = self;
        let texts = hello::exchange(engine, &own, &mut || patience.pause())?;
        hello::compare(&texts)
    }

    /// Tells all nodes how this one stands, and learns how they do. If a node has failed, all end here
    /// with its reason.
    fn agree(&mut self, stop: &AtomicBool, mut own: Vec<u8>) -> Result<Board, Error> {
        // Relaxed: it is a flag, and nothing is read because of it.
        if stop.load(Ordering::Relaxed) {
            own[0] |= head::STOP;
        }
        if self.problem.is_some() {
            own[0] |= head::FAILED;
        }
        let Self { engine, patience, home, units, problem, .. } = self;
        let (me, nodes) = (engine.node(), engine.nodes());
        let board = Board::exchange(engine, &own, &mut || {
            let state = home.state().filter(|_| problem.is_none());
            let mut units = units.iter_mut();
            match units.try_fold(false, |any, unit| Ok(any | unit.read_ahead(state, me, nodes)?)) {
                Ok(true) => {}
                Ok(false) => patience.pause(),
                Err(error) => *problem = Some(error),
            }
        })?;
        if let Some(node) = board.first(head::FAILED) {
            let reason = problem.as_ref().map(Error::to_string).unwrap_or_default();
            let reason = hello::tell(engine, node, &reason, &mut || patience.pause())?;
            return Err(Error::Node { node, reason });
        }
        Ok(board)
    }

    /// One round. False if it was the last.
    fn round(&mut self, stop: &AtomicBool) -> Result<bool, Error> {
        let mut own = vec![0; self.row];
        if let Err(error) = self.look(&mut own[1..]) {
            self.problem = Some(error);
        }
        // The clock of node 0 counts, so that all take the mean in the same round.
        let due = self.engine.node() == 0 && Instant::now() >= self.due;
        own[0] = if due { head::DUE } else { 0 };
        let board = self.agree(stop, own)?;
        let heads = board.heads();
        if due {
            self.due = after(self.settings.every);
        }
        let mut moves = None;
        for at in 0..self.units.len() {
            let statuses = board.statuses(at);
            if let Some(plan) = Plan::of(&statuses, self.units[at].pace(), heads & head::DUE != 0) {
                moves.get_or_insert_with(|| self.patience.moves());
                self.units[at].hear(&board, &statuses, self.engine.node());
                self.carry(at, &plan)?;
            }
        }
        if heads & head::STOP != 0 {
            return Ok(false);
        }
        match moves {
            Some(since) => self.patience.moved(since),
            None => self.idle(),
        }
        Ok(true)
    }

    /// Writes how this node stands with each unit, and behind it what goes along.
    fn look(&mut self, row: &mut [u8]) -> Result<(), Error> {
        if self.home.look()? {
            self.units.iter_mut().for_each(Unit::forget);
        }
        let (state, me, nodes) = (self.home.state(), self.engine.node(), self.engine.nodes());
        for (at, unit) in self.units.iter_mut().enumerate() {
            row[at] = unit.look(state, me, nodes)?.0;
            unit.tell(state, row, Status(row[at]), (me, nodes))?;
        }
        Ok(())
    }

    /// Moves a unit. What goes wrong in the region is told in the next round, since the other nodes
    /// rely on this one in this round.
    fn carry(&mut self, at: usize, plan: &Plan) -> Result<(), Error> {
        let Self { engine, home, units, patience, problem, settings, .. } = self;
        let (unit, me) = (&mut units[at], engine.node());
        let reads = unit.is_to_be_read(plan, me, engine.nodes());
        if let Some(state) = home.state().filter(|_| reads)
            && let Err(error) = unit.take(state)
        {
            *problem = Some(error);
        }
        let reports = unit.transfer(engine, plan, settings.part, &mut || patience.pause())?;
        match home.state() {
            Some(state) => {
                if let Err(error) = unit.apply(state, me) {
                    *problem = Some(error);
                }
                // A program that this has woken shall not wait for the rounds that need no pause.
                thread::yield_now();
            }
            None => unit.discard(),
        }
        self.moved.units += 1;
        if me == 0 {
            reports.iter().for_each(|text| (self.report)(text));
        }
        Ok(())
    }

    /// Sleeps until there is a publication to send, or until the other nodes may have one.
    fn idle(&mut self) {
        // Awake, it gives up the processor while it waits for the other nodes in the next round.
        let Some(time) = self.patience.sleep() else { return };
        let (me, nodes) = (self.engine.node(), self.engine.nodes());
        let Some(state) = self.home.state() else { return thread::sleep(time) };
        let watched = self.units.iter().flat_map(|unit| unit.watched(state, me, nodes));
        let watched: Vec<_> = watched.collect();
        let list: Vec<(&dyn Waitable, _)> =
            watched.iter().map(|(field, seen)| (*field as &dyn Waitable, *seen)).collect();
        match wait_any(&list, time) {
            Ok(_) | Err(shma_core::Error::Timeout { .. }) => {}
            Err(_) => self.home.look_soon(),
        }
    }
}
