//! Which of two values of one owner is the newer one. It is pure.
//!
//! - An *epoch* begins when a bridge attaches to a region: versions of another region cannot be compared.
//!   It is the owner's own clock, or one more than the latest epoch that a peer has heard of.
//! - Within an epoch the *version* counts, which the region keeps.
//! - A peer whose region is *fresh* (all fields of the unit as they were created) takes all parts or
//!   none, from whichever peer has them. Another one takes parts from their owner alone: what a third
//!   peer keeps may be older than what the region holds.

/// When a value was published, as its owner counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag {
    /// Which attachment of the owner's bridge.
    pub epoch: u64,
    /// Which publication.
    pub version: u64,
}

impl Tag {
    /// Of a value that a region holds, and of which its bridge has not heard since it started.
    pub const UNKNOWN: Self = Self { epoch: 0, version: 0 };
}

/// Whether a value replaces the one that was heard last.
pub fn replaces(heard: Option<Tag>, tag: Tag, from_owner: bool, fresh: bool) -> bool {
    (fresh || from_owner) && Some(tag) > heard
}

/// Whether it is a publication after one that was heard, and not the first that is heard.
pub fn is_news(heard: Option<Tag>, tag: Tag) -> bool {
    heard.is_some_and(|heard| heard.epoch == tag.epoch && heard.version < tag.version)
}

/// Whether the owner counts below what was heard of it, since its clock was set back.
pub fn is_behind(heard: Option<Tag>, tag: Tag) -> bool {
    heard.is_some_and(|heard| heard.epoch > tag.epoch)
}

/// The epoch of an owner that hears this of itself.
pub fn raised(epoch: u64, heard: Tag) -> u64 {
    if heard.epoch > epoch { heard.epoch + 1 } else { epoch }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: Tag = Tag { epoch: 3, version: 90 };
    const NEW: Tag = Tag { epoch: 4, version: 2 };

    #[test]
    fn a_later_epoch_counts_more_than_any_version() {
        assert!(replaces(Some(OLD), NEW, true, false));
        assert!(!replaces(Some(NEW), OLD, true, true));
        assert!(is_behind(Some(NEW), OLD) && !is_behind(Some(OLD), NEW) && !is_behind(None, OLD));
        assert_eq!((raised(3, NEW), raised(4, NEW), raised(5, NEW)), (5, 4, 5));
    }

    #[test]
    fn only_a_fresh_peer_takes_what_a_third_one_keeps() {
        for tag in [Tag::UNKNOWN, OLD] {
            assert!(replaces(None, tag, false, true));
            assert!(!replaces(None, tag, false, false));
        }
        assert!(replaces(Some(Tag::UNKNOWN), OLD, false, true));
    }

    #[test]
    fn the_first_value_that_is_heard_is_no_news() {
        let next = Tag { version: 91, ..OLD };
        assert!(is_news(Some(OLD), next));
        assert!(!is_news(None, next) && !is_news(Some(OLD), NEW) && !is_news(Some(OLD), OLD));
    }
}
