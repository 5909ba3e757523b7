//! Catching up a slot from the dirty words: complete after any sequence of publications and deaths.
//!
//! Only the holder of the semaphore touches dirty words and slots, and a successor knows all that a
//! dead holder did. So this model has no weak memory: it is a search of its own. A state is what
//! one holder leaves to the next. A holder publishes one range and may die after any of its stores.
//! Values are only ever copied and compared, so a word of a slot is no more than a class: equal to
//! the same word of some other slots. That makes the states finitely many: the search comes to an
//! end and then covers sequences of any length.
//!
//! Slots are numbered from the active one on: slot 0 holds version `v`, slot 1 the version that
//! the next publication replaces, the last one `v - 1`.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt::Write;

/// Slots of the largest model.
const SLOTS: usize = 8;
/// Words of the largest model.
const WORDS: usize = 6;
/// States of the largest model.
const LIMIT: usize = 30_000_000;

/// The wrong orders of a publication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    /// The dirty word is stored after the data.
    DirtyAfterData,
    /// The dirty word is stored before the catch-up.
    DirtyBeforeCatchUp,
    /// The slot's own word is never caught up from.
    OwnWordSkipped,
    /// `begin` is stored after the catch-up.
    BeginAfterCatchUp,
    /// One word less is caught up from.
    OneWordLess,
    /// A whole publication does not store its word.
    WholeWithoutWord,
    /// The slot's own word is always caught up from, whatever `begin` says: more work, not wrong.
    BeginIgnored,
}

/// One configuration to explore.
#[derive(Clone, Copy, Debug)]
pub struct DirtyRanges {
    /// K, the number of slots.
    pub slots: usize,
    /// Words of a slot; publications change any range of them.
    pub words: usize,
    /// Ranges begin and end on words. If not, the words at their ends are changed in part, so they
    /// must be caught up before.
    pub aligned: bool,
    /// What is done wrong, if anything.
    pub mutant: Option<Mutant>,
}

/// Words `first..end`; empty if they are equal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Range {
    first: u8,
    end: u8,
}

/// What lies in memory between two steps of a holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct State {
    /// `begin == v + 1`
    begun: bool,
    dirty: [Range; SLOTS],
    /// The class of each word of each slot.
    classes: [[u8; WORDS]; SLOTS],
}

/// A class that no word has: what a publication stores.
const NEW: u8 = u8::MAX;

/// The stores of a publication, in groups whose order matters.
#[derive(Clone, Copy, Debug)]
enum Part {
    Begin,
    CatchUp,
    DirtyWord,
    Data,
    Version,
}

impl DirtyRanges {
    /// Visits every state; gives their number.
    ///
    /// # Errors
    ///
    /// What is broken, and the publications and deaths that break it; or that there are too many
    /// states.
    pub fn explore(&self) -> Result<usize, String> {
        assert!(self.slots <= SLOTS && self.words <= WORDS, "too large: {self:?}");
        let mut numbers = HashMap::from([(State::CREATED, 0_usize)]);
        let mut states = vec![(State::CREATED, None)];
        let mut next = 0;
        while next < states.len() {
            let state = states[next].0;
            for range in self.ranges() {
                let mut holder = Holder { model: self, state, range, left: Vec::new() };
                let outcome = holder.publish();
                for (stores, left) in holder.left.into_iter().enumerate() {
                    let number = states.len();
                    if let Entry::Vacant(vacant) = numbers.entry(left.canonical(self)) {
                        states.push((*vacant.key(), Some((next, range, stores + 1))));
                        vacant.insert(number);
                    }
                }
                outcome.map_err(|what| way_to(&states, next, range, &what))?;
            }
            if states.len() > LIMIT {
                return Err(format!("{LIMIT} states and no end"));
            }
            next += 1;
        }
        Ok(states.len())
    }

    /// The words copied to catch up, over some publications of one range with no deaths.
    pub fn copied(&self, first: u8, end: u8, publications: usize) -> usize {
        let range = Range { first, end };
        let mut state = State::CREATED;
        let mut copied = 0;
        for _ in 0..publications {
            let mut holder = Holder { model: self, state, range, left: Vec::new() };
            holder.publish().unwrap_or_else(|what| panic!("{what}"));
            // Begin, the dirty word and the version are stores too, and so is the range.
            copied += holder.left.len() - 3 - usize::from(end - first);
            state = holder.state.canonical(self);
        }
        copied
    }

    fn is(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }

    fn ranges(&self) -> impl Iterator<Item = Range> + use<> {
        let words = self.words as u8;
        (0..words).flat_map(move |first| (first + 1..=words).map(move |end| Range { first, end }))
    }

    fn order(&self) -> [Part; 5] {
        use Part::{Begin, CatchUp, Data, DirtyWord, Version};
        match self.mutant {
            Some(Mutant::DirtyAfterData) => [Begin, CatchUp, Data, DirtyWord, Version],
            Some(Mutant::DirtyBeforeCatchUp) => [Begin, DirtyWord, CatchUp, Data, Version],
            Some(Mutant::BeginAfterCatchUp) => [CatchUp, Begin, DirtyWord, Data, Version],
            _ => [Begin, CatchUp, DirtyWord, Data, Version],
        }
    }
}

