//! The screen of `shma top`.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout};
use ratatui::widgets::{List, ListState};

use super::keys::Key;
use super::theme::Theme;
use super::{Flow, Screen};
use crate::commands;
use crate::failure::Failure;
use crate::table::{Part, Tone, fit};
use crate::traffic::{Flowing, Traffic};

/// By what the regions are ordered, and the key for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Name,
    Updates,
    Bytes,
    Contended,
}

/// All regions, live.
#[derive(Debug)]
pub struct TopScreen {
    traffic: Traffic,
    theme: Theme,
    list: ListState,
    /// The region that is selected, wherever it stands.
    selected: Option<String>,
    order: Order,
    paused: bool,
}

impl TopScreen {
    pub fn new(paths: &[String]) -> Self {
        Self {
            traffic: Traffic::new(paths, false),
            theme: Theme::new(),
            list: ListState::default().with_selected(Some(0)),
            selected: None,
            order: Order::Updates,
            paused: false,
        }
    }

    fn sort(&mut self) {
        let order = self.order;
        let name = |region: &Flowing| region.name.clone();
        self.traffic.regions.sort_by(|a, b| {
            let by = |of: fn(&Flowing) -> f64| of(b).total_cmp(&of(a));
            let first = match order {
                Order::Name => std::cmp::Ordering::Equal,
                Order::Updates => by(|region| region.rates.updates),
                Order::Bytes => by(|region| region.rates.bytes),
                Order::Contended => by(|region| region.rates.contended),
            };
            first.then_with(|| name(a).cmp(&name(b)))
        });
        let mut names = self.traffic.regions.iter().map(name);
        let selected = self.selected.as_ref();
        let place = selected.and_then(|selected| names.position(|name| name == *selected));
        // If it is gone, whatever stands in its place.
        self.select(place.or(self.list.selected()).unwrap_or(0));
    }

    fn select(&mut self, place: usize) {
        let place = place.min(self.traffic.regions.len().saturating_sub(1));
        self.list.select(Some(place));
        let region = self.traffic.regions.get(place);
        self.selected = region.map(|region| region.name.clone());
    }

    fn step(&mut self, down: bool) {
        let place = self.list.selected().unwrap_or(0);
        self.select(if down { place + 1 } else { place.saturating_sub(1) });
    }

    fn head(&self) -> Vec<Part> {
        let count = self.traffic.regions.len();
        let mut parts = vec![
            Part::new(0, "shma top", Tone::Head),
            Part::new(1, format!("  {count} regions"), Tone::Plain),
        ];
        if !self.traffic.unusable.is_empty() {
            let text = format!("  {} that cannot be looked at", self.traffic.unusable.len());
            parts.push(Part::new(2, text, Tone::Notable));
        }
        if self.paused {
            parts.push(Part::new(1, "  paused", Tone::Notable));
        }
        parts
    }
}

/// The keys, the most needed first.
const KEYS: [(u8, &str); 8] = [
    (0, "q quit"),
    (1, "  enter watch"),
    (2, "  ↑↓ select"),
    (3, "  order:"),
    (3, " n name"),
    (3, "  u updates"),
    (3, "  b bytes"),
    (3, "  c contention"),
];

impl Screen for TopScreen {
    fn look(&mut self) -> Result<(), Failure> {
        if !self.paused {
            self.traffic.look()?;
            self.sort();
        }
        Ok(())
    }

    fn draw(&mut self, frame: &mut Frame<'_>) {
        let [head, body, foot] =
            Layout::vertical([Constraint::Length(1), Constraint::Min(0), Constraint::Length(1)])
                .areas(frame.area());
        let width = frame.area().width.into();
        let keys = KEYS.map(|(rank, text)| Part::new(rank, text, Tone::Quiet));
        frame.render_widget(self.theme.line(fit(&self.head(), width)), head);
        frame.render_widget(self.theme.line(fit(&keys, width)), foot);
        let shown = commands::top::table(&self.traffic).show(width);
        let [titles, body] =
            Layout::vertical([Constraint::Length(1), Constraint::Min(0)]).areas(body);
        frame.render_widget(self.theme.line(shown.head), titles);
        let items = self.theme.items(shown.rows);
        let list = List::new(items).highlight_style(self.theme.style(Tone::Selected));
        frame.render_stateful_widget(list, body, &mut self.list);
    }

    fn key(&mut self, key: Key) -> Flow {
        match key {
            Key::Char('q') | Key::Escape => return Flow::Leave,
            Key::Char(' ' | 'p') => self.paused = !self.paused,
            Key::Down | Key::Char('j') => self.step(true),
            Key::Up | Key::Char('k') => self.step(false),
            Key::Char('n') => self.order = Order::Name,
            Key::Char('u') => self.order = Order::Updates,
            Key::Char('b') => self.order = Order::Bytes,
            Key::Char('c') => self.order = Order::Contended,
            Key::Enter => {
                let selected = self.list.selected().unwrap_or(0);
                if let Some(region) = self.traffic.regions.get(selected) {
                    return Flow::Enter(region.name.clone());
                }
            }
            _ => {}
        }
        self.sort();
        Flow::Stay
    }
}
