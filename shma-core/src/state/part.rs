//! Fields that take part in a snapshot or a transaction, as partitions and bytes.
//!
//! Snapshots and transactions know no types, so that typed and untyped callers share them.

use std::marker::PhantomData;
use std::sync::Mutex;

use smallvec::SmallVec;

use super::family::{Nothing, State, Values, Zip};
use super::handles::Handles;
use crate::field::{Atomic, Field, cell_bytes};
use crate::manifest::element::{AtomicElement, Element};
use crate::partition::{News, Partition};
use crate::protocol::snapshot::{self, Attempt};
use crate::region::access::Access;
use crate::sync::AtomicU64;
use crate::words;

/// Parts that need no allocation.
const INLINE: usize = 16;

/// How a field's bytes are read.
#[derive(Debug)]
struct Kind {
    /// Copies a value from a slot.
    load: fn(&[AtomicU64], &mut [u8]),
    /// Stores a value into a slot.
    store: fn(&[AtomicU64], &[u8]),
    /// Bytes of a number of an atomic field, 0 for an ordinary one.
    number: usize,
}

/// A field of a type that is known at run time only.
const UNTYPED: &Kind = &Kind { load: words::load_over, store: words::store, number: 0 };

/// Fields of this type. Its size is a constant, so that a few moves are all there is to copying a
/// small value.
struct Typed<T>(PhantomData<T>);

impl<T: Element> Typed<T> {
    const KIND: &'static Kind = &Kind {
        load: |from, into| words::load_over(from, &mut into[..size_of::<T>()]),
        store: |to, from| words::store(to, &from[..size_of::<T>()]),
        number: 0,
    };
}

/// A field, and private bytes for its value.
#[derive(Debug)]
pub struct Part<'h, 'v> {
    pub(super) partition: &'h Partition,
    pub(super) bytes: &'v mut [u8],
    kind: &'static Kind,
    /// The publication that the bytes are of, once they were read; of an atomic field a count of
    /// calls.
    pub(super) version: u64,
}

impl<'h, 'v> Part<'h, 'v> {
    /// An ordinary field. `bytes` is as long as its value.
    #[inline]
    pub(crate) fn ordinary(partition: &'h Partition, bytes: &'v mut [u8]) -> Self {
        Self { partition, bytes, kind: UNTYPED, version: 0 }
    }

    /// An ordinary field of a known type.
    #[inline]
    pub(super) fn typed<T: Element>(partition: &'h Partition, value: &'v mut T) -> Self {
        let bytes = bytemuck::bytes_of_mut(value);
        Self { partition, bytes, kind: Typed::<T>::KIND, version: 0 }
    }

    /// An atomic field, which consists of numbers of so many bytes. It takes no part in what other
    /// fields do as one; its numbers are read one by one.
    #[inline]
    pub(crate) fn atomic(partition: &'h Partition, bytes: &'v mut [u8], number: usize) -> Self {
        const HALVES: &Kind = &Kind { load: words::load_over, store: words::store, number: 4 };
        const WHOLES: &Kind = &Kind { load: words::load_over, store: words::store, number: 8 };
        let kind = if number == 4 { HALVES } else { WHOLES };
        Self { partition, bytes, kind, version: 0 }
    }

