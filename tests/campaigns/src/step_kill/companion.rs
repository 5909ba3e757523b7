//! A process beside the victim that lives on.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use shma_core::{Field, Shm};

use crate::forked::{End, Forked};
use crate::shared_words::shared_words;
use crate::step_kill::site::{Contents, Plot, Site};
use shma_tests::region::InDirectory;
use shma_tests::watchdog::{PATIENCE, until};

/// Publishes once, to one field.
#[derive(Debug)]
pub struct Companion {
    process: Forked,
    field: usize,
    signs: Signs,
}

/// What it and its parent say to each other.
#[derive(Debug, Clone, Copy)]
struct Signs {
    ready: &'static AtomicU64,
    go: &'static AtomicU64,
}

impl Signs {
    fn new() -> Self {
        // A page for each run of the program: there is one companion at a time.
        static WORDS: std::sync::OnceLock<&[AtomicU64]> = std::sync::OnceLock::new();
        let [ready, go] = WORDS.get_or_init(|| shared_words(2)) else { unreachable!("two") };
        ready.store(0, Ordering::SeqCst);
        go.store(0, Ordering::SeqCst);
        Self { ready, go }
    }
}

fn set(sign: &AtomicU64) {
    sign.store(1, Ordering::SeqCst);
}

fn is_set(sign: &AtomicU64) -> bool {
    sign.load(Ordering::SeqCst) != 0
}

impl Companion {
    /// What it makes of what it finds.
    pub fn makes(found: &Contents, field: usize) -> Contents {
        let mut made = found.clone();
        made[field].version += 1;
        made[field].elements[0] = change(made[field].elements[0]);
        made
    }

    /// One that holds a field's semaphore until a process sleeps for it or it is told to go on.
    pub fn holder(site: &Site, field: usize) -> Self {
        let partition = site.partition(field);
        let release = |signs: Signs| {
            set(signs.ready);
            spin_until(|| is_set(signs.go) || site.bytes.has_waiters(partition));
        };
        let holder =
            Self::start(field, |plot, signs| publish(&plot, field, || release(signs)), site);
        until("the companion holds the semaphore", || is_set(holder.signs.ready));
        holder
    }

    /// One who comes for a field's semaphore when it is told to.
    pub fn waiter(site: &Site, field: usize) -> Self {
        let live = |plot: Shm<Plot>, signs: Signs| {
            spin_until(|| is_set(signs.go));
            publish(&plot, field, || {});
        };
        Self::start(field, live, site)
    }

    /// One that publishes when a process sleeps for it, or when it is told to.
    pub fn publisher(site: &Site, field: usize) -> Self {
        let partition = site.partition(field);
        let live = |plot: Shm<Plot>, signs: Signs| {
            spin_until(|| is_set(signs.go) || site.bytes.has_sleepers(partition));
            publish(&plot, field, || {});
        };
        Self::start(field, live, site)
    }

    /// As [`publisher`](Self::publisher), under a writer that it holds already.
    pub fn keeper(site: &Site, field: usize) -> Self {
        let partition = site.partition(field);
        let live = |plot: Shm<Plot>, signs: Signs| {
            let due = || {
                set(signs.ready);
                spin_until(|| is_set(signs.go) || site.bytes.has_sleepers(partition));
            };
            match field {
                0 => keep(&plot.tiny, due),
                1 => keep(&plot.middle, due),
                _ => keep(&plot.large, due),
            }
        };
        let keeper = Self::start(field, live, site);
        until("the companion holds a writer", || is_set(keeper.signs.ready));
        keeper
    }

    /// One who waits for the next publication of a field.
    pub fn listener(site: &Site, field: usize) -> Self {
        let plot = &site.plot;
        let versions = [plot.tiny.version(), plot.middle.version(), plot.large.version()];
        let since = versions[field];
        let live = |plot: Shm<Plot>, _: Signs| {
            let newer = match field {
                0 => plot.tiny.wait_newer(since, PATIENCE),
                1 => plot.middle.wait_newer(since, PATIENCE),
                _ => plot.large.wait_newer(since, PATIENCE),
            };
            assert!(newer.unwrap() > since, "woken for nothing");
        };
        Self::start(field, live, site)
    }

    fn start(field: usize, live: impl FnOnce(Shm<Plot>, Signs), site: &Site) -> Self {
        let signs = Signs::new();
        let process = Forked::start(|| live(Plot::in_directory().open(&site.name).unwrap(), signs));
        Self { process, field, signs }
    }

    /// Tells it to go on.
    pub fn go(&self) {
        set(self.signs.go);
    }

    /// Waits until it, or another process, sleeps for the semaphore.
    pub fn await_sleep(&self, site: &Site) -> Result<(), String> {
        let partition = site.partition(self.field);
        until("the companion sleeps for the semaphore", || site.bytes.has_waiters(partition));
        Ok(())
    }

    /// Waits until it has done what it was to do: no process may keep it from that.
    pub fn end(mut self) -> Result<(), String> {
        self.go();
        match self.process.reap() {
            End::Returned => Ok(()),
            other => Err(format!("beside the victim: {other:?}")),
        }
    }
}

/// Waits for the other processor, or for this one to be given to another process.
fn spin_until(mut holds: impl FnMut() -> bool) {
    while !holds() {
        std::thread::sleep(Duration::from_micros(20));
    }
}

fn change(element: u64) -> u64 {
    element ^ 1 << 63
}

fn publish(plot: &Shm<Plot>, field: usize, inside: impl FnOnce()) {
    match field {
        0 => change_first(&plot.tiny, inside),
        1 => change_first(&plot.middle, inside),
        _ => change_first(&plot.large, inside),
    }
}

fn keep<const N: usize>(field: &Field<[u64; N]>, due: impl FnOnce()) {
    let mut writer = field.writer_timeout(PATIENCE).unwrap();
    due();
    writer.update(|new, old| new[0] = change(old[0]));
}

fn change_first<const N: usize>(field: &Field<[u64; N]>, inside: impl FnOnce()) {
    let written = field.update_timeout(PATIENCE, |new, old| {
        new[0] = change(old[0]);
        inside();
    });
    written.unwrap();
}