/// One publication under way.
struct Holder<'m> {
    model: &'m DirtyRanges,
    state: State,
    range: Range,
    /// The state after each store: what is left behind if the holder dies there.
    left: Vec<State>,
}

impl Holder<'_> {
    fn publish(&mut self) -> Result<(), String> {
        let clean = !self.state.begun;
        let whole = usize::from(self.range.end - self.range.first) == self.model.words;
        for part in self.model.order() {
            match part {
                Part::Begin => self.store(|state| state.begun = true),
                Part::CatchUp if whole => {}
                Part::CatchUp => self.catch_up(clean)?,
                Part::DirtyWord if whole && self.model.is(Mutant::WholeWithoutWord) => {}
                Part::DirtyWord => {
                    let range = self.range;
                    self.store(|state| state.dirty[1] = range);
                }
                Part::Data => self.data(whole)?,
                Part::Version => self.version()?,
            }
        }
        Ok(())
    }

    /// Makes slot 1 equal to slot 0 in the ranges of the other slots' words, and of its own too if
    /// a process died in it.
    fn catch_up(&mut self, clean: bool) -> Result<(), String> {
        for slot in 0..self.model.slots {
            let skipped = match slot {
                1 if self.model.is(Mutant::BeginIgnored) => false,
                1 => clean || self.model.is(Mutant::OwnWordSkipped),
                _ => self.model.is(Mutant::OneWordLess) && slot == 2 % self.model.slots,
            };
            if skipped {
                continue;
            }
            for word in self.state.dirty[slot].words() {
                self.store_word(word, self.state.classes[0][word])?;
            }
        }
        Ok(())
    }

    fn data(&mut self, whole: bool) -> Result<(), String> {
        // A range that does not end on a word keeps the other bytes of its edge words.
        let edges = [self.range.first, self.range.end - 1].map(usize::from);
        let stale = |word: &usize| self.state.classes[1][*word] != self.state.classes[0][*word];
        if !whole
            && !self.model.aligned
            && let Some(word) = edges.iter().find(|word| stale(word))
        {
            return Err(format!("the edge word {word} was not caught up"));
        }
        self.range.words().try_for_each(|word| self.store_word(word, NEW))
    }

    fn store_word(&mut self, word: usize, class: u8) -> Result<(), String> {
        if !self.state.begun && self.state.classes[1][word] != class {
            return Err(format!("word {word} changes in a slot that readers accept"));
        }
        self.store(|state| state.classes[1][word] = class);
        Ok(())
    }

    fn version(&mut self) -> Result<(), String> {
        let [active, next, ..] = &self.state.classes;
        for word in 0..self.model.words {
            let changed = self.range.words().contains(&word);
            let due = if changed { NEW } else { active[word] };
            if next[word] != due {
                return Err(format!("word {word} of the published value is an old one"));
            }
        }
        let slots = self.model.slots;
        self.store(|state| {
            state.begun = false;
            state.dirty[..slots].rotate_left(1);
            state.classes[..slots].rotate_left(1);
        });
        Ok(())
    }

    fn store(&mut self, store: impl FnOnce(&mut State)) {
        store(&mut self.state);
        self.left.push(self.state);
    }
}

impl State {
    /// All slots hold the initial value, the words are empty.
    const CREATED: Self = State {
        begun: false,
        dirty: [Range { first: 0, end: 0 }; SLOTS],
        classes: [[0; WORDS]; SLOTS],
    };

    /// Names the classes of each word in the order in which the slots show them.
    fn canonical(mut self, model: &DirtyRanges) -> Self {
        for word in 0..model.words {
            let mut names = [NEW; SLOTS];
            let mut known = 0;
            for slot in 0..model.slots {
                let class = self.classes[slot][word];
                let name = names[..known].iter().position(|name| *name == class);
                if name.is_none() {
                    names[known] = class;
                    known += 1;
                }
                self.classes[slot][word] = name.unwrap_or(known - 1) as u8;
            }
        }
        self
    }
}

impl Range {
    fn words(self) -> std::ops::Range<usize> {
        usize::from(self.first)..usize::from(self.end)
    }
}

/// Where a state came from: the state before, what a holder published, and after how many stores
/// it stopped.
type Origin = Option<(usize, Range, usize)>;

fn way_to(states: &[(State, Origin)], mut at: usize, last: Range, what: &str) -> String {
    let mut steps = Vec::new();
    while let Some((before, range, stores)) = states[at].1 {
        steps.push(format!("words {:?} are published, up to store {stores}", range.words()));
        at = before;
    }
    let mut way = format!("{what}\n");
    for step in steps.iter().rev() {
        let _ = writeln!(way, "  {step}");
    }
    let _ = writeln!(way, "  words {:?} are published", last.words());
    way
}
