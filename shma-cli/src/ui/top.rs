//! The screen of `shma top`.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Cell, Row, Table, TableState};

use super::keys::Key;
use super::theme::Theme;
use super::watch::right;
use super::{Flow, Screen};
use crate::failure::Failure;
use crate::report::{self, Condition};
use crate::traffic::{Flowing, Traffic};
use crate::units;

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
    table: TableState,
    /// The region that is selected, wherever it stands.
    selected: Option<String>,
    order: Order,
    paused: bool,
}

impl TopScreen {
    pub fn new() -> Self {
        Self {
            traffic: Traffic::default(),
            theme: Theme::new(),
            table: TableState::default().with_selected(0),
            selected: None,
            order: Order::Updates,
            paused: false,
        }
    }

    fn sort(&mut self) {
        let order = self.order;
        let name = |region: &Flowing| region.sight.view.name().to_owned();
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
        self.select(place.or(self.table.selected()).unwrap_or(0));
    }

    fn select(&mut self, place: usize) {
        let place = place.min(self.traffic.regions.len().saturating_sub(1));
        self.table.select(Some(place));
        let region = self.traffic.regions.get(place);
        self.selected = region.map(|region| region.sight.view.name().to_owned());
    }

    fn step(&mut self, down: bool) {
        let place = self.table.selected().unwrap_or(0);
        self.select(if down { place + 1 } else { place.saturating_sub(1) });
    }

    fn row(&self, Flowing { sight, rates }: &Flowing) -> Row<'static> {
        let condition = Condition::of(&sight.view, sight.attached.any);
        let style = match condition {
            Condition::Alive => self.theme.good(),
            Condition::Idle => self.theme.quiet(),
            Condition::Dead => self.theme.bad(),
        };
        let attached = report::count(&sight.attached);
        let newest = report::newest(&sight.statuses).map_or("-".into(), units::age);
        let holders = sight.statuses.iter().filter_map(|status| status.holder);
        let (dead, living): (Vec<_>, Vec<_>) = holders.partition(|holder| holder.dead);
        let held = match (dead.len(), living.len()) {
            (0, 0) => Span::raw(""),
            (0, living) => Span::styled(living.to_string(), self.theme.notable()),
            (dead, living) => Span::styled(format!("{living}+{dead} dead"), self.theme.bad()),
        };
        Row::new([
            Cell::from(sight.view.name().to_owned()),
            Cell::from(sight.view.manifest().name),
            Cell::from(right(units::bytes(sight.view.bytes()), 10)),
            Cell::from(right(attached, 8)),
            Cell::from(right(units::rate(rates.updates), 8)),
            Cell::from(right(units::bytes(rates.bytes as u64), 10)),
            Cell::from(right(units::rate(rates.contended), 7)),
            Cell::from(right(newest, 7)),
            Cell::from(held),
            Cell::from(Span::styled(condition.name(), style)),
        ])
    }

    fn foot(&self) -> Line<'static> {
        Line::styled(
            "q quit  enter watch  ↑↓ select  order: n name  u updates  b bytes  c contention",
            self.theme.quiet(),
        )
    }
}

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
        let count = self.traffic.regions.len();
        let mut title = vec![
            Span::styled("shma top", self.theme.head()),
            Span::raw(format!("  {count} regions")),
        ];
        if !self.traffic.unusable.is_empty() {
            let text = format!("  {} files that are none", self.traffic.unusable.len());
            title.push(Span::styled(text, self.theme.bad()));
        }
        if self.paused {
            title.push(Span::styled("  paused", self.theme.notable()));
        }
        frame.render_widget(Line::from(title), head);
        let columns = [
            ("region", 0),
            ("state", 0),
            ("size", 10),
            ("attached", 8),
            ("upd/s", 8),
            ("bytes/s", 10),
            ("waits/s", 7),
            ("newest", 7),
            ("held", 10),
            ("", 5),
        ];
        let header = columns.map(|(name, width)| match width {
            0 => name.to_owned(),
            _ if name == "held" => name.to_owned(),
            width => right(name.to_owned(), width),
        });
        let widths = columns.map(|(name, width)| match width {
            0 if name == "region" => Constraint::Fill(3),
            0 => Constraint::Fill(1),
            width => Constraint::Length(width as u16),
        });
        let rows: Vec<Row<'_>> =
            self.traffic.regions.iter().map(|region| self.row(region)).collect();
        let table = Table::new(rows, widths)
            .header(Row::new(header).style(self.theme.head()))
            .row_highlight_style(self.theme.selected());
        frame.render_stateful_widget(table, body, &mut self.table);
        frame.render_widget(self.foot(), foot);
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
                let selected = self.table.selected().unwrap_or(0);
                if let Some(region) = self.traffic.regions.get(selected) {
                    return Flow::Enter(region.sight.view.name().to_owned());
                }
            }
            _ => {}
        }
        self.sort();
        Flow::Stay
    }
}
