//! The executors that programs use, each with publications of another process.

use std::time::Duration;

use shma_core::{Error, Shm, Version};
use shma_tests::child::Child;
use shma_tests::region::Name;
use shma_tests::watchdog::{until, watched};
use shma_waits::{Desk, create, other};

fn publisher(name: &Name) -> Child {
    let mut child = other!();
    child.order(&format!("open {name}"));
    child
}

fn sleeps(name: &Name) {
    let bytes = name.bytes();
    until("the thread sleeps", || bytes.has_sleepers(Desk::partitions()[0]));
}

/// Waits for publication after publication, from one that it has seen until it has the last one.
async fn follow(desk: &Shm<Desk>, mut seen: Version, until: u64) -> Result<u64, Error> {
    let mut woken = 0;
    while u64::from(seen) < until {
        seen = desk.count.newer(seen).await?;
        woken += 1;
    }
    Ok(woken)
}

#[test]
fn tokio_follows_select_and_time_out() {
    watched(|| {
        let (name, desk) = create("tokio");
        let desk = std::sync::Arc::new(desk);
        let mut publisher = publisher(&name);
        for mut runtime in [
            tokio::runtime::Builder::new_current_thread(),
            tokio::runtime::Builder::new_multi_thread(),
        ] {
            let runtime = runtime.enable_time().build().unwrap();
            let from = desk.count.version();
            let task = runtime.spawn({
                let desk = std::sync::Arc::clone(&desk);
                async move { follow(&desk, from, u64::from(from) + 500).await }
            });
            publisher.tell("add-many 0 500");
            assert!(runtime.block_on(task).unwrap().unwrap() >= 1);
            publisher.expect("ok");
            runtime.block_on(async {
                let (count, calls) = (desk.count.version(), desk.calls.version());
                publisher.tell("call 0");
                let which = tokio::select! {
                    newer = desk.count.newer(count) => { newer.unwrap(); "count" }
                    newer = desk.calls.newer(calls) => { newer.unwrap(); "calls" }
                };
                assert_eq!(which, "calls");
                let late = desk.count.newer(count);
                assert!(tokio::time::timeout(Duration::from_millis(20), late).await.is_err());
            });
            publisher.expect("ok");
        }
    });
}

/// A thousand tasks, spawned: the future borrows nothing, also not the handle.
#[test]
fn a_thousand_tasks_of_tokio() {
    watched(|| {
        let (name, desk) = create("tokio-many");
        let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
        let tasks: Vec<_> =
            (0..1000).map(|_| runtime.spawn(desk.count.newer(desk.count.version()))).collect();
        sleeps(&name);
        publisher(&name).order("add 0");
        runtime.block_on(async {
            for task in tasks {
                assert_eq!(u64::from(task.await.unwrap().unwrap()), 2);
            }
        });
    });
}

/// Its tasks are gone, and what they waited for comes: nothing is woken that is no more.
#[test]
fn a_runtime_is_dropped_while_its_tasks_wait() {
    watched(|| {
        let (name, desk) = create("tokio-dropped");
        let mut publisher = publisher(&name);
        for round in 0..3 {
            let runtime = tokio::runtime::Builder::new_multi_thread().build().unwrap();
            let seen = desk.count.version();
            for _ in 0..100 {
                drop(runtime.spawn(desk.count.newer(seen)));
            }
            let last = runtime.spawn(desk.count.newer(seen));
            sleeps(&name);
            match round {
                0 => drop(runtime),
                1 => runtime.shutdown_background(),
                // While the wakers are called.
                _ => {
                    publisher.tell("add 0");
                    drop(runtime);
                    publisher.expect("ok");
                }
            }
            drop(last);
            publisher.order("add 0");
            assert!(smol::block_on(desk.count.newer(seen)).unwrap() > seen);
        }
    });
}

#[test]
fn smol_follows_races_and_cancels() {
    watched(|| {
        let (name, desk) = create("smol");
        let mut publisher = publisher(&name);
        let desk = std::sync::Arc::new(desk);
        let first = desk.count.version();
        let task = smol::spawn({
            let desk = std::sync::Arc::clone(&desk);
            async move { follow(&desk, first, 501).await }
        });
        publisher.order("add-many 0 500");
        assert!(smol::block_on(task).unwrap() >= 1);
        let (count, calls) = (desk.count.version(), desk.calls.version());
        publisher.order("call 0");
        let either =
            smol::future::or(async { desk.count.newer(count).await.map(|_| "count") }, async {
                desk.calls.newer(calls).await.map(|_| "calls")
            });
        assert_eq!(smol::block_on(either).unwrap(), "calls");
        let waits = smol::spawn(desk.count.newer(count));
        sleeps(&name);
        assert!(smol::block_on(waits.cancel()).is_none());
        publisher.order("add 0");
        assert!(smol::block_on(desk.count.newer(count)).unwrap() > count);
    });
}

/// The executor of one thread that parks.
#[test]
fn futures_lite_follows() {
    watched(|| {
        let (name, desk) = create("lite");
        let mut publisher = publisher(&name);
        let seen = desk.count.version();
        publisher.tell("add-many 0 500");
        futures_lite::future::block_on(follow(&desk, seen, 501)).unwrap();
        publisher.expect("ok");
        let first = futures_lite::future::block_on(desk.count.newer(Version::default()));
        assert_eq!(u64::from(first.unwrap()), 501);
    });
}
