//! What a field keeps of an update.

use shma_core::untyped::{Field, Held};

use crate::memory::Pair;
use crate::spare::Owned;

/// What an update needs, and leaves to the next one of its field.
#[derive(Debug, Default)]
pub struct Update {
    /// While it is under way.
    pub(crate) held: Option<Held>,
    /// Between two.
    pub(crate) handle: Option<Field>,
    pub(crate) first: usize,
    pub(crate) values: Pair,
}

impl Owned<Update> {
    /// Leaves the handle, and the memory, to the next one.
    #[inline]
    pub(crate) fn over(mut self, handle: Field) {
        self.handle = Some(handle);
        if !self.is_first() {
            self.values.forget_large();
        }
    }
}
