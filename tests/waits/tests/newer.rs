//! Futures that miss a publication, keep something alive, or end what they should not.

use std::fs;
use std::future::Future;
use std::path::Path;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Wake, Waker};

use futures_lite::future::block_on;
use shma_core::{Error, ShmState, Version};
use shma_tests::child::Child;
use shma_tests::place::Place;
use shma_tests::region::Name;
use shma_tests::skip::skip;
use shma_tests::watchdog::{PATIENCE, until, watched};
use shma_waits::{Desk, create, other};

type Newer = Pin<Box<dyn Future<Output = Result<Version, Error>> + Send>>;

fn opened(call: &str, name: &Name) -> Child {
    let mut child = other!();
    child.order(&format!("{call} {name}"));
    child
}

/// Counts its calls.
#[derive(Default)]
struct Counter(AtomicUsize);

impl Wake for Counter {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn poll(newer: &mut Newer, waker: &Waker) -> Poll<Result<Version, Error>> {
    newer.as_mut().poll(&mut Context::from_waker(waker))
}

/// A handle of either access, to a field of either kind: the publication of another process wakes.
#[test]
fn a_publication_wakes_a_future() {
    watched(|| {
        for call in ["open", "open-read-only"] {
            let (name, desk) = create("newer-wakes");
            let mut waiter = opened(call, &name);
            for (round, (field, at)) in
                [("count", 0), ("calls", 2), ("count", 0)].into_iter().enumerate()
            {
                assert_eq!(waiter.ask(&format!("poll {field}")), "pending");
                waiter.tell("await");
                if call == "open" {
                    let bytes = name.bytes();
                    until("it sleeps", || bytes.has_sleepers(Desk::partitions()[at]));
                }
                let version = match at {
                    0 => {
                        desk.count.update(|new, old| *new = old + 1);
                        desk.count.version()
                    }
                    _ => {
                        desk.calls.fetch_add(0, 1);
                        desk.calls.version()
                    }
                };
                waiter.expect(&version.to_string());
                assert_eq!(u64::from(version), 2 + round as u64 / 2);
            }
        }
    });
}

/// What is there already is given at once, and no thread is started for it.
#[test]
fn what_is_newer_already_needs_no_thread() {
    watched(|| {
        let (name, desk) = create("newer-ready");
        let version = block_on(desk.count.newer(Version::default())).unwrap();
        assert_eq!(u64::from(version), 1);
        desk.count.write(&1);
        let mut newer: Newer = Box::pin(desk.count.newer(version));
        let Poll::Ready(Ok(second)) = poll(&mut newer, Waker::noop()) else { panic!("it waits") };
        assert_eq!(u64::from(second), 2);
        // A future that is polled once more looks once more.
        assert!(poll(&mut newer, Waker::noop()).is_ready());
        let mut idle = opened("open", &name);
        assert_eq!(idle.ask("thread"), "false");
        assert_eq!(idle.ask("poll count"), "pending");
        until("the thread has its name", || idle.ask("thread") == "true");
        idle.order("cancel");
        until("the thread ends when there is nothing to wait for", || {
            idle.ask("thread") == "false"
        });
        assert_eq!(idle.ask("poll count"), "pending");
        until("the thread has its name", || idle.ask("thread") == "true");
    });
}

/// The thread sleeps in the kernel until it is woken, and does not look again and again meanwhile.
#[test]
fn the_thread_is_woken_and_does_not_poll() {
    watched(|| {
        let (name, _desk) = create("newer-woken");
        let mut follower = opened("open", &name);
        let mut publisher = opened("open", &name);
        follower.tell("follow 40");
        follower.expect("follows");
        publisher.order("paced 0 40 25");
        let answer = follower.line();
        let numbers: Vec<u64> =
            answer.split_whitespace().map(|number| number.parse().unwrap()).collect();
        let [millis, sleeps] = numbers[..] else { panic!("{answer}") };
        // A few for each publication, and one for each slice of 100 ms. One that polled would sleep a
        // thousand times a second.
        assert!(sleeps <= 40 * 6 + 2 * millis / 100, "{sleeps} sleeps in {millis} ms");
    });
}

/// Every publication is learnt of, beside a publisher that does not pause, for many rounds.
#[test]
fn no_publication_is_slept_through() {
    watched(|| {
        let (name, desk) = create("newer-storm");
        let mut publisher = opened("open", &name);
        publisher.tell("add-many 0 20000");
        block_on(async {
            let mut seen = Version::default();
            while desk.count.read() < 20_000 {
                seen = desk.count.newer(seen).await.unwrap();
            }
        });
        publisher.expect("ok");
    });
}

/// A removal ends it, and something newer goes before that.
#[test]
fn a_removal_ends_a_future() {
    watched(|| {
        for call in ["open", "open-read-only"] {
            let (name, desk) = create("newer-removed");
            let mut waiter = opened(call, &name);
            assert_eq!(waiter.ask("poll count"), "pending");
            waiter.tell("await");
            Desk::unlink(&name).unwrap();
            assert!(waiter.line().starts_with("error Retired: field `count` of region"));
            let newer = block_on(desk.count.newer(Version::default())).unwrap();
            let retired = block_on(desk.count.newer(newer));
            assert!(matches!(retired, Err(Error::Retired { .. })), "{retired:?}");
        }
    });
}

/// A name goes with its directory. Neither a removal nor a renaming by hand leaves a hint in the region.
#[test]
fn the_end_of_its_directory_ends_a_future() {
    watched(|| {
        let place = Place::below(Path::new("/dev/shm"));
        let (home, moved) = (place.path().join("home"), place.path().join("moved"));
        let ends: [fn(&Path, &Path); 2] = [
            |home, _| fs::remove_dir_all(home).unwrap(),
            |home, moved| fs::rename(home, moved).unwrap(),
        ];
        for end in ends {
            fs::create_dir(&home).unwrap();
            let desk = Desk::options().dir(&home).create("some", &Desk::zeroed()).unwrap();
            let mut newer: Newer = Box::pin(desk.count.newer(desk.count.version()));
            assert!(poll(&mut newer, Waker::noop()).is_pending());
            end(&home, &moved);
            let retired = block_on(newer);
            assert!(matches!(retired, Err(Error::Retired { .. })), "{retired:?}");
            let retired = desk.count.wait_newer(desk.count.version(), PATIENCE);
            assert!(matches!(retired, Err(Error::Retired { .. })), "{retired:?}");
            assert!(!desk.is_current());
        }
        fs::remove_dir_all(&moved).unwrap();
    });
}

/// A future is no attachment: the last handle removes the region, and the future ends with that.
#[test]
fn a_future_does_not_keep_the_region() {
    watched(|| {
        for call in ["open", "open-read-only"] {
            let (name, desk) = create("newer-last");
            let mut waiter = opened(call, &name);
            assert_eq!(waiter.ask("poll count"), "pending");
            waiter.order("close");
            assert!(name.exists(), "this process is attached");
            desk.count.write(&1);
            assert_eq!(waiter.ask("await"), "2");
            // The last handle is of this process, and then of the waiter's.
            waiter.order(&format!("{call} {name}"));
            assert_eq!(waiter.ask("poll count"), "pending");
            waiter.order("close");
            drop(desk);
            assert!(!name.exists());
            assert!(waiter.ask("await").starts_with("error Retired"));
        }
        let (name, desk) = create("newer-last-here");
        let mut newer: Newer = Box::pin(desk.count.newer(desk.count.version()));
        let late = desk.later.newer(desk.later.version());
        assert!(poll(&mut newer, Waker::noop()).is_pending());
        desk.later.write(&7);
        drop(desk);
        assert!(!name.exists());
        assert_eq!(u64::from(block_on(late).unwrap()), 2, "newer goes before retired");
        let retired = block_on(newer);
        assert!(matches!(retired, Err(Error::Retired { .. })), "{retired:?}");
    });
}

/// The waker, the mapping: all goes with the future, though its publication never comes.
#[test]
fn a_cancelled_future_leaves_nothing() {
    watched(|| {
        let (name, desk) = create("newer-cancelled");
        // Otherwise the futures would end with the region.
        let _attached = opened("open", &name);
        let counter = Arc::new(Counter::default());
        let waker = Waker::from(Arc::clone(&counter));
        let mut futures: Vec<Newer> =
            (0..10).map(|_| Box::pin(desk.count.newer(desk.count.version())) as Newer).collect();
        futures.iter_mut().for_each(|newer| assert!(poll(newer, &waker).is_pending()));
        drop(waker);
        let bytes = name.bytes();
        until("the thread sleeps", || bytes.has_sleepers(Desk::partitions()[0]));
        assert_eq!(Arc::strong_count(&counter), 11);
        drop(desk);
        let is_mapped = || fs::read_to_string("/proc/self/maps").unwrap().contains(&*name);
        assert!(is_mapped(), "the futures keep the memory");
        drop(futures);
        until("it is unmapped", || !is_mapped());
        until("no waker is left", || Arc::strong_count(&counter) == 1);
    });
}

/// A future that moves to another task wakes that one.
#[test]
fn the_last_waker_counts() {
    watched(|| {
        let (name, desk) = create("newer-moved");
        let [first, last] = [0, 1].map(|_| Arc::new(Counter::default()));
        let mut newer: Newer = Box::pin(desk.count.newer(desk.count.version()));
        for waker in [&first, &last] {
            assert!(poll(&mut newer, &Waker::from(Arc::clone(waker))).is_pending());
        }
        assert_eq!(Arc::strong_count(&first), 1);
        opened("open", &name).order("add 0");
        until("the last one is woken", || last.0.load(Ordering::SeqCst) == 1);
        assert_eq!(first.0.load(Ordering::SeqCst), 0);
        assert!(poll(&mut newer, Waker::noop()).is_ready());
    });
}

/// A thousand futures, on one field and on more fields than the kernel takes at once.
#[test]
fn a_thousand_futures_are_woken() {
    watched(|| {
        let all: Vec<_> = (0..60).map(|i| create(&format!("newer-many-{i}"))).collect();
        let counter = Arc::new(Counter::default());
        let waker = Waker::from(Arc::clone(&counter));
        let mut futures: Vec<Newer> = (0..1000)
            .map(|i| {
                let desk = &all[i % all.len()].1;
                match i % 3 {
                    0 => Box::pin(desk.count.newer(desk.count.version())) as Newer,
                    1 => Box::pin(desk.later.newer(desk.later.version())),
                    _ => Box::pin(desk.calls.newer(desk.calls.version())),
                }
            })
            .collect();
        let on_one = &all[0].1.count;
        futures.extend((0..1000).map(|_| Box::pin(on_one.newer(on_one.version())) as Newer));
        futures.iter_mut().for_each(|newer| assert!(poll(newer, &waker).is_pending()));
        let mut publisher = other!();
        for (i, (name, _)) in all.iter().enumerate() {
            publisher.order(&format!("open {name}"));
            publisher.order(&format!("add {i}"));
            publisher.order(&format!("add-later {i}"));
            publisher.order(&format!("call {i}"));
        }
        for newer in futures {
            assert_eq!(u64::from(block_on(newer).unwrap()), 2);
        }
        assert!(counter.0.load(Ordering::SeqCst) <= 2000, "each is woken once");
    });
}

/// A waker that does what it may, and worse.
struct Odd(Mutex<Box<dyn FnMut() + Send>>);

impl Wake for Odd {
    fn wake(self: Arc<Self>) {
        (self.0.lock().unwrap())();
    }
}

fn odd(wake: impl FnMut() + Send + 'static) -> Waker {
    Waker::from(Arc::new(Odd(Mutex::new(Box::new(wake)))))
}

/// A waker that panics, blocks, or uses futures itself: the others are woken all the same.
#[test]
fn an_odd_waker_does_not_end_the_thread() {
    watched(|| {
        let (name, desk) = create("newer-odd");
        let mut publisher = opened("open", &name);
        let newer = || Box::pin(desk.count.newer(desk.count.version())) as Newer;
        let (came, comes) = mpsc::channel();
        let (go, goes) = mpsc::channel::<()>();
        // It panics.
        let mut panics = newer();
        let said = came.clone();
        assert!(
            poll(
                &mut panics,
                &odd(move || {
                    said.send("panics").unwrap();
                    panic!("told to");
                })
            )
            .is_pending()
        );
        publisher.order("add 0");
        assert_eq!(comes.recv().unwrap(), "panics");
        // It blocks until it is told to go on, while another future is added and dropped.
        let mut blocks = newer();
        let said = came.clone();
        assert!(
            poll(
                &mut blocks,
                &odd(move || {
                    said.send("blocks").unwrap();
                    goes.recv().unwrap();
                })
            )
            .is_pending()
        );
        publisher.order("add 0");
        assert_eq!(comes.recv().unwrap(), "blocks");
        let mut added = newer();
        assert!(poll(&mut added, Waker::noop()).is_pending());
        drop(newer());
        go.send(()).unwrap();
        // It polls and drops futures, also its own.
        let inside = Arc::new(Mutex::new(Some(newer())));
        let mut another = newer();
        let (mine, said) = (Arc::clone(&inside), came);
        let uses = odd(move || {
            drop(mine.lock().unwrap().take());
            assert!(poll(&mut another, Waker::noop()).is_ready());
            said.send("uses").unwrap();
        });
        assert!(poll(inside.lock().unwrap().as_mut().unwrap(), &uses).is_pending());
        publisher.order("add 0");
        assert_eq!(comes.recv().unwrap(), "uses");
        let mut last = pin!(desk.count.newer(desk.count.version()));
        assert!(last.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        publisher.order("add 0");
        assert_eq!(u64::from(block_on(last).unwrap()), 5);
        assert_eq!(u64::from(block_on(added).unwrap()), 5);
    });
}

/// A child has none of its parent's threads. It may drop what it inherited, and wait with it.
#[test]
fn a_fork_child_waits_anew() {
    watched(|| {
        let (name, desk) = create("newer-forked");
        let mut parent = opened("open", &name);
        for version in [2, 3] {
            assert_eq!(parent.ask("poll calls"), "pending");
            assert_eq!(parent.ask("poll count"), "pending");
            let bytes = name.bytes();
            until("the thread sleeps", || bytes.has_sleepers(Desk::partitions()[0]));
            parent.tell("fork-await");
            parent.expect("thread: false");
            parent.expect("waits");
            desk.count.update(|new, old| *new = old + 1);
            parent.expect(&format!("{version} thread: true"));
            parent.expect("child ended with Some(0)");
            // The parent's own are as they were.
            assert_eq!(parent.ask("await"), version.to_string());
            parent.order("cancel");
        }
    });
}

/// Where the kernel lacks the call, or a sandbox refuses it, futures are woken all the same.
#[test]
fn a_kernel_without_the_call_wakes_futures_too() {
    watched(|| {
        for errno in [libc::ENOSYS, libc::EPERM] {
            let (name, desk) = create("newer-refused");
            let mut waiter = opened("open", &name);
            let refused = waiter.ask(&format!("refuse {errno}"));
            if refused != "ok" {
                return skip(&format!("no filter of system calls can be installed: {refused}"));
            }
            for field in ["count", "calls", "count"] {
                assert_eq!(waiter.ask(&format!("poll {field}")), "pending");
                waiter.tell("await");
                desk.count.update(|new, old| *new = old + 1);
                desk.calls.fetch_add(0, 1);
                waiter.line().parse::<u64>().unwrap();
            }
            assert_eq!(waiter.ask("poll count"), "pending");
            Desk::unlink(&name).unwrap();
            assert!(waiter.ask("await").starts_with("error Retired"));
        }
    });
}

/// Handlers of the program run in its own threads, and the process ends when it wants to.
#[test]
fn the_thread_takes_no_signals_and_delays_no_exit() {
    watched(|| {
        let (name, _desk) = create("newer-signals");
        let mut waiter = opened("open", &name);
        assert_eq!(waiter.ask("poll count"), "pending");
        let blocked = u64::from_str_radix(&waiter.ask("blocked"), 16).unwrap();
        let is_blocked = |signal: i32| blocked >> (signal - 1) & 1 == 1;
        for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGALRM, libc::SIGCHLD, libc::SIGUSR1] {
            assert!(is_blocked(signal), "signal {signal} of {blocked:x}");
        }
        assert!(!is_blocked(libc::SIGSEGV) && !is_blocked(libc::SIGBUS), "{blocked:x}");
        assert!(waiter.close().success());
    });
}
