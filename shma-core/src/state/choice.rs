//! A choice of a state's fields: transactions and snapshots that cost what they name.

use std::sync::Arc;

use smallvec::SmallVec;

use super::family::State;
use super::part::Part;
use super::shm::Shm;
use super::{snapshot, transaction};
use crate::error::Error;
use crate::field::{Field, Version};
use crate::manifest::element::Element;
use crate::partition::{Partition, RegionGuard};
use crate::protocol::semaphore::Wait;
use crate::protocol::snapshot::{Attempt, is_unchanged};
use crate::region::Region;
use crate::region::access::{Access, ReadWrite};

/// Fields of one state: a tuple of one to eight references to [`Field`]s.
///
/// Atomic fields are in none: they take part in no transaction and no snapshot.
///
/// ```compile_fail
/// # use shma_core::{Shm, ShmState};
/// #[derive(ShmState)]
/// struct Model {
///     weights: [f32; 8],
///     #[shm(atomic)]
///     calls: u64,
/// }
///
/// fn count(model: &Shm<Model>) {
///     model.transaction_of((&model.weights, &model.calls), |new, old| ()); // `calls` is atomic
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a tuple of references to one to eight ordinary fields",
    label = "expected `(&state.first, &state.second, ..)`",
    note = "a single field is `(&state.field,)`; `#[shm(atomic)]` fields take no part; for more than eight fields there are `transaction` and `snapshot`"
)]
pub trait Choice<A: Access>: sealed::Fields<A> {}

/// The most fields of a choice.
const MOST: usize = 8;

/// The attachment whose fields are meant.
#[derive(Debug, Clone, Copy)]
pub struct Attachment<'h>(&'h Arc<Region>);

mod sealed {
    use super::Attachment;
    use crate::error::Error;
    use crate::protocol::snapshot::Attempt;
    use crate::region::access::Access;
    use crate::state::part::Part;

    /// What the library does with a choice.
    pub trait Fields<A: Access>: Copy {
        /// Exclusive references to a value of each field.
        type Muts<'v>;
        /// References to a value of each field.
        type Refs<'v>;
        /// What was read of each field.
        type Versions;

        /// Panics unless these are different fields of this attachment.
        fn check(self, attachment: Attachment<'_>);

        /// Calls `f` with two private copies of every value, and then `publish` with the parts that
        /// it has changed, in declaration order. The caller holds the semaphores.
        fn change<R>(
            self,
            f: impl FnOnce(Self::Muts<'_>, Self::Refs<'_>) -> R,
            publish: impl FnOnce(&[Part<'_, '_>]) -> Result<(), Error>,
        ) -> Result<R, Error>;

        /// One optimistic attempt at a snapshot.
        fn attempt(self, attempt: Attempt<'_>, into: &mut Self::Muts<'_>)
        -> Option<Self::Versions>;

        /// Calls `copy` with the parts in declaration order, and returns their versions.
        fn copy(
            self,
            into: Self::Muts<'_>,
            copy: impl FnOnce(&mut [Part<'_, '_>]),
        ) -> Self::Versions;
    }
}

/// Calls `$body` inside of the closures that give each field's two copies.
macro_rules! with_copies {
    ($body:expr;) => { $body };
    ($body:expr; ($field:expr, $new:ident, $old:ident) $($rest:tt)*) => {
        $field.with_copies(|$new, $old| with_copies!($body; $($rest)*))
    };
}

macro_rules! choice {
    ($(($at:tt, $T:ident, $field:ident, $new:ident, $old:ident))+) => {
        impl<A: Access, $($T: Element),+> Choice<A> for ($(&Field<$T, A>,)+) {}

        impl<A: Access, $($T: Element),+> sealed::Fields<A> for ($(&Field<$T, A>,)+) {
            type Muts<'v> = ($(&'v mut $T,)+);
            type Refs<'v> = ($(&'v $T,)+);
            type Versions = ($(choice!(@version $T),)+);

            #[inline]
            #[track_caller]
            fn check(self, attachment: Attachment<'_>) {
                check(attachment.0, &[$(self.$at.partition()),+]);
            }

            #[inline]
            fn change<R>(
                self,
                f: impl FnOnce(Self::Muts<'_>, Self::Refs<'_>) -> R,
                publish: impl FnOnce(&[Part<'_, '_>]) -> Result<(), Error>,
            ) -> Result<R, Error> {
                let ($($field,)+) = self;
                with_copies!({
                    let result = f(($(&mut *$new,)+), ($($old,)+));
                    let mut changed = SmallVec::<[Part<'_, '_>; MOST]>::new();
                    $(if transaction::differ($old, $new) {
                        changed.push(Part::typed($field.partition(), $new));
                    })+
                    changed.sort_unstable_by_key(|part| part.partition.index());
                    publish(&changed).map(|()| result)
                }; $(($field, $new, $old))+)
            }

            #[inline]
            fn attempt(
                self,
                attempt: Attempt<'_>,
                into: &mut Self::Muts<'_>,
            ) -> Option<Self::Versions> {
                let versions = [$(self.$at.look(&attempt, &mut *into.$at).ok()?),+];
                let unchanged = || {
                    $(is_unchanged(self.$at.partition().control(), versions[$at]))&&+
                };
                attempt.confirm(unchanged).then(|| ($(Version::new(versions[$at]),)+))
            }

            #[cold]
            fn copy(
                self,
                into: Self::Muts<'_>,
                copy: impl FnOnce(&mut [Part<'_, '_>]),
            ) -> Self::Versions {
                let ($($field,)+) = self;
                let ($($new,)+) = into;
                let mut parts = [$(Part::typed($field.partition(), $new)),+];
                parts.sort_unstable_by_key(|part| part.partition.index());
                copy(&mut parts);
                let version = |index| {
                    let part = parts.iter().find(|part| part.partition.index() == index);
                    Version::new(part.map_or(0, Part::version))
                };
                ($(version($field.partition().index()),)+)
            }
        }
    };
    (@version $T:ident) => { Version };
}

