//! What the creator of a region has noted.

use crate::region::access::Access;

use super::Shm;
use super::family::State;

impl<S: State, A: Access> Shm<S, A> {
    /// What the region's creator has noted by [`Options::note`](crate::Options::note): keys and texts, in the
    /// order of the keys. They come from the region, and may hold anything, also what disturbs a terminal.
    pub fn notes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.region().notes().iter()
    }
}
