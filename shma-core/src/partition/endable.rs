//! What a thread holds and any thread may give back.
//!
//! What a thread holds is recorded with the thread, where another one does not get at it. So a thread that
//! ends another one's entry leaves it in that thread's mailbox. The owner looks there when it finds
//! that it holds something, which is rare. What a thread makes and ends itself costs no locked
//! instruction.
//!
//! A [mailbox](crate::protocol::mailbox) outlives its thread, if entries do.
//!
//! `unsafe` here: mailboxes.
#![allow(unsafe_code)]

use std::cell::Cell;
use std::ptr::NonNull;

use crate::protocol::mailbox;
use crate::region::RegionKey;

/// A held semaphore: the region, and the number of the field.
pub(super) type Entry = (RegionKey, usize);

/// In [`Own::open`]: the thread is on its way out, and nothing closes its mailbox for it.
const LATE: u64 = 1 << 62;

thread_local! {
    /// Closes the mailbox when the thread ends.
    static CLOSER: Closer = const { Closer(Cell::new(None)) };
}

struct Closer(Cell<Option<NonNull<Own>>>);

impl Drop for Closer {
    fn drop(&mut self) {
        if let Some(own) = self.0.get() {
            // SAFETY: of the same thread, and without a destructor: it stays until all of them have run.
            unsafe { own.as_ref() }.close();
        }
    }
}

type Mailbox = mailbox::Mailbox<Entry>;

/// What a thread has of its own entries. Without a destructor, so that it is cheap to find.
#[derive(Debug)]
pub(super) struct Own {
    /// From its first entry until it ends.
    mailbox: Cell<Option<NonNull<Mailbox>>>,
    /// Entries that are neither ended here nor taken out of the mailbox, and [`LATE`].
    open: Cell<u64>,
}

impl Own {
    pub(super) const fn new() -> Self {
        Self { mailbox: Cell::new(None), open: Cell::new(0) }
    }

    /// Makes what the thread has noted an entry that any thread may end.
    ///
    /// # Safety
    ///
    /// `self` is a thread-local of the calling thread without a destructor.
    #[inline]
    pub(super) unsafe fn make(&self) -> Endable {
        let mailbox = self.mailbox.get().unwrap_or_else(|| {
            // SAFETY: as the caller promises.
            unsafe { self.open_mailbox() }
        });
        self.open.set(self.open.get() + 1);
        Endable { mailbox: Some(mailbox) }
    }

    /// Whether the thread made this entry, which has not ended.
    #[inline]
    pub(super) fn made(&self, endable: &Endable) -> bool {
        endable.mailbox.is_some() && endable.mailbox == self.mailbox.get()
    }

    /// Ends an entry. True if the thread made it, and has to forget it then. False too if it has ended
    /// before.
    #[inline]
    pub(super) fn end(&self, endable: &mut Endable, entry: impl FnOnce() -> Entry) -> bool {
        let own = self.made(endable);
        match endable.mailbox.take() {
            Some(_) if own => {
                self.open.set(self.open.get() - 1);
                if self.open.get() == LATE {
                    self.close();
                }
            }
            // SAFETY: this entry is an open one of it, and ends once, because it was taken from it.
            Some(other) => unsafe { Mailbox::end(other, entry()) },
            None => {}
        }
        own
    }

    /// Gives `end` the entries of the thread that others have ended.
    pub(super) fn take_ended(&self, end: impl FnMut(Entry)) {
        let Some(mailbox) = self.mailbox.get() else { return };
        // SAFETY: the thread owns it.
        let mailbox = unsafe { mailbox.as_ref() };
        // A thread that sees an end before the semaphore is free waits for that, as for any other holder.
        if !mailbox.is_empty() {
            self.open.set(self.open.get() - mailbox.take(end));
        }
    }

    /// # Safety
    ///
    /// As [`make`](Self::make).
    #[cold]
    unsafe fn open_mailbox(&self) -> NonNull<Mailbox> {
        let mailbox = Mailbox::open();
        self.mailbox.set(Some(mailbox));
        // A thread whose destructors have run closes it with its last entry. If another thread ends
        // that one, the mailbox stays.
        let closes = CLOSER.try_with(|closer| closer.0.set(Some(NonNull::from(self))));
        self.open.set(if closes.is_ok() { 0 } else { LATE });
        mailbox
    }

