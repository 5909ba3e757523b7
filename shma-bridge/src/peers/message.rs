//! What peers send each other, as bytes.
//!
//! The head is the same in every format of the bridge, so that two formats can tell each other that they
//! differ: the format is part of what all have to agree on.

use super::order::Tag;

/// The first bytes of a message.
const MAGIC: u64 = 0x6d68_7303;

/// What a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Bytes of an owner's parts.
    Value,
    /// The newest that there is of an owner, without its bytes.
    Newest,
    /// The sender needs the receiver's own parts.
    Ask,
    /// The sender's region is fresh: it needs all parts.
    AskAll,
    /// What the sender was told, as text.
    Hello,
}

const KINDS: [Kind; 5] = [Kind::Value, Kind::Newest, Kind::Ask, Kind::AskAll, Kind::Hello];

/// The head of each message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) kind: Kind,
    pub(crate) from: usize,
    /// When the sender started, by its own clock.
    pub(crate) started: u64,
    /// Of what all have to be told alike.
    pub(crate) agreement: u64,
    pub(crate) unit: usize,
    pub(crate) owner: usize,
    pub(crate) tag: Tag,
    /// Where the bytes of this message lie among all bytes of the value.
    pub(crate) offset: usize,
    pub(crate) total: usize,
}

const WORDS: usize = 10;
/// Bytes of a head.
pub(crate) const HEAD: usize = WORDS * size_of::<u64>();

impl Head {
    /// A message of this head.
    pub(crate) fn with(&self, bytes: &[u8]) -> Vec<u8> {
        let kind = KINDS.iter().position(|kind| *kind == self.kind).unwrap_or_default() as u64;
        let words: [u64; WORDS] = [
            MAGIC << 32 | kind,
            self.from as u64,
            self.started,
            self.agreement,
            self.unit as u64,
            self.owner as u64,
            self.tag.epoch,
            self.tag.version,
            self.offset as u64,
            self.total as u64,
        ];
        let mut message = Vec::with_capacity(HEAD + bytes.len());
        words.iter().for_each(|word| message.extend(word.to_le_bytes()));
        message.extend(bytes);
        message
    }

    /// Reads a message. `None` if it is none, or none of this format.
    pub(crate) fn read(message: &[u8]) -> Option<(Self, &[u8])> {
        let (head, bytes) = message.split_at_checked(HEAD)?;
        let mut words = [0; WORDS];
        for (word, bytes) in words.iter_mut().zip(head.chunks_exact(size_of::<u64>())) {
            *word = u64::from_le_bytes(bytes.try_into().ok()?);
        }
        let [first, from, started, agreement, unit, owner, epoch, version, offset, total] = words;
        let kind = *KINDS.get(usize::try_from(first & u64::from(u32::MAX)).ok()?)?;
        let number = |word: u64| usize::try_from(word).ok();
        let head = Self {
            kind,
            from: number(from)?,
            started,
            agreement,
            unit: number(unit)?,
            owner: number(owner)?,
            tag: Tag { epoch, version },
            offset: number(offset)?,
            total: number(total)?,
        };
        (first >> 32 == MAGIC).then_some((head, bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOME: Head = Head {
        kind: Kind::Newest,
        from: 1,
        started: 2,
        agreement: 3,
        unit: 4,
        owner: 5,
        tag: Tag { epoch: 6, version: 7 },
        offset: 8,
        total: 9,
    };

    #[test]
    fn a_message_comes_back_as_it_was() {
        for kind in KINDS {
            let head = Head { kind, ..SOME };
            assert_eq!(Head::read(&head.with(b"bytes")), Some((head, &b"bytes"[..])));
        }
    }

    #[test]
    fn what_is_no_message_is_none() {
        let whole = SOME.with(b"");
        for len in 0..HEAD {
            assert_eq!(Head::read(&whole[..len]), None);
        }
        for (at, byte) in [(0, 99), (4, 9), (7, 1)] {
            let mut other = whole.clone();
            other[at] = byte;
            assert_eq!(Head::read(&other), None);
        }
    }
}
