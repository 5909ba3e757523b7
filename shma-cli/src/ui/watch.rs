//! The screen of `shma watch`.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Cell, Paragraph, Row, Table, TableState};

use super::glyphs::sparkline;
use super::heat::Heat;
use super::keys::Key;
use super::theme::Theme;
use super::{Flow, Screen};
use crate::failure::Failure;
use crate::report::Condition;
use crate::statistics::Statistics;
use crate::units;
use crate::watching::{Track, Watching};

/// What the sparklines show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Curve {
    Rate,
    Mean,
    Norm,
    Min,
    Max,
}

impl Curve {
    const ALL: [(Self, &'static str); 5] = [
        (Self::Rate, "updates/s"),
        (Self::Mean, "mean"),
        (Self::Norm, "norm"),
        (Self::Min, "min"),
        (Self::Max, "max"),
    ];

    fn of(self, (rate, statistics): &(f64, Option<Statistics>)) -> f64 {
        let number = |of: fn(&Statistics) -> f64| statistics.as_ref().map_or(f64::NAN, of);
        match self {
            Self::Rate => *rate,
            Self::Mean => number(|statistics| statistics.mean),
            Self::Norm => number(|statistics| statistics.norm),
            Self::Min => number(|statistics| statistics.min),
            Self::Max => number(|statistics| statistics.max),
        }
    }
}

/// A region, live.
#[derive(Debug)]
pub struct WatchScreen {
    watching: Watching,
    theme: Theme,
    table: TableState,
    curve: usize,
    paused: bool,
    heat: bool,
}

impl WatchScreen {
    pub fn new(watching: Watching) -> Self {
        let mut table = TableState::default();
        // What there is a map of is the most to look at.
        let flat = |track: &Track| track.field.manifest().ty.shape().len() == 2;
        table.select(Some(watching.tracks.iter().position(flat).unwrap_or(0)));
        Self { watching, theme: Theme::new(), table, curve: 0, paused: false, heat: true }
    }

    fn step(&mut self, down: bool) {
        let last = self.watching.tracks.len().saturating_sub(1);
        let place = self.table.selected().unwrap_or(0);
        let place = if down { (place + 1).min(last) } else { place.saturating_sub(1) };
        self.table.select(Some(place));
    }

    fn selected(&self) -> Option<&Track> {
        self.watching.tracks.get(self.table.selected()?)
    }

    fn head(&self) -> Line<'static> {
        let Watching { name, view, attached, .. } = &self.watching;
        let condition = Condition::of(view, attached.any);
        let style = match condition {
            Condition::Alive => self.theme.good(),
            Condition::Idle => self.theme.quiet(),
            Condition::Dead => self.theme.bad(),
        };
        let count = attached.attachments.map_or("some".into(), |count| count.to_string());
        let mut spans = vec![
            Span::styled(name.clone(), self.theme.head()),
            Span::raw(format!("  {}  ", view.manifest().name)),
            Span::styled(condition.name(), style),
            Span::raw(format!(", {count} attached, {}", units::bytes(view.bytes()))),
        ];
        if self.paused {
            spans.push(Span::styled("  paused", self.theme.notable()));
        }
        Line::from(spans)
    }

