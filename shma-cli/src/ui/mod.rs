//! Live screens: a loop of looking, drawing, and listening to keys.

pub mod glyphs;
pub mod heat;
pub mod theme;
pub mod top;
pub mod watch;

use std::io;
use std::time::{Duration, Instant};

use ratatui::Frame;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use crate::args::Pace;
use crate::failure::Failure;

/// What a screen shows, and what it does on a key.
pub trait Screen {
    /// Looks again.
    fn look(&mut self) -> Result<(), Failure>;
    fn draw(&mut self, frame: &mut Frame<'_>);
    fn key(&mut self, key: KeyCode) -> Flow;
}

/// What comes after a key.
#[derive(Debug, PartialEq, Eq)]
pub enum Flow {
    Stay,
    /// The screen is left.
    Leave,
    /// Another screen is entered for the region of this name.
    Enter(String),
}

/// Shows a screen until it is left, or has looked so often. Returns the region to enter, if any.
pub fn run(screen: &mut impl Screen, pace: Pace) -> Result<Option<String>, Failure> {
    let mut terminal = ratatui::try_init().map_err(Failure::from)?;
    let shown = show(screen, pace, &mut terminal);
    ratatui::try_restore().map_err(Failure::from)?;
    shown
}

fn show(
    screen: &mut impl Screen,
    pace: Pace,
    terminal: &mut ratatui::DefaultTerminal,
) -> Result<Option<String>, Failure> {
    let mut looks = 0;
    loop {
        let next = Instant::now() + pace.interval;
        screen.look()?;
        looks += 1;
        loop {
            terminal.draw(|frame| screen.draw(frame))?;
            match listen(next.saturating_duration_since(Instant::now()))? {
                Heard::Time => break,
                Heard::Redraw => {}
                Heard::Key(key) => match screen.key(key) {
                    Flow::Stay => {}
                    Flow::Leave => return Ok(None),
                    Flow::Enter(name) => return Ok(Some(name)),
                },
            }
        }
        if pace.count.is_some_and(|count| looks >= count) {
            return Ok(None);
        }
    }
}

enum Heard {
    Key(KeyCode),
    Redraw,
    Time,
}

fn listen(at_most: Duration) -> io::Result<Heard> {
    if !event::poll(at_most)? {
        return Ok(Heard::Time);
    }
    Ok(match event::read()? {
        Event::Key(KeyEvent { kind: KeyEventKind::Release, .. }) => Heard::Redraw,
        Event::Key(KeyEvent { code: KeyCode::Char('c'), modifiers, .. })
            if modifiers.contains(KeyModifiers::CONTROL) =>
        {
            Heard::Key(KeyCode::Char('q'))
        }
        Event::Key(KeyEvent { code, .. }) => Heard::Key(code),
        _ => Heard::Redraw,
    })
}
