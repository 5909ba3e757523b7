//! Waits without a thread each: one thread sleeps for all of them.
//!
//! A wait is a line in a list: a source, the publication that is known, and a waker. The thread
//! makes one pass after the other. In each it looks at every source and wakes the waits that have
//! something newer. It announces itself to the other sources, and sleeps on the words of all, and
//! on the list's own.
//!
//! # Why no wake-up is lost
//!
//! To a source the thread is a waiter as any other: see [`notify`](super::notify). To the list it is one
//! too, with the lock of the list as the word to meet in:
//!
//! 1. The thread announces itself in the list's word.
//! 2. It acquires the lock, and looks at every line.
//! 3. It sleeps, unless the word is another one by now.
//!
//! One that adds a line acquires the lock, releases it, and then looks at the list's word.
//!
//! - It has the lock before the thread: the thread finds the line.
//! - It has the lock after the thread: it finds the announcement, changes the number and wakes.
//!
//! Wakers run when the lock is released, so one that adds or removes a line itself cannot deadlock.
//!
//! # The end of the thread
//!
//! It ends when it finds the list empty after a while. It says so under the lock, so the next line that
//! is added starts another thread.

use std::ptr;
use std::task::Waker;

use super::notify::{self, Announced, Notify, POLL, Source, Turn};
use crate::os;
use crate::sync::{AtomicU32, Mutex, MutexGuard, mutant};

/// What the thread asks that is no part of the protocol.
pub(crate) trait Tempo<S> {
    /// A pass begins.
    fn begin(&mut self);

    /// Whether no publication will come any more. `is_hinted` if the word of the source has changed, and
    /// nothing was published.
    fn is_over(&mut self, source: &S, is_hinted: bool) -> bool;

    /// Calls a waker.
    fn wake(&mut self, waker: Waker);

    /// What comes after a pass that left so many sources. The end counts if there are none.
    fn rest(&mut self, sources: usize) -> Turn;
}

/// The waits of a process.
#[derive(Debug)]
pub(crate) struct WaitList<S> {
    /// As that of a partition: changed for the thread that sleeps.
    notify: AtomicU32,
    lines: Mutex<Lines<S>>,
}

#[derive(Debug)]
struct Lines<S> {
    /// Waits that were added so far.
    added: u64,
    /// Whether a thread serves the list.
    served: bool,
    watched: Vec<Watched<S>>,
}

/// A source, and its waiters.
#[derive(Debug)]
struct Watched<S> {
    source: S,
    /// The word as it was in the last pass, without the announcement; 0, which it never is first, before.
    word: u32,
    /// The word in which the thread announced itself in the last pass; 0 before.
    announced: u32,
    /// The one that is known: see [`notify::announce`].
    known: u32,
    waits: Vec<Wait>,
}

impl<S> Watched<S> {
    fn new(source: S, wait: Wait) -> Self {
        Self { source, word: 0, announced: 0, known: 0, waits: vec![wait] }
    }
}

#[derive(Debug)]
struct Wait {
    number: u64,
    since: u64,
    waker: Waker,
}

impl<S: Source> WaitList<S> {
    pub(crate) fn new() -> Self {
        let lines = Lines { added: 0, served: false, watched: Vec::new() };
        Self { notify: AtomicU32::new(Notify::FIRST), lines: Mutex::new(lines) }
    }

    fn lock(&self) -> MutexGuard<'_, Lines<S>> {
        // No call that can panic is made under the lock, except those of the allocator.
        self.lines.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Adds a wait, or gives it another waker if it is in the list, under the number that an earlier
    /// call has set. Returns whether a thread has to be started.
    pub(crate) fn enter(
        &self,
        source: &S,
        since: u64,
        number: &mut Option<u64>,
        waker: &Waker,
    ) -> bool
    where
        S: Clone,
    {
        // Before the lock is acquired: this runs code of the executor.
        let mut waker = waker.clone();
        let mut lines = self.lock();
        if let Some(wait) = number.and_then(|number| lines.find(source, number)) {
            std::mem::swap(&mut wait.waker, &mut waker);
            drop(lines);
            return false;
        }
        lines.added += 1;
        *number = Some(lines.added);
        let wait = Wait { number: lines.added, since, waker };
        match lines.watched(source) {
            Some(at) => lines.watched[at].waits.push(wait),
            None => lines.watched.push(Watched::new(source.clone(), wait)),
        }
        let starts = !std::mem::replace(&mut lines.served, true);
        drop(lines);
        if !mutant!("list-adds-silently") {
            Notify(&self.notify).wake_if_announced();
        }
        starts
    }

