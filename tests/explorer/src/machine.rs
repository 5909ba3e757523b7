//! A model: memory, processes, and what must hold.

use std::fmt;

use crate::expression::{Register, Word};
use crate::instruction::{Place, Words};
use crate::program::Program;
use crate::state::Status;

/// A property of a state: `Err` says in words how it is broken.
type Property = Box<dyn Fn(&Moment<'_>) -> Result<(), String> + Send + Sync>;

/// A whole model, ready to be explored.
pub struct Machine {
    pub(super) initial: Vec<Word>,
    pub(super) programs: Vec<Program>,
    pub(super) kills: u8,
    pub(super) reduce: bool,
    pub(super) rising: u64,
    pub(super) always: Property,
    pub(super) finally: Property,
    pub(super) limit: usize,
    names: Vec<(&'static str, Words)>,
    hexadecimal: u64,
}

/// One process of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process(usize);

/// What the properties may look at.
#[derive(Clone, Copy)]
pub struct Moment<'a>(pub(super) &'a dyn Observe);

/// A state of whatever size.
pub(super) trait Observe {
    fn latest(&self, location: usize) -> Word;
    fn status(&self, process: usize) -> Status;
    fn register(&self, process: usize, register: Register) -> Word;
}

impl Default for Machine {
    fn default() -> Self {
        Self::new()
    }
}

impl Machine {
    /// No memory, no processes, no kills; weak memory; at most 20 million states.
    pub fn new() -> Self {
        Machine {
            initial: Vec::new(),
            programs: Vec::new(),
            kills: 0,
            reduce: true,
            rising: 0,
            always: Box::new(|_| Ok(())),
            finally: Box::new(|_| Ok(())),
            limit: 20_000_000,
            names: Vec::new(),
            hexadecimal: 0,
        }
    }

    /// A new word of memory.
    pub fn word(&mut self, name: &'static str, initial: Word) -> Words {
        self.words(name, 1, initial)
    }

    /// New consecutive words of memory.
    pub fn words(&mut self, name: &'static str, count: Word, initial: Word) -> Words {
        self.words_of(name, &vec![initial; usize::from(count)])
    }

    /// New consecutive words of memory, each with its own initial value.
    pub fn words_of(&mut self, name: &'static str, initial: &[Word]) -> Words {
        let words = Words { first: self.initial.len() as u8, count: initial.len() as u8 };
        self.initial.extend_from_slice(initial);
        assert!(self.initial.len() <= 64, "a model with too many words");
        self.names.push((name, words));
        words
    }

    /// Traces show these words in hexadecimal.
    pub fn show_hexadecimal(&mut self, words: Words) {
        self.hexadecimal |= bits(words);
    }

    /// The exploration fails where one of these words decreases.
    pub fn never_decreases(&mut self, words: Words) {
        self.rising |= bits(words);
    }

    /// One more process; it starts at once.
    pub fn run(&mut self, mut program: Program) -> Process {
        program.end();
        self.programs.push(program);
        Process(self.programs.len() - 1)
    }

    /// At most so many processes are killed, of those that [may be](Program::dies_with).
    pub fn kills(&mut self, most: u8) {
        self.kills = most;
    }

    /// Keeps states apart that differ only in what no process can see any more: slow, and obviously
    /// right. It exists to check the reduction.
    pub fn without_reduction(&mut self) {
        self.reduce = false;
    }

    /// More states than this are a failure.
    pub fn limit(&mut self, states: usize) {
        self.limit = states;
    }

    /// What must hold in every state.
    pub fn always(
        &mut self,
        property: impl Fn(&Moment<'_>) -> Result<(), String> + Send + Sync + 'static,
    ) {
        self.always = Box::new(property);
    }

    /// What must hold when every process is done, killed, or asleep with no process left to wake
    /// it.
    pub fn finally(
        &mut self,
        property: impl Fn(&Moment<'_>) -> Result<(), String> + Send + Sync + 'static,
    ) {
        self.finally = Box::new(property);
    }

    pub(super) fn location_name(&self, location: usize) -> String {
        let holds = |words: &Words| {
            (usize::from(words.first)..).take(usize::from(words.count)).any(|at| at == location)
        };
        match self.names.iter().find(|(_, words)| holds(words)) {
            Some((name, words)) if words.count == 1 => (*name).into(),
            Some((name, words)) => format!("{name}[{}]", location - usize::from(words.first)),
            None => format!("word {location}"),
        }
    }

    pub(super) fn words_name(&self, place: &Place) -> &'static str {
        let same = |words: &Words| words.first == place.words.first;
        self.names.iter().find(|(_, words)| same(words)).map_or("memory", |(name, _)| name)
    }

    pub(super) fn show(&self, location: u8, value: Word) -> String {
        if self.hexadecimal & (1 << location) == 0 {
            value.to_string()
        } else {
            format!("{value:#05x}")
        }
    }
}

fn bits(words: Words) -> u64 {
    (0..words.count).fold(0, |set, at| set | 1 << (words.first + at))
}

impl fmt::Debug for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let processes: Vec<_> = self.programs.iter().map(|program| &program.name).collect();
        f.debug_struct("Machine")
            .field("words", &self.names)
            .field("processes", &processes)
            .finish()
    }
}

impl Moment<'_> {
    /// The latest value of a word.
    pub fn latest(&self, words: Words, index: Word) -> Word {
        assert!(index < Word::from(words.count), "index {index} of {words:?}");
        self.0.latest(usize::from(words.first) + usize::from(index))
    }

    /// What a process is doing.
    pub fn status(&self, process: Process) -> Status {
        self.0.status(process.0)
    }

    /// Came to the end of its program?
    pub fn is_done(&self, process: Process) -> bool {
        self.status(process) == Status::Done
    }

    /// Was killed?
    pub fn is_killed(&self, process: Process) -> bool {
        self.status(process) == Status::Killed
    }

    /// Sleeps in the kernel?
    pub fn is_asleep(&self, process: Process) -> bool {
        matches!(self.status(process), Status::Asleep { .. })
    }

    /// The value of a [kept register](Program::kept_register).
    pub fn register(&self, process: Process, register: Register) -> Word {
        self.0.register(process.0, register)
    }
}

impl fmt::Debug for Moment<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Moment")
    }
}
