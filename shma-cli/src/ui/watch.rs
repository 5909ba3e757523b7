//! The screen of `shma watch`.

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::widgets::{Block, List, ListState, Paragraph};

use super::glyphs::sparkline;
use super::heat::Heat;
use super::keys::Key;
use super::theme::Theme;
use super::{Flow, Screen};
use crate::array::Array;
use crate::failure::Failure;
use crate::report::{self, Condition};
use crate::statistics::Statistics;
use crate::table::{Cell, Column, GAP, Part, Shown, Table, Tone, fit};
use crate::text;
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
    list: ListState,
    curve: usize,
    paused: bool,
    heat: bool,
}

impl WatchScreen {
    pub fn new(watching: Watching) -> Self {
        let mut list = ListState::default();
        // What there is a map of is the most to look at.
        let flat = |track: &Track| track.selection.shape().len() == 2;
        list.select(Some(watching.tracks.iter().position(flat).unwrap_or(0)));
        Self { watching, theme: Theme::new(), list, curve: 0, paused: false, heat: true }
    }

    fn step(&mut self, down: bool) {
        let last = self.watching.tracks.len().saturating_sub(1);
        let place = self.list.selected().unwrap_or(0);
        let place = if down { (place + 1).min(last) } else { place.saturating_sub(1) };
        self.list.select(Some(place));
    }

    fn selected(&self) -> Option<&Track> {
        self.watching.tracks.get(self.list.selected()?)
    }

    fn head(&self) -> Vec<Part> {
        let Watching { name, view, attached, .. } = &self.watching;
        let condition = Condition::of(view, attached.any).cell();
        let mut parts = vec![
            Part::new(0, name.clone(), Tone::Head),
            Part::new(3, format!("  {}", view.manifest().name), Tone::Plain),
            Part::new(1, "  ", Tone::Plain),
            Part::new(1, condition.text, condition.tone),
            Part::new(2, format!(", {} attached", report::count(attached)), Tone::Plain),
            Part::new(4, format!(", {}", units::bytes(view.bytes())), Tone::Plain),
        ];
        if self.paused {
            parts.push(Part::new(1, "  paused", Tone::Notable));
        }
        parts
    }

    fn row(&self, index: usize, track: &Track) -> [Cell; 9] {
        let number = |of: fn(&Statistics) -> f64| {
            track.statistics.as_ref().map_or("-".into(), |statistics| units::short(of(statistics)))
        };
        // Selecting the whole row would turn the curve upside down.
        let is_selected = self.list.selected() == Some(index);
        let tone = if is_selected { Tone::Selected } else { Tone::Plain };
        let sampled = if track.is_sampled() { "~" } else { "" };
        [
            Cell::new(track.selection.path.clone(), tone),
            units::rate(track.per_second).into(),
            track.status.age.map_or("-".into(), units::age).into(),
            number(|s| s.min).into(),
            (sampled.to_owned() + &number(|s| s.mean)).into(),
            number(|s| s.max).into(),
            (sampled.to_owned() + &number(|s| s.norm)).into(),
            spoilt(track),
            track.status.holder.map_or("".into(), |holder| match holder.dead {
                true => Cell::new(format!("dead {}", holder.pid), Tone::Bad),
                false => {
                    let command = report::writer(&self.watching.attached, holder.pid);
                    let command = text::cut(command.unwrap_or_default(), LONGEST_COMMAND);
                    let held = format!("held {} {command}", holder.pid);
                    Cell::new(held.trim_end().to_owned(), Tone::Notable)
                }
            }),
        ]
    }

    fn columns(&self) -> [Column; 9] {
        // A column without a text in it has no head, and so no width.
        let tracks = &self.watching.tracks;
        let is_spoilt = tracks.iter().any(|track| !spoilt(track).text.is_empty());
        let is_held = tracks.iter().any(|track| track.status.holder.is_some());
        [
            Column::left("field", 0),
            Column::right("upd/s", 1).at_least(7),
            Column::right("age", 4).at_least(7),
            Column::right("min", 6).at_least(9),
            Column::right("mean", 5).at_least(9),
            Column::right("max", 7).at_least(9),
            Column::right("norm", 8).at_least(9),
            Column::left(if is_spoilt { "not finite" } else { "" }, 2),
            Column::left(if is_held { "held by" } else { "" }, 3),
        ]
    }

