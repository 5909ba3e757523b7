//! What a thread holds and any thread may give back.
//!
//! What a thread holds is recorded with the thread, where another one does not get at it. So a thread that
//! ends another one's entry leaves it in that thread's mailbox. The owner looks there when it finds
//! that it holds something, which is rare. What a thread makes and ends itself costs no locked
//! instruction.
//!
//! # Who frees a mailbox
//!
//! An entry may outlive its thread, so a mailbox may too. `owed` in it counts what keeps it:
//!
//! - the thread that owns it, [`OWNER`], until it ends;
//! - each entry that the thread has left open when it ended, until another thread ends it.
//!
//! While the owner lives it counts its open entries itself. What others end meanwhile is taken off
//! `owed`, and the owner adds it again when it takes it out of the mailbox. So `owed` is zero only
//! after the owner has ended and with the last open entry, and the thread that makes it zero frees
//! the mailbox.
//!
//! `unsafe` here: mailboxes.
#![allow(unsafe_code)]

use std::cell::Cell;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

use crate::region::RegionKey;

/// A held semaphore: the region, and the number of the field.
pub(super) type Entry = (RegionKey, usize);

/// What a living owner adds to `owed`: more than there are entries.
const OWNER: u64 = 1 << 63;

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

/// Where other threads leave the entries of a thread that they have ended.
#[derive(Debug)]
struct Mailbox {
    owed: AtomicU64,
    /// A list, the latest first.
    ended: AtomicPtr<Letter>,
}

#[derive(Debug)]
struct Letter {
    entry: Entry,
    next: *mut Letter,
}

impl Mailbox {
    /// Leaves an entry.
    #[cold]
    fn put(&self, entry: Entry) {
        let letter = Box::into_raw(Box::new(Letter { entry, next: ptr::null_mut() }));
        // Relaxed: nothing is read through it.
        let mut first = self.ended.load(Ordering::Relaxed);
        loop {
            // SAFETY: of the box above, and no other thread has it yet.
            unsafe { (*letter).next = first };
            // Release: meets the acquire in `take`. Relaxed on failure: as above.
            match self.ended.compare_exchange(first, letter, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return,
                Err(now) => first = now,
            }
        }
    }

    /// Takes all entries out, and returns how many there were.
    fn take(&self, mut each: impl FnMut(Entry)) -> u64 {
        // Acquire: meets the release in `put`.
        let mut next = self.ended.swap(ptr::null_mut(), Ordering::Acquire);
        let mut taken = 0;
        while !next.is_null() {
            // SAFETY: of `put`; the swap has given it to this thread alone.
            let letter = unsafe { Box::from_raw(next) };
            next = letter.next;
            each(letter.entry);
            taken += 1;
        }
        taken
    }
}

/// Takes so much off what a mailbox is owed, and frees it if nothing is left.
///
/// # Safety
///
/// The caller owes this much, and does not use the mailbox afterwards.
#[cold]
unsafe fn settle(mailbox: NonNull<Mailbox>, share: u64) {
    // SAFETY: the caller's share keeps it.
    let owed = unsafe { &mailbox.as_ref().owed };
    // Release: what this thread did with it comes before its end. Acquire: meets that release of the
    // others.
    if owed.fetch_sub(share, Ordering::AcqRel) == share {
        // SAFETY: of `Own::open_mailbox`; no other thread owes anything, so none has it.
        let mailbox = unsafe { Box::from_raw(mailbox.as_ptr()) };
        mailbox.take(|_| ());
    }
}

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
            Some(other) => end_elsewhere(other, entry()),
            None => {}
        }
        own
    }

    /// Gives `end` the entries of the thread that others have ended.
    pub(super) fn take_ended(&self, end: impl FnMut(Entry)) {
        let Some(mailbox) = self.mailbox.get() else { return };
        // SAFETY: the thread owes `OWNER`.
        let mailbox = unsafe { mailbox.as_ref() };
        // Relaxed: an entry that is not seen yet is taken out later. A thread that sees an end before the
        // semaphore is free waits for that, as for any other holder.
        if mailbox.ended.load(Ordering::Relaxed).is_null() {
            return;
        }
        let taken = mailbox.take(end);
        self.open.set(self.open.get() - taken);
        // Relaxed: the thread's own share keeps it.
        mailbox.owed.fetch_add(taken, Ordering::Relaxed);
    }

    /// # Safety
    ///
    /// As [`make`](Self::make).
    #[cold]
    unsafe fn open_mailbox(&self) -> NonNull<Mailbox> {
        let mailbox = Mailbox { owed: AtomicU64::new(OWNER), ended: AtomicPtr::default() };
        let mailbox = NonNull::from(Box::leak(Box::new(mailbox)));
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
            // SAFETY: the thread owes `OWNER`, and leaves its open entries to those that end them.
            unsafe { settle(mailbox, OWNER - (self.open.take() & !LATE)) };
        }
    }
}

#[cold]
fn end_elsewhere(mailbox: NonNull<Mailbox>, entry: Entry) {
    // SAFETY: the entry keeps it until it is settled: it is counted by the owner, or in `owed`.
    unsafe { mailbox.as_ref() }.put(entry);
    // SAFETY: as above; this entry is settled once, because its mailbox was taken from it.
    unsafe { settle(mailbox, 1) };
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