    /// What a transaction publishes of it: its bytes.
    #[inline]
    pub(super) fn news(&self) -> News<'_> {
        News { partition: self.partition, bytes: self.bytes, store: self.kind.store }
    }

    #[inline]
    pub(crate) fn is_atomic(&self) -> bool {
        self.kind.number != 0
    }

    /// The number of its field.
    pub(crate) fn index(&self) -> usize {
        self.partition.index()
    }

    /// The publication that the bytes are of, once they were read.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// Reads the field by itself.
    pub(super) fn read(&mut self) {
        if self.is_atomic() {
            return self.load_numbers();
        }
        let Self { partition, bytes, kind, .. } = self;
        self.version = partition.read(|slots, version| (kind.load)(slots.slot(version), bytes));
    }

    /// Loads the active value. The caller holds the semaphore.
    pub(crate) fn load(&mut self) {
        if self.is_atomic() {
            return self.load_numbers();
        }
        let slots = self.partition.slots();
        self.version = slots.held_version();
        (self.kind.load)(slots.slot(self.version), self.bytes);
    }

    #[cold]
    fn load_numbers(&mut self) {
        self.version = cell_bytes::load(self.partition, self.kind.number, 0, self.bytes);
    }

    /// The first look of a snapshot; false if a publication has overtaken it.
    #[inline]
    pub(super) fn copy(&mut self, attempt: &Attempt<'_>) -> bool {
        if self.is_atomic() {
            // No publication can overtake it: each number is whole.
            self.load_numbers();
            return true;
        }
        let Self { partition, bytes, kind, .. } = self;
        let copied = attempt.copy(partition.slots(), |slot| (kind.load)(slot, bytes));
        copied.map(|version| self.version = version).is_ok()
    }

    /// The second look of a snapshot.
    #[inline]
    pub(super) fn is_unchanged(&self) -> bool {
        self.is_atomic() || snapshot::is_unchanged(self.partition.control(), self.version)
    }
}

/// Parts in declaration order.
pub(crate) type Parts<'h, 'v> = SmallVec<[Part<'h, 'v>; INLINE]>;

/// All fields of a state, with the bytes of a value of it.
pub(super) fn collect<'h, 'v, S: State, A: Access>(
    fields: &'h S::Fields<Handles<A>>,
    value: &'v mut S,
    parts: &mut Parts<'h, 'v>,
) {
    S::zip::<Handles<A>, Values<'v>, _>(fields, S::values(value), &mut Collect(parts));
}

struct Collect<'p, 'h, 'v>(&'p mut Parts<'h, 'v>);

impl<'h, 'v, A: Access> Zip<'h, Handles<A>, Values<'v>> for Collect<'_, 'h, 'v> {
    type Out = Nothing;

    #[inline]
    fn field<T: Element>(&mut self, _: usize, field: &'h Field<T, A>, value: &'v mut T) {
        self.0.push(Part::typed(field.partition(), value));
    }

    #[inline]
    fn atomic<T: AtomicElement>(&mut self, _: usize, field: &'h Atomic<T, A>, value: &'v mut T) {
        let bytes = bytemuck::bytes_of_mut(value);
        self.0.push(Part::atomic(field.partition(), bytes, size_of::<T::Scalar>()));
    }
}

/// Memory for parts of states with many fields, kept from one call to the next.
#[derive(Debug, Default)]
pub(super) struct SpareParts(Mutex<Vec<Vec<Part<'static, 'static>>>>);

impl SpareParts {
    /// An empty list for so many parts.
    #[inline]
    pub(super) fn take<'h, 'v>(&self, parts: usize) -> Parts<'h, 'v> {
        if parts <= INLINE { SmallVec::new() } else { self.take_large(parts) }
    }

    #[cold]
    fn take_large<'h, 'v>(&self, parts: usize) -> Parts<'h, 'v> {
        // Not waited for: a fork child may have inherited it locked, and a new list does as well.
        let kept = self.0.try_lock().ok().and_then(|mut kept| kept.pop());
        SmallVec::from_vec(kept.unwrap_or_else(|| Vec::with_capacity(parts)))
    }

    /// Keeps a list's memory.
    #[inline]
    pub(super) fn put(&self, parts: Parts<'_, '_>) {
        if parts.spilled() {
            self.put_large(parts);
        }
    }

    #[cold]
    fn put_large(&self, mut parts: Parts<'_, '_>) {
        parts.clear();
        // Collecting into a type of the same layout keeps the allocation.
        let empty = parts.into_vec().into_iter().map(|_| unreachable!("it was cleared")).collect();
        if let Ok(mut kept) = self.0.try_lock() {
            kept.push(empty);
        }
    }
}
