//! Calls on many numbers that may lose what others write meanwhile: loads and stores in place of
//! read-modify-writes.
//!
//! A compare-exchange takes some 20 cycles even if no other process is near, and it is one for each
//! number. A load, an addition and a store of a vector of numbers take one or two. Descent bears what
//! is lost, as it bears the noise of its samples (Niu, Recht, Ré, Wright: "Hogwild!", NIPS 2011).
//!
//! What the accesses mean, and why no number is torn, is in `words::numbers`.

use std::mem::MaybeUninit;
use std::ops::RangeBounds;

use super::Atomic;
use crate::field::bounds;
use crate::manifest::element::{self, AtomicElement};
use crate::region::access::ReadWrite;
use crate::words::numbers;

/// Numbers of a block: half a kilobyte or one. The longer a block takes, the more of what others
/// write meanwhile is lost.
const BLOCK: usize = 128;

impl<T: AtomicElement> Atomic<T, ReadWrite> {
    /// Adds element by element, without compare-exchange. Integers wrap.
    ///
    /// Each number is loaded, added to and stored, whole vectors at a time. What another process
    /// stores in a number between the two is overwritten, so additions that race on one number may
    /// be lost. This includes what it adds where `values` has a zero. No number is ever torn: each
    /// is the sum of some of what was added to it. Processes that add to different numbers lose
    /// nothing.
    ///
    /// [`add`](Atomic::add) loses nothing, and takes several times as long.
    ///
    /// ```
    /// # use shma_core::ShmState;
    /// #[derive(ShmState)]
    /// struct Model {
    ///     #[shm(atomic)]
    ///     weights: [[f32; 64]; 16],
    /// }
    /// # let name = format!("doc-racy-{}", std::process::id());
    /// # let name = name.as_str();
    ///
    /// let model = Model::create(name, &Model::zeroed())?;
    /// let step = Box::new([[-0.25; 64]; 16]);
    /// model.weights.add_racy(&step);
    /// model.weights.add_range_racy(64..128, &[1.0; 64]); // the second row
    /// model.weights.update_with_racy(&step, |s, w| w + 2.0 * s);
    /// assert_eq!((model.weights.get(0), model.weights.get(64)), (-0.75, 0.25));
    /// # Ok::<(), shma_core::Error>(())
    /// ```
    ///
    /// A read-only handle has no such call:
    ///
    /// ```compile_fail
    /// # use shma_core::{Atomic, ReadOnly};
    /// fn step(weights: &Atomic<[f32; 8], ReadOnly>) {
    ///     weights.add_racy(&[0.5; 8]); // no such call
    /// }
    /// ```
    ///
    /// # Panics
    ///
    /// See [`Atomic`].
    ///
    /// # Blocking
    ///
    /// Never blocks.
    #[inline]
    #[track_caller]
    pub fn add_racy(&self, values: &T) {
        self.write(|cells| numbers::add(cells.all(), element::scalars(values)));
    }

    /// Replaces every element by `f` of the argument's element and its own, without
    /// compare-exchange.
    ///
    /// `f` runs once for each element, over private copies of a block of 128. What other processes
    /// store in the block meanwhile is overwritten; no number is ever torn. See
    /// [`add_racy`](Self::add_racy), which overwrites less, and [`update_with`](Self::update_with),
    /// which loses nothing.
    ///
    /// # Panics
    ///
    /// See [`Atomic`]. If `f` panics, the blocks before are changed.
    ///
    /// # Blocking
    ///
    /// Never blocks.
    #[inline]
    #[track_caller]
    pub fn update_with_racy(&self, new: &T, mut f: impl FnMut(T::Scalar, T::Scalar) -> T::Scalar) {
        self.write(|cells| {
            let mut room = [MaybeUninit::uninit(); BLOCK];
            let blocks = cells.all().chunks(BLOCK).zip(element::scalars(new).chunks(BLOCK));
            for (shared, new) in blocks {
                let block = numbers::load(shared, &mut room[..shared.len()]);
                for (value, new) in block.iter_mut().zip(new) {
                    *value = f(*new, *value);
                }
                self.refuse_fork_child(); // which `f` may have made
                numbers::store(shared, block);
            }
        });
    }
}

impl<E: AtomicElement, const N: usize> Atomic<[E; N], ReadWrite> {
    /// As [`add_racy`](Self::add_racy), to the numbers of a range. Those beside it are neither
    /// loaded nor stored.
    ///
    /// # Panics
    ///
    /// If the range is out of bounds or `values` has another length; otherwise see [`Atomic`].
    ///
    /// # Blocking
    ///
    /// Never blocks.
    #[inline]
    #[track_caller]
    pub fn add_range_racy(&self, range: impl RangeBounds<usize>, values: &[E::Scalar]) {
        let range = bounds::within(&range, Self::LEN, || self.partition.place());
        bounds::check_len(values.len(), range.len(), || self.partition.place());
        self.write(|cells| numbers::add(&cells.all()[range], values));
    }
}