choice! { (0, T0, f0, n0, o0) }
choice! { (0, T0, f0, n0, o0) (1, T1, f1, n1, o1) }
choice! { (0, T0, f0, n0, o0) (1, T1, f1, n1, o1) (2, T2, f2, n2, o2) }
choice! { (0, T0, f0, n0, o0) (1, T1, f1, n1, o1) (2, T2, f2, n2, o2) (3, T3, f3, n3, o3) }
choice! {
    (0, T0, f0, n0, o0) (1, T1, f1, n1, o1) (2, T2, f2, n2, o2) (3, T3, f3, n3, o3)
    (4, T4, f4, n4, o4)
}
choice! {
    (0, T0, f0, n0, o0) (1, T1, f1, n1, o1) (2, T2, f2, n2, o2) (3, T3, f3, n3, o3)
    (4, T4, f4, n4, o4) (5, T5, f5, n5, o5)
}
choice! {
    (0, T0, f0, n0, o0) (1, T1, f1, n1, o1) (2, T2, f2, n2, o2) (3, T3, f3, n3, o3)
    (4, T4, f4, n4, o4) (5, T5, f5, n5, o5) (6, T6, f6, n6, o6)
}
choice! {
    (0, T0, f0, n0, o0) (1, T1, f1, n1, o1) (2, T2, f2, n2, o2) (3, T3, f3, n3, o3)
    (4, T4, f4, n4, o4) (5, T5, f5, n5, o5) (6, T6, f6, n6, o6) (7, T7, f7, n7, o7)
}

/// # Panics
///
/// Unless the partitions are different ones of this attachment.
#[track_caller]
fn check(region: &Arc<Region>, partitions: &[&Partition]) {
    for (i, partition) in partitions.iter().enumerate() {
        assert!(
            Arc::ptr_eq(partition.region(), region),
            "{} belongs to another handle than the call that names it, which is one of region `{}`",
            partition.place(),
            region.name(),
        );
        assert!(
            partitions[..i].iter().all(|other| other.index() != partition.index()),
            "{} is named twice",
            partition.place()
        );
    }
}

impl<S: State> Shm<S, ReadWrite> {
    /// As [`transaction`](Self::transaction), of a choice of fields: only these are copied and
    /// compared.
    ///
    /// It acquires all semaphores of the state as ever. So a snapshot sees all of the transaction
    /// or none of it, whatever fields other transactions name.
    ///
    /// ```
    /// # use shma_core::ShmState;
    /// #[derive(ShmState)]
    /// struct Model {
    ///     policy: [f32; 1000],
    ///     step: u64,
    ///     best: f32,
    /// }
    /// # let name = format!("doc-choice-{}", std::process::id());
    ///
    /// let model = Model::create(&name, &Model::zeroed())?;
    /// let step = model.transaction_of((&model.step, &model.best), |(step, best), (old, _)| {
    ///     *step = old + 1;
    ///     *best = 0.5;
    ///     *step
    /// });
    /// assert_eq!(step, 1);
    /// # Ok::<(), shma_core::Error>(())
    /// ```
    ///
    /// # Panics
    ///
    /// If a field is named twice or belongs to another handle; otherwise as
    /// [`transaction`](Self::transaction).
    ///
    /// # Blocking
    ///
    /// As [`transaction`](Self::transaction).
    #[track_caller]
    pub fn transaction_of<C: Choice<ReadWrite>, R>(
        &self,
        fields: C,
        f: impl FnOnce(C::Muts<'_>, C::Refs<'_>) -> R,
    ) -> R {
        fields.check(Attachment(self.region()));
        let changed = RegionGuard::acquire(self.region(), Wait::Forever).and_then(|guard| {
            let publish = |parts: &[Part<'_, '_>]| match guard {
                Some(guard) => transaction::publish(guard, parts),
                None => Ok(()),
            };
            fields.change(f, publish)
        });
        // No closure: it would be the place that the panic names.
        match changed {
            Ok(result) => result,
            Err(error) => panic!("{error}"),
        }
    }
}

impl<S: State, A: Access> Shm<S, A> {
    /// As [`snapshot_into`](Self::snapshot_into), of a choice of fields: only these are copied.
    /// Returns the number of each field's publication.
    ///
    /// ```
    /// # use shma_core::{ShmState, Version};
    /// # #[derive(ShmState)]
    /// # struct Model {
    /// #     policy: [f32; 1000],
    /// #     step: u64,
    /// #     best: f32,
    /// # }
    /// # let name = format!("doc-choice-of-{}", std::process::id());
    /// # let model = Model::create(&name, &Model::zeroed())?;
    /// let (mut step, mut best) = (0, 0.0);
    /// let (of_step, _) = model.snapshot_of((&model.step, &model.best), (&mut step, &mut best));
    /// assert_eq!(of_step, model.step.version());
    /// # Ok::<(), shma_core::Error>(())
    /// ```
    ///
    /// # Panics
    ///
    /// If a field is named twice or belongs to another handle.
    ///
    /// # Blocking
    ///
    /// As [`snapshot_into`](Self::snapshot_into).
    #[track_caller]
    pub fn snapshot_of<C: Choice<A>>(&self, fields: C, mut into: C::Muts<'_>) -> C::Versions {
        fields.check(Attachment(self.region()));
        match fields.attempt(snapshot::begin(self.region()), &mut into) {
            Some(versions) => versions,
            None => fields.copy(into, |parts| snapshot::forever::<A>(self.region(), parts)),
        }
    }
}
