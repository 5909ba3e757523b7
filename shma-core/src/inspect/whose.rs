//! Whose regions are looked at.

/// Whose regions are looked at, besides this user's own and root's.
///
/// The user of a region may truncate it, which ends the processes that look at it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Whose {
    /// No others.
    #[default]
    Own,
    /// This user's.
    Also(u32),
    /// Every user's, as far as the files' permissions allow.
    Anyone,
}

impl From<u32> for Whose {
    fn from(user: u32) -> Self {
        Self::Also(user)
    }
}