    #[cold]
    fn close(&self) {
        self.take_ended(|_| ());
        if let Some(mailbox) = self.mailbox.take() {
            // SAFETY: the thread owns it, and leaves its open entries to those that end them.
            unsafe { Mailbox::close(mailbox, self.open.take() & !LATE) };
        }
    }
}

/// An entry of the thread that made it, which any thread may end.
#[derive(Debug)]
pub(super) struct Endable {
    /// That of the thread. `None` if it has none, or the entry is ended.
    mailbox: Option<NonNull<Mailbox>>,
}

// SAFETY: a mailbox is for all threads, and the entry keeps it.
unsafe impl Send for Endable {}
// SAFETY: as above; through a shared borrow its address is compared and no more.
unsafe impl Sync for Endable {}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::sync::mpsc;
    use std::thread;

    use super::Endable;
    use crate::os::FileId;
    use crate::partition::lock_order::{any, end, is_own, make_endable, note};
    use crate::region::RegionKey;

    fn region() -> RegionKey {
        let stat = rustix::fs::stat("/").expect("the root can be looked at");
        RegionKey { file: FileId::of(&stat), generation: 1 }
    }

    /// Ends when it is dropped.
    struct Held(Endable, usize);

    impl Drop for Held {
        fn drop(&mut self) {
            end(&mut self.0, region(), self.1);
            assert!(!is_own(&self.0), "it ends once");
            end(&mut self.0, region(), self.1);
        }
    }

    fn hold(field: usize) -> Held {
        assert_eq!(note(region(), field..=field), Ok(()));
        Held(make_endable(), field)
    }

    /// Many at once, and ends here and elsewhere.
    #[test]
    fn entries_end_in_any_thread_and_any_order() {
        for round in 0..3 {
            let held: Vec<_> = (0..200).map(hold).collect();
            assert!(held.iter().all(|held| is_own(&held.0)));
            let (here, elsewhere): (Vec<_>, Vec<_>) =
                held.into_iter().partition(|held| (held.1 + round) % 3 == 0);
            thread::scope(|scope| {
                scope.spawn(|| {
                    assert!(!elsewhere.iter().any(|held| is_own(&held.0)));
                    drop(elsewhere);
                });
            });
            assert!(any(region()));
            drop(here);
            assert!(!any(region()), "an entry is left");
            drop(hold(0));
        }
    }

    /// What a thread leaves behind when it ends is no other thread's.
    #[test]
    fn an_entry_outlives_its_thread() {
        let left = thread::spawn(|| hold(7)).join().expect("it does not panic");
        assert!(!is_own(&left.0) && !any(region()));
        drop(left);
        drop(hold(7));
    }

    /// A mailbox is freed by the last of its thread and those that end entries of it, whichever comes
    /// last.
    #[test]
    fn entries_end_while_their_thread_ends() {
        for _ in 0..500 {
            let (give, get) = mpsc::channel();
            let owner =
                thread::spawn(move || (0..3).for_each(|field| give.send(hold(field)).unwrap()));
            let enders: Vec<_> = get.iter().map(|held| thread::spawn(|| drop(held))).collect();
            enders.into_iter().for_each(|it| it.join().expect("it does not panic"));
            owner.join().expect("it does not panic");
        }
    }

    /// A thread that holds something in a destructor, when its others have run, ends it as its own.
    #[test]
    fn a_thread_on_its_way_out_owns_what_it_holds() {
        struct Late(mpsc::Sender<bool>);
        impl Drop for Late {
            fn drop(&mut self) {
                for _ in 0..2 {
                    let held = hold(3);
                    let own = is_own(&held.0);
                    drop(held);
                    self.0.send(own && !any(region())).unwrap();
                }
            }
        }
        thread_local!(static LATE: RefCell<Option<Late>> = const { RefCell::new(None) });
        let (say, said) = mpsc::channel();
        let thread = thread::spawn(move || {
            // The destructor that is registered first runs last, if not the other way round.
            LATE.set(Some(Late(say.clone())));
            drop(hold(1));
            let after = thread::spawn(move || {
                drop(hold(1));
                LATE.set(Some(Late(say)));
            });
            after.join().expect("it does not panic");
        });
        thread.join().expect("it does not panic");
        assert_eq!(said.iter().collect::<Vec<_>>(), [true; 4]);
    }
}
