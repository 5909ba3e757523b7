//! A process that puts jobs into a queue, or takes them out of it.

use shma_core::{Error, Field, Shm, ShmState};
use shma_tests::states::{Jobs, Queue, put, take};
use shma_tests::watchdog::PATIENCE;

use crate::{say, start};

/// Puts the jobs from `first` to before `end`, when it is told to.
pub fn put_all(way: &str, name: &str, first: u64, end: u64) {
    let queue: Shm<Queue> = Queue::open(name).unwrap();
    start();
    for job in first..end {
        until_some(way, &queue.jobs, |jobs| put(jobs, job));
    }
    say("done");
}

/// Takes so many, and says which.
pub fn take_some(way: &str, name: &str, times: u64) {
    let queue: Shm<Queue> = Queue::open(name).unwrap();
    for _ in 0..times {
        say(&until_some(way, &queue.jobs, take).to_string());
    }
}

/// Tries at each publication of another process, until the call finds something to do.
fn until_some<R>(way: &str, jobs: &Field<Jobs>, mut call: impl FnMut(&mut Jobs) -> Option<R>) -> R {
    loop {
        let since = jobs.version();
        let (done, seen) = match way {
            "update_when" => return jobs.update_when(PATIENCE, |new, _| call(new)).unwrap(),
            "update_if" => (jobs.update_if(|new, _| call(new)), since),
            // It waits beyond its own publication, of what has not changed.
            "update" => (jobs.update(|new, _| call(new)), jobs.version()),
            other => panic!("no way of updating is called {other}"),
        };
        if let Some(done) = done {
            return done;
        }
        match jobs.wait_newer(seen, PATIENCE) {
            Ok(_) | Err(Error::Timeout { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
}
