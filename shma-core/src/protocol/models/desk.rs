//! A region on the heap: what the threads of a model share.

use crate::protocol::control::Control;
use crate::protocol::slots::{Change, Publication, Slots};
use crate::sync::{AtomicU64, load_held_64};
use crate::words;

/// Fields of `LEN` words in `K` slots each. Every word of publication 1 is 1.
pub(super) struct Desk<const K: usize, const LEN: usize> {
    pub(super) commit: AtomicU64,
    pub(super) fields: Vec<Control>,
    words: Vec<AtomicU64>,
}

impl<const K: usize, const LEN: usize> Desk<K, LEN> {
    pub(super) fn new(fields: usize) -> Self {
        Self {
            commit: AtomicU64::new(0),
            fields: (0..fields).map(|_| Control::new()).collect(),
            words: (0..fields * K * LEN).map(|_| AtomicU64::new(1)).collect(),
        }
    }

    pub(super) fn slots(&self, field: usize) -> Slots<'_> {
        Slots {
            control: &self.fields[field],
            commit: &self.commit,
            words: &self.words[field * K * LEN..][..K * LEN],
            count: K,
            stride: LEN,
            len: LEN,
        }
    }

    /// What publication `version` holds, if it is one, or a mixture.
    pub(super) fn load(&self, field: usize, version: u64) -> [u64; LEN] {
        let mut value = [0; LEN];
        words::load_over(self.slots(field).slot(version), bytemuck::cast_slice_mut(&mut value));
        value
    }

    /// One try to read: the publication that was accepted, and its value.
    pub(super) fn read(&self, field: usize) -> Option<(u64, [u64; LEN])> {
        let slots = self.slots(field);
        let reading = slots.enter();
        let value = self.load(field, reading.version);
        slots.accept(reading).then_some((reading.version, value))
    }

    /// Starts the publication after `version`, and stores its number into the words of `change`.
    pub(super) fn begin(&self, field: usize, version: u64, change: Change) -> Publication<'_> {
        let range = match &change {
            Change::Whole => 0..LEN,
            Change::Words(range) => range.clone(),
        };
        let publication = self.slots(field).begin(version, change);
        let value = vec![version + 1; range.len()];
        words::store(&publication.slot[range], bytemuck::cast_slice(&value));
        publication
    }

    /// The newest publication and its value, for the holder of the semaphore, or when all other
    /// threads have ended.
    pub(super) fn newest(&self, field: usize) -> (u64, [u64; LEN]) {
        let version = load_held_64(&self.fields[field].version);
        let slot = self.slots(field).slot(version);
        (version, std::array::from_fn(|word| load_held_64(&slot[word])))
    }
}
