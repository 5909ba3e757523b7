//! A manifest that was read from a text, with the memory that its names and types lie in.
//!
//! `unsafe` here: keeping both together.
#![allow(unsafe_code)]

use std::fmt;
use std::sync::Arc;

use bumpalo::Bump;

use super::{Manifest, Notes};

/// A manifest that no program declares: read from a region or a file, and freed with the last clone.
/// Clones share it.
#[derive(Clone)]
pub struct OwnedManifest(Arc<Owned>);

struct Owned {
    /// Invariant 1: what it borrows lies in `ground` or lasts for ever. It leaves with the lifetime of
    /// a borrow of `self` only.
    manifest: Manifest<'static>,
    notes: Notes,
    /// Invariant 2: it is not used any more, only kept.
    _ground: Bump,
}

// SAFETY: a `Manifest` is `Sync`, and by invariant 2 no thread gets at the arena.
unsafe impl Sync for Owned {}

impl OwnedManifest {
    /// Makes a manifest out of pieces in memory that lives as long as it does.
    pub(super) fn build<E>(
        notes: Notes,
        describe: impl for<'a> FnOnce(&'a Bump) -> Result<Manifest<'a>, E>,
    ) -> Result<Self, E> {
        let ground = Bump::new();
        let manifest = describe(&ground)?;
        // SAFETY: the two types differ by a lifetime only. By the bound on `describe`, which knows
        // nothing of `'a`, all that the manifest borrows lies in `ground` or lasts for ever. What lies
        // in an arena neither moves nor changes until the arena is dropped, which is when `Owned`
        // is. And `get` lends the manifest for no longer than that.
        let manifest = unsafe { std::mem::transmute::<Manifest<'_>, Manifest<'static>>(manifest) };
        Ok(Self(Arc::new(Owned { manifest, notes, _ground: ground })))
    }

    /// A manifest that a program declares.
    pub(super) fn of_static(manifest: &'static Manifest<'static>) -> Self {
        Self(Arc::new(Owned { manifest: *manifest, notes: Notes::default(), _ground: Bump::new() }))
    }

    /// What was read.
    pub fn get(&self) -> &Manifest<'_> {
        &self.0.manifest
    }

    /// What the region's creator has noted: keys and texts, in the order of the keys. They come from
    /// outside, and may hold anything.
    pub fn notes(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.notes.iter()
    }

    pub(crate) fn all_notes(&self) -> &Notes {
        &self.0.notes
    }
}

impl fmt::Debug for OwnedManifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.get().fmt(f)
    }
}

impl fmt::Display for OwnedManifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self.get(), f)
    }
}