    fn fields(&self, width: usize) -> Shown {
        let tracks = &self.watching.tracks;
        let mut table = Table::new(self.columns());
        for (index, track) in tracks.iter().enumerate() {
            table.row(self.row(index, track));
        }
        let mut shown = table.show(width);
        // The curves take what is left.
        let left = width.saturating_sub(shown.width + GAP);
        if shown.missing.is_empty() && left >= LEAST_CURVE {
            let (curve, name) = Curve::ALL[self.curve];
            shown.head.push(Cell::new(format!("{:GAP$}{name}", ""), Tone::Head));
            for (track, lines) in tracks.iter().zip(&mut shown.rows) {
                let history: Vec<f64> = track.history.iter().map(|look| curve.of(look)).collect();
                let curve = format!("{:GAP$}{}", "", sparkline(&history, left));
                lines.last_mut().expect("a row has a line").push(Cell::new(curve, Tone::Curve));
            }
        }
        shown
    }

    fn map(&self, frame: &mut Frame<'_>, area: Rect) {
        let Some(track) = self.selected() else { return };
        let title = format!(" {}: {} ", track.selection.path, track.ty());
        let title = text::cut(&title, usize::from(area.width).saturating_sub(2));
        let block = Block::bordered().title(title);
        let inside = block.inner(area);
        frame.render_widget(block, area);
        match track.value() {
            Some(array) if array.shape.len() == 2 => {
                frame.render_widget(Heat { array: &array, theme: self.theme }, inside);
            }
            Some(array) => {
                let lines = value_lines(&array, inside.width.into(), inside.height.into());
                frame.render_widget(Paragraph::new(lines.join("\n")), inside);
            }
            None => frame.render_widget(Paragraph::new("too large to be shown"), inside),
        }
    }

    fn foot(&self) -> Vec<Part> {
        match &self.watching.trouble {
            Some(trouble) => vec![Part::new(0, trouble.clone(), Tone::Bad)],
            None => KEYS.map(|(rank, text)| Part::new(rank, text, Tone::Quiet)).into(),
        }
    }
}

/// The keys, the most needed first.
const KEYS: [(u8, &str); 5] = [
    (0, "q quit"),
    (2, "  space pause"),
    (1, "  ↑↓ select"),
    (4, "  s sparkline"),
    (3, "  h value"),
];

/// Of what a holder is called no more is shown.
const LONGEST_COMMAND: usize = 30;

/// Curves that are shorter show nothing.
const LEAST_CURVE: usize = 9;

/// How many numbers are not finite.
fn spoilt(track: &Track) -> Cell {
    let Some(Statistics { nans, infinities, .. }) = track.statistics else { return "".into() };
    let mut words = Vec::new();
    if nans > 0 {
        words.push(format!("{nans} NaN"));
    }
    if infinities > 0 {
        words.push(format!("{infinities} inf"));
    }
    Cell::new(words.join(" "), Tone::Bad)
}

/// As many scalars as there is room for, and an ellipsis if there are more.
fn value_lines(array: &Array<'_>, width: usize, height: usize) -> Vec<String> {
    // Each takes two columns at least.
    let most = width * height / 2 + 1;
    let shown = array.iter().take(most).map(|scalar| scalar.to_string());
    let mut lines = text::wrap(&shown.collect::<Vec<_>>().join("  "), width);
    let is_cut = lines.len() > height || array.len() > most;
    lines.truncate(height);
    if let Some(last) = lines.last_mut().filter(|_| is_cut) {
        *last = text::start(last, width.saturating_sub(1)).to_owned() + text::ELLIPSIS;
    }
    lines.iter().map(|line| text::cut(line, width)).collect()
}

impl Screen for WatchScreen {
    fn look(&mut self) -> Result<(), Failure> {
        if !self.paused {
            self.watching.look();
        }
        Ok(())
    }

    fn draw(&mut self, frame: &mut Frame<'_>) {
        let width = frame.area().width.into();
        let shown = self.fields(width);
        let rows = shown.rows.iter().map(Vec::len).sum::<usize>();
        let rows = u16::try_from(rows).unwrap_or(u16::MAX);
        let fields = Constraint::Length(rows.min(frame.area().height.saturating_sub(3)));
        let [head, titles, fields, map, foot] = Layout::vertical([
            Constraint::Length(1),
            Constraint::Length(1),
            if self.heat { fields } else { Constraint::Min(0) },
            if self.heat { Constraint::Min(0) } else { Constraint::Length(0) },
            Constraint::Length(1),
        ])
        .areas(frame.area());
        frame.render_widget(self.theme.line(fit(&self.head(), width)), head);
        frame.render_widget(self.theme.line(shown.head), titles);
        let items = self.theme.items(shown.rows);
        frame.render_stateful_widget(List::new(items), fields, &mut self.list);
        if map.height > 2 {
            self.map(frame, map);
        }
        frame.render_widget(self.theme.line(fit(&self.foot(), width)), foot);
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
