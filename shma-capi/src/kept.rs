//! What a field keeps of an update.

use shma_core::Error;
use shma_core::private::{Lease, Uncancelled};
use shma_core::untyped::{Field, Held};

use crate::memory::Pair;

/// What an update needs, and leaves to the next one of its field.
#[derive(Debug)]
pub struct Update {
    /// While it is under way.
    pub(crate) held: Option<Held>,
    /// Between two.
    pub(crate) handle: Option<Field>,
    pub(crate) first: usize,
    pub(crate) values: Pair,
    /// Whether its field keeps nothing before it.
    is_first: bool,
}

impl Update {
    pub(crate) fn new(is_first: bool) -> Self {
        Self { held: None, handle: None, first: 0, values: Pair::default(), is_first }
    }

    /// Copies what lies from here on to both values.
    #[inline(always)]
    pub(crate) fn load(&mut self, first: usize) -> Result<(), Error> {
        self.first = first;
        let Some(held) = &self.held else { return Ok(()) };
        let (new, old) = self.values.values_mut();
        held.load_part(first, new)?;
        // Not a copy of the new one: what was stored in other pieces than it is loaded in waits for the
        // cache.
        match old {
            Some(old) => held.load_part(first, old).map(|_| ()),
            None => Ok(()),
        }
    }
}

/// The last of a region closes files.
impl Drop for Update {
    fn drop(&mut self) {
        let _uncancelled = Uncancelled::new();
        drop((self.held.take(), self.handle.take()));
    }
}

/// Leaves the handle, and the memory, to the next one.
#[inline]
pub(crate) fn over(mut update: Lease<Update>, handle: Field) {
    update.handle = Some(handle);
    if !update.is_first {
        update.values.forget_large();
    }
}