    fn row(&self, index: usize, width: usize) -> Row<'static> {
        let track = &self.watching.tracks[index];
        let number = |of: fn(&Statistics) -> f64| {
            track.statistics.as_ref().map_or("-".into(), |statistics| units::short(of(statistics)))
        };
        let (curve, _) = Curve::ALL[self.curve];
        let history: Vec<f64> = track.history.iter().map(|look| curve.of(look)).collect();
        // Of the whole row, the curve would stand on its head.
        let is_selected = self.table.selected() == Some(index);
        let style = if is_selected { self.theme.selected() } else { Style::new() };
        let sampled = if track.is_sampled() { "~" } else { "" };
        let holder = track.status.holder.map_or(Cell::from(""), |holder| {
            let style = if holder.dead { self.theme.bad() } else { self.theme.notable() };
            let word = if holder.dead { "dead" } else { "held" };
            Cell::from(Span::styled(format!("{word} {}", holder.pid), style))
        });
        Row::new([
            Cell::from(track.field.manifest().name.to_owned()).style(style),
            Cell::from(right(units::rate(track.per_second), 7)),
            Cell::from(right(track.status.age.map_or("-".into(), units::age), 7)),
            Cell::from(right(number(|s| s.min), 9)),
            Cell::from(right(sampled.to_owned() + &number(|s| s.mean), 9)),
            Cell::from(right(number(|s| s.max), 9)),
            Cell::from(right(sampled.to_owned() + &number(|s| s.norm), 9)),
            self.spoilt(track),
            holder,
            Cell::from(Span::styled(sparkline(&history, width), self.theme.curve())),
        ])
    }

    /// How many numbers are none, in red.
    fn spoilt(&self, track: &Track) -> Cell<'static> {
        let Some(Statistics { nans, infinities, .. }) = track.statistics else {
            return Cell::from("");
        };
        let mut words = Vec::new();
        if nans > 0 {
            words.push(format!("{nans} NaN"));
        }
        if infinities > 0 {
            words.push(format!("{infinities} inf"));
        }
        Cell::from(Span::styled(words.join(" "), self.theme.bad()))
    }

    fn fields(&mut self, frame: &mut Frame<'_>, area: Rect) {
        let tracks = &self.watching.tracks;
        let name = tracks.iter().map(|track| track.field.manifest().name.chars().count()).max();
        let name = name.unwrap_or(0).clamp(5, 24) as u16;
        let fixed = [name, 7, 7, 9, 9, 9, 9, self.spoilt_width(), self.holder_width()];
        let taken: u16 = fixed.iter().map(|width| width + 1).sum();
        let left = area.width.saturating_sub(taken).max(4);
        let rows: Vec<Row<'_>> =
            (0..tracks.len()).map(|index| self.row(index, left.into())).collect();
        let head = ["field", "upd/s", "age", "min", "mean", "max", "norm"];
        let align = |(i, word): (usize, &&str)| {
            if i == 0 { (*word).to_owned() } else { right((*word).to_owned(), fixed[i].into()) }
        };
        let mut head: Vec<String> = head.iter().enumerate().map(align).collect();
        head.extend(["".into(), "".into(), Curve::ALL[self.curve].1.into()]);
        let widths = fixed.into_iter().map(Constraint::Length).chain([Constraint::Length(left)]);
        let table = Table::new(rows, widths).header(Row::new(head).style(self.theme.head()));
        frame.render_stateful_widget(table, area, &mut self.table);
    }

    fn spoilt_width(&self) -> u16 {
        let any = self.watching.tracks.iter().any(|track| {
            track.statistics.is_some_and(|statistics| statistics.nans + statistics.infinities > 0)
        });
        if any { 16 } else { 0 }
    }

    fn holder_width(&self) -> u16 {
        if self.watching.tracks.iter().any(|track| track.status.holder.is_some()) { 12 } else { 0 }
    }

    fn map(&self, frame: &mut Frame<'_>, area: Rect) {
        let Some(track) = self.selected() else { return };
        let manifest = track.field.manifest();
        let block = Block::bordered().title(format!(" {}: {} ", manifest.name, manifest.ty));
        let inside = block.inner(area);
        frame.render_widget(block, area);
        match &track.value {
            Some(value) if manifest.ty.shape().len() == 2 => {
                frame.render_widget(Heat { elements: value.elements(), theme: self.theme }, inside);
            }
            Some(value) => {
                let shown = value.elements().iter().take(1000).map(|scalar| scalar.to_string());
                let text = shown.collect::<Vec<_>>().join("  ");
                let wrap = ratatui::widgets::Wrap { trim: true };
                frame.render_widget(Paragraph::new(text).wrap(wrap), inside);
            }
            None => frame.render_widget(Paragraph::new("too large to be shown"), inside),
        }
    }

    fn foot(&self) -> Line<'static> {
        match &self.watching.trouble {
            Some(trouble) => Line::styled(trouble.clone(), self.theme.bad()),
            None => Line::styled(
                "q quit  space pause  ↑↓ select  s sparkline  h value",
                self.theme.quiet(),
            ),
        }
    }
}

/// Flush right in so many columns.
pub fn right(text: String, width: usize) -> String {
    format!("{text:>width$}")
}

impl Screen for WatchScreen {
    fn look(&mut self) -> Result<(), Failure> {
        if !self.paused {
            self.watching.look();
        }
        Ok(())
    }

    fn draw(&mut self, frame: &mut Frame<'_>) {
        let rows = self.watching.tracks.len() as u16 + 1;
        let fields = Constraint::Length(rows.min(frame.area().height.saturating_sub(2)));
        let [head, fields, map, foot] = Layout::vertical([
            Constraint::Length(1),
            if self.heat { fields } else { Constraint::Min(0) },
            if self.heat { Constraint::Min(0) } else { Constraint::Length(0) },
            Constraint::Length(1),
        ])
        .areas(frame.area());
        frame.render_widget(self.head(), head);
        self.fields(frame, fields);
        if map.height > 2 {
            self.map(frame, map);
        }
        frame.render_widget(self.foot(), foot);
    }

    fn key(&mut self, key: Key) -> Flow {
        match key {
            Key::Char('q') | Key::Escape => return Flow::Leave,
            Key::Char(' ' | 'p') => self.paused = !self.paused,
            Key::Down | Key::Char('j') => self.step(true),
            Key::Up | Key::Char('k') => self.step(false),
            Key::Char('s') => self.curve = (self.curve + 1) % Curve::ALL.len(),
            Key::Char('h') => self.heat = !self.heat,
            _ => {}
        }
        Flow::Stay
    }
}