    /// Removes a wait, if it is in the list still. The thread may call its waker once more.
    pub(crate) fn leave(&self, source: &S, number: u64) {
        let mut lines = self.lock();
        let Some(at) = lines.watched(source) else { return };
        let watched = &mut lines.watched[at];
        let Some(line) = watched.waits.iter().position(|wait| wait.number == number) else {
            return;
        };
        let wait = watched.waits.swap_remove(line);
        let watched = watched.waits.is_empty().then(|| lines.watched.swap_remove(at));
        // What is dropped may run code of the executor, and unmap memory.
        drop(lines);
        drop((wait, watched));
    }

    /// No thread could be started. Wakes all that wait, to try it themselves.
    pub(crate) fn give_up(&self, tempo: &mut impl Tempo<S>) {
        let mut lines = self.lock();
        lines.served = false;
        let watched = std::mem::take(&mut lines.watched);
        drop(lines);
        for wait in watched.into_iter().flat_map(|watched| watched.waits) {
            tempo.wake(wait.waker);
        }
    }

    /// Waits for all, until the list is empty and the tempo says that this is the end.
    pub(crate) fn serve(&self, tempo: &mut impl Tempo<S>) {
        let notify = Notify(&self.notify);
        // Whether the thread has slept for as long as it takes until its announcements are known.
        let mut slept = false;
        loop {
            tempo.begin();
            let seen = notify.look();
            let marked = mutant!("list-unannounced", notify.mark(seen) => Some(seen));
            let Some(announced) = marked else { continue };
            let mut words = os::Words::new(&self.notify, announced);
            let pass = self.lock().look(&mut words, std::mem::take(&mut slept), tempo);
            let stays_awake = pass.missed || !pass.news.is_empty();
            pass.news.into_iter().for_each(|waker| tempo.wake(waker));
            drop(pass.left);
            if stays_awake {
                continue;
            }
            match tempo.rest(pass.sources) {
                Turn::Again => {}
                Turn::Sleep(at_most) => {
                    let at_most = if pass.polls { at_most.min(POLL) } else { at_most };
                    slept = words.sleep(at_most) && at_most >= POLL;
                }
                Turn::End if self.lock().end() => return,
                Turn::End => {}
            }
        }
    }
}

/// What a pass has found.
struct Pass<S> {
    /// Those that have to be woken.
    news: Vec<Waker>,
    /// Sources that no line is left of.
    left: Vec<Watched<S>>,
    /// How many sources are waited for.
    sources: usize,
    /// Whether a source has to be looked at again at once.
    missed: bool,
    /// Whether there are sources that do not wake the thread.
    polls: bool,
}

impl<S: Source> Lines<S> {
    fn watched(&self, source: &S) -> Option<usize> {
        let word = source.notify().0;
        self.watched.iter().position(|watched| ptr::eq(watched.source.notify().0, word))
    }

    fn find(&mut self, source: &S, number: u64) -> Option<&mut Wait> {
        let at = self.watched(source)?;
        self.watched[at].waits.iter_mut().find(|wait| wait.number == number)
    }

    /// Ends the service, if there is nothing to serve.
    fn end(&mut self) -> bool {
        let is_empty = mutant!("list-ends-blindly") || self.watched.is_empty();
        self.served = !is_empty;
        is_empty
    }

    /// Looks at every source, and announces the thread to each that has nothing newer. `slept` if it has
    /// slept for [`POLL`] since the last pass.
    fn look(
        &mut self,
        words: &mut os::Words<'_>,
        slept: bool,
        tempo: &mut impl Tempo<S>,
    ) -> Pass<S> {
        let mut pass =
            Pass { news: Vec::new(), left: Vec::new(), sources: 0, missed: false, polls: false };
        // One of the words is the list's.
        let mut room = os::most_words() - 1;
        for watched in &mut self.watched {
            let Watched { source, word, announced, known, waits } = watched;
            if slept {
                *known = *announced;
            }
            let seen = source.notify().look();
            let newest = source.newest();
            let is_hinted = std::mem::replace(word, Notify::number(seen)) != Notify::number(seen);
            let is_new = |wait: &mut Wait| wait.since != newest;
            pass.news.extend(waits.extract_if(.., is_new).map(|wait| wait.waker));
            if !waits.is_empty() && tempo.is_over(source, is_hinted) {
                pass.news.extend(waits.drain(..).map(|wait| wait.waker));
            }
            if waits.is_empty() {
                continue;
            }
            if room == 0 || !source.may_announce() {
                pass.polls = true;
                continue;
            }
            *announced = match notify::announce(source, seen, newest, *known) {
                Announced::Sleep(word) => word,
                Announced::Unknown(word) => {
                    pass.polls = true;
                    word
                }
                Announced::Again => {
                    pass.missed = true;
                    continue;
                }
                Announced::Unsure => {
                    pass.polls = true;
                    continue;
                }
            };
            room -= 1;
            words.push(source.notify().0, *announced);
        }
        pass.left.extend(self.watched.extract_if(.., |watched| watched.waits.is_empty()));
        pass.sources = self.watched.len();
        pass
    }
}
