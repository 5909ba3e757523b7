//! What a field keeps of its updates for the next ones, with their memory and their handles.
//!
//! To make one anew costs three times what the rest of an update of 64 bytes does, and a locked
//! instruction a sixth of it. So each is for one thread, which takes it without one.

use std::sync::OnceLock;

use shma_core::private::{Lease, Lender};

/// How many threads a field keeps something for. Others make theirs anew each time.
const MOST: usize = 16;

/// What a field keeps.
#[derive(Debug)]
pub(crate) struct Spare<T>([OnceLock<Kept<T>>; MOST]);

#[derive(Debug)]
struct Kept<T> {
    /// The thread that it is for. One that has ended leaves it to the next of this number.
    thread: libc::pthread_t,
    lender: Lender<T>,
}

/// The number of the thread among the living ones of its process.
#[inline]
fn this_thread() -> libc::pthread_t {
    // SAFETY: it has no conditions.
    unsafe { libc::pthread_self() }
}

impl<T> Kept<T> {
    /// Lends it, if it is the calling thread's and free.
    #[inline]
    fn lend(&self) -> Option<Lease<T>> {
        if self.thread != this_thread() {
            return None;
        }
        // SAFETY: no other living thread has this number.
        unsafe { self.lender.lend() }
    }
}

impl<T> Spare<T> {
    pub(crate) const fn new() -> Self {
        Self([const { OnceLock::new() }; MOST])
    }

    /// What is kept for the calling thread. If there is nothing yet or it is lent, what `make` makes,
    /// which is told whether the field keeps nothing before it.
    #[inline]
    pub(crate) fn take(&self, make: impl FnOnce(bool) -> T) -> Lease<T> {
        match self.0[0].get().and_then(Kept::lend) {
            Some(lease) => lease,
            None => self.take_otherwise(make),
        }
    }

    #[cold]
    fn take_otherwise(&self, make: impl FnOnce(bool) -> T) -> Lease<T> {
        for (at, place) in self.0.iter().enumerate() {
            let Some(kept) = place.get() else {
                let (lender, lease) = Lender::lending(make(at == 0));
                // If another thread was quicker, this is freed after its first use.
                drop(place.set(Kept { thread: this_thread(), lender }));
                return lease;
            };
            if let Some(lease) = kept.lend() {
                return lease;
            }
        }
        Lease::alone(make(false))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Barrier};
    use std::thread;

    use super::{MOST, Spare};

    type Counted = Arc<()>;

    /// What is lent outlives its field, in whichever order they end, and all of it is freed.
    #[test]
    fn each_value_is_freed_once() {
        let value = Counted::default();
        let spare = Spare::new();
        let make = |is_first| (value.clone(), is_first);
        let lent: Vec<_> = (0..MOST + 2).map(|_| spare.take(make)).collect();
        assert_eq!(Arc::strong_count(&value), 1 + MOST + 2);
        assert!(lent[0].1 && !lent[1].1);
        drop(lent);
        assert_eq!(Arc::strong_count(&value), 1 + MOST, "not all are kept, or too many");
        let again = spare.take(|_| panic!("there is one"));
        let other = spare.take(|_| panic!("there is one"));
        drop(other);
        drop(spare);
        assert_eq!(Arc::strong_count(&value), 2, "one ended with its field, or others did not");
        drop(again);
        assert_eq!(Arc::strong_count(&value), 1, "it is not freed");
        drop(Spare::<Counted>::new());
    }

    /// Two users of one value would change it both. More threads than are kept for.
    #[test]
    fn threads_never_share_a_value() {
        let spare = Spare::new();
        for _ in 0..3 {
            thread::scope(|scope| {
                for thread in 0..MOST as u64 + 4 {
                    let spare = &spare;
                    scope.spawn(move || {
                        for round in 0..2_000_u64 {
                            let (mut one, mut other) = (spare.take(|_| 0), spare.take(|_| 0));
                            (*one, *other) = (round << 8 | thread, !(round << 8 | thread));
                            assert_eq!(
                                (*one, *other),
                                (round << 8 | thread, !(round << 8 | thread))
                            );
                        }
                    });
                }
            });
        }
    }

    /// A field may be closed in one thread while its update ends in another.
    #[test]
    fn a_field_and_its_update_end_at_once() {
        for _ in 0..2_000 {
            let (value, both) = (Counted::default(), Barrier::new(2));
            let spare = Spare::new();
            let lease = spare.take(|_| value.clone());
            thread::scope(|scope| {
                let both = &both;
                scope.spawn(move || {
                    both.wait();
                    drop(lease);
                });
                both.wait();
                drop(spare);
            });
            assert_eq!(Arc::strong_count(&value), 1);
        }
    }
}
