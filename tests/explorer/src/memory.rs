//! Memory as a history of messages per location, and the views that say what each process has seen.

use crate::expression::Word;

/// For each of up to `L` locations, the index of the oldest message that may still be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct View<const L: usize>(pub(super) [u8; L]);

impl<const L: usize> View<L> {
    /// Knows nothing but the initial values.
    pub(super) const START: Self = View([0; L]);

    pub(super) fn join(&mut self, other: &Self) {
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            *mine = (*mine).max(*theirs);
        }
    }

    pub(super) fn raise(&mut self, location: usize, index: usize) {
        let mine = &mut self.0[location];
        *mine = (*mine).max(index as u8);
    }

    pub(super) fn at(&self, location: usize) -> usize {
        usize::from(self.0[location])
    }

    pub(super) fn write_to(&self, words: &mut Vec<u64>) {
        words.extend(self.0.as_chunks::<8>().0.iter().map(|word| u64::from_le_bytes(*word)));
    }

    /// Renumbers after the messages below `floor` were dropped.
    pub(super) fn sink(&mut self, floor: &Self) {
        for (mine, gone) in self.0.iter_mut().zip(&floor.0) {
            *mine = mine.saturating_sub(*gone);
        }
    }

    /// Renumbers before a message is put in at `index`.
    pub(super) fn make_room(&mut self, location: usize, index: usize) {
        if self.at(location) >= index {
            self.0[location] += 1;
        }
    }
}

/// A value stored, and what a reader that acquires it learns.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message<const L: usize> {
    pub(super) value: Word,
    /// Written by a read-modify-write of the message before: nothing can come between.
    pub(super) attached: bool,
    pub(super) view: View<L>,
}

/// All messages, location after location, each in modification order.
#[derive(Clone, Debug)]
pub(super) struct Memory<const L: usize> {
    messages: Vec<Message<L>>,
    ends: [u8; L],
    locations: u8,
}

impl<const L: usize> Memory<L> {
    pub(super) fn new(initial: impl IntoIterator<Item = Word>) -> Self {
        let first = |value| Message { value, attached: false, view: View::START };
        let messages: Vec<_> = initial.into_iter().map(first).collect();
        let ends = std::array::from_fn(|location| messages.len().min(location + 1) as u8);
        Memory { locations: messages.len() as u8, messages, ends }
    }

    pub(super) fn copy_from(&mut self, other: &Self) {
        self.messages.clone_from(&other.messages);
        self.ends = other.ends;
        self.locations = other.locations;
    }

    pub(super) fn locations(&self) -> usize {
        usize::from(self.locations)
    }

    fn start(&self, location: usize) -> usize {
        location.checked_sub(1).map_or(0, |before| usize::from(self.ends[before]))
    }

    /// The messages of a location, oldest first.
    pub(super) fn history(&self, location: usize) -> &[Message<L>] {
        &self.messages[self.start(location)..usize::from(self.ends[location])]
    }

    pub(super) fn latest(&self, location: usize) -> &Message<L> {
        &self.messages[usize::from(self.ends[location]) - 1]
    }

    /// Renumbers all messages' views before one is put in at `index`.
    pub(super) fn make_room(&mut self, location: usize, index: usize) {
        for message in &mut self.messages {
            message.view.make_room(location, index);
        }
    }

    /// The first two messages of a location of which the later is less.
    pub(super) fn first_fall(&self, location: usize) -> Option<(Word, Word)> {
        let pairs = self.history(location).windows(2).map(|pair| (pair[0].value, pair[1].value));
        pairs.into_iter().find(|(old, new)| old > new)
    }

    /// Puts a message in at `index` of its location.
    pub(super) fn insert(&mut self, location: usize, index: usize, message: Message<L>) {
        let at = self.start(location) + index;
        assert!(self.messages.len() < usize::from(u8::MAX), "a model with too many messages");
        self.messages.insert(at, message);
        for end in &mut self.ends[location..self.locations as usize] {
            *end += 1;
        }
    }

    /// The oldest messages that stay when those below `least_known` go; the latest always stays.
    pub(super) fn floor(&self, least_known: &View<L>) -> View<L> {
        let mut floor = View::START;
        let mut start = 0;
        for location in 0..self.locations() {
            let end = self.ends[location];
            floor.0[location] = least_known.0[location].min(end - start - 1);
            start = end;
        }
        floor
    }

    /// Clears the views of messages that no process will read: those of the locations in this set.
    pub(super) fn forget_what_is_known_of(&mut self, unread: u64) {
        let mut start = 0;
        for location in 0..self.locations() {
            let end = usize::from(self.ends[location]);
            if unread & (1 << location) != 0 {
                for message in &mut self.messages[start..end] {
                    message.view = View::START;
                }
            }
            start = end;
        }
    }

    /// Drops the messages below `floor`, and what is known about them.
    pub(super) fn drop_below(&mut self, floor: &View<L>) {
        let (mut from, mut to) = (0, 0);
        for location in 0..self.locations() {
            let end = usize::from(self.ends[location]);
            from += floor.at(location);
            let oldest = to;
            while from < end {
                let mut message = self.messages[from];
                message.view.sink(floor);
                self.messages[to] = message;
                (from, to) = (from + 1, to + 1);
            }
            self.messages[oldest].attached = false;
            self.ends[location] = to as u8;
        }
        self.messages.truncate(to);
    }

    /// Writes all of it down: the lengths of the histories, then every message.
    pub(super) fn write_to(&self, words: &mut Vec<u64>) {
        words.extend(self.ends.as_chunks::<8>().0.iter().map(|w| u64::from_le_bytes(*w)));
        for message in &self.messages {
            let empty = message.view == View::START;
            let flags = u64::from(message.attached) | u64::from(empty) << 1;
            words.push(u64::from(message.value) | flags << 32);
            if !empty {
                message.view.write_to(words);
            }
        }
    }
}
