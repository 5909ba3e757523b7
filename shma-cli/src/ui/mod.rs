//! Live screens: a loop of looking, drawing, and listening to keys.

pub mod glyphs;
pub mod heat;
pub mod keys;
mod terminal;
pub mod theme;
pub mod top;
pub mod watch;

use std::io::{self, Stdout};
use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Frame, Terminal, TerminalOptions, Viewport};
use rustix::event::{PollFd, PollFlags, poll};

use self::keys::Key;
use self::terminal::{Modes, Signals};
use crate::args::Pace;
use crate::failure::Failure;

/// What a screen shows, and what it does on a key.
pub trait Screen {
    /// Looks again.
    fn look(&mut self) -> Result<(), Failure>;
    fn draw(&mut self, frame: &mut Frame<'_>);
    fn key(&mut self, key: Key) -> Flow;
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

/// After an escape character, for the rest of a sequence that the line sends in parts.
const REST_OF_KEY: Duration = Duration::from_millis(100);

/// A terminal that shows screens, until this is dropped.
pub struct Session {
    modes: Arc<Modes>,
    signals: Signals,
    // Dropped, it complains of a terminal that is gone.
    terminal: ManuallyDrop<Terminal<CrosstermBackend<Stdout>>>,
    size: Rect,
    /// Bytes of a key that is not complete.
    pending: Vec<u8>,
}

/// Why a screen is to be drawn.
enum Heard {
    /// It is time to look again.
    Time,
    /// The size has changed, or the process was stopped and goes on.
    Redraw,
    Keys(Vec<Key>),
}

impl Session {
    pub fn start() -> Result<Self, Failure> {
        let modes = Modes::new().map_err(|error| failure("opening the keyboard", &error))?;
        let modes = Arc::new(modes);
        let signals = Signals::handle(&modes)?;
        let for_panics = Arc::clone(&modes);
        let report = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            for_panics.leave();
            report(panic);
        }));
        let size = modes.size();
        let viewport = Viewport::Fixed(size);
        let backend = CrosstermBackend::new(io::stdout());
        let terminal = Terminal::with_options(backend, TerminalOptions { viewport });
        let terminal = ManuallyDrop::new(terminal.map_err(lost)?);
        let session = Self { modes, signals, terminal, size, pending: Vec::new() };
        session.modes.enter().map_err(lost)?;
        Ok(session)
    }

    /// Shows a screen until it is left, or has looked so often. Returns the region to enter, if
    /// any.
    pub fn show(
        &mut self,
        screen: &mut impl Screen,
        pace: Pace,
    ) -> Result<Option<String>, Failure> {
        let mut looks = 0;
        loop {
            let next = Instant::now() + pace.interval;
            screen.look()?;
            looks += 1;
            loop {
                self.draw(screen).map_err(lost)?;
                match self.listen(next)? {
                    Heard::Time => break,
                    Heard::Redraw => {}
                    Heard::Keys(keys) => {
                        for key in keys {
                            match screen.key(key) {
                                Flow::Stay => {}
                                Flow::Leave => return Ok(None),
                                Flow::Enter(name) => return Ok(Some(name)),
                            }
                        }
                    }
                }
            }
            if pace.count.is_some_and(|count| looks >= count) {
                return Ok(None);
            }
        }
    }

    fn draw(&mut self, screen: &mut impl Screen) -> io::Result<()> {
        let size = self.modes.size();
        if self.size != size {
            self.terminal.resize(size)?;
            self.size = size;
        }
        self.terminal.draw(|frame| screen.draw(frame))?;
        Ok(())
    }

    fn listen(&mut self, until: Instant) -> Result<Heard, Failure> {
        let now = Instant::now();
        let wait = until.saturating_duration_since(now);
        let wait = if self.pending.is_empty() { wait } else { wait.min(REST_OF_KEY) };
        let mut files = [
            PollFd::new(self.modes.keyboard(), PollFlags::IN),
            // Whether its other end is gone is said without being asked.
            PollFd::new(self.modes.screen(), PollFlags::empty()),
            PollFd::new(&self.signals.wake, PollFlags::IN),
        ];
        match poll(&mut files, wait.try_into().ok().as_ref()) {
            Ok(0) if !self.pending.is_empty() => {
                self.pending.clear();
                return Ok(Heard::Keys(vec![Key::Escape]));
            }
            Ok(0) => return Ok(Heard::Time),
            Ok(_) => {}
            Err(rustix::io::Errno::INTR) => return Ok(Heard::Redraw),
            Err(errno) => return Err(io::Error::from(errno).into()),
        }
        let [keyboard, screen, wake] = files.map(|file| file.revents());
        if !wake.is_empty() {
            if self.signals.obey(&self.modes).map_err(lost)? {
                self.terminal.resize(self.size).map_err(lost)?;
            }
            return Ok(Heard::Redraw);
        }
        let gone = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
        if (keyboard | screen).intersects(gone) {
            return Err(Failure::unheard());
        }
        self.read_keys()
    }

    fn read_keys(&mut self) -> Result<Heard, Failure> {
        let mut bytes = [0; 256];
        let count = match rustix::io::read(self.modes.keyboard(), &mut bytes) {
            Ok(0) => return Err(Failure::unheard()),
            Ok(count) => count,
            Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => return Ok(Heard::Redraw),
            Err(errno) => return Err(lost(errno.into())),
        };
        self.pending.extend_from_slice(&bytes[..count]);
        let (keys, rest) = keys::parse(&self.pending);
        self.pending.drain(..self.pending.len() - rest);
        for key in &keys {
            match key {
                // The terminal is raw, so that it makes no signals of these.
                Key::Control('c') => return Ok(Heard::Keys(vec![Key::Char('q')])),
                Key::Control('z') => {
                    let stop = rustix::process::Signal::TSTP;
                    rustix::process::kill_current_process_group(stop).map_err(io::Error::from)?;
                }
                _ => {}
            }
        }
        Ok(Heard::Keys(keys))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.modes.leave();
    }
}

/// What a failed call on the terminal means: mostly that it is gone.
fn lost(error: io::Error) -> Failure {
    use rustix::io::Errno;
    match Errno::from_io_error(&error) {
        Some(Errno::IO | Errno::PIPE | Errno::NXIO | Errno::BADF | Errno::NODEV) => {
            Failure::unheard()
        }
        _ => failure("using the terminal", &error),
    }
}

fn failure(what: &str, error: &io::Error) -> Failure {
    Failure::system(format!("{what}: {error}; without a terminal, pipe the output"))
}
