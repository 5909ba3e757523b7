//! Committers that die or stop at every place of a commit.

use shma_tests::commits::{AFTER, BEFORE, CALLS, PART_TAKERS, RECOVERY, Story, at_every, killed};
use shma_tests::five_fields::{FIELDS, FiveFields};
use shma_tests::sizes;
use shma_tests::switched;
use shma_tests::watchdog::{until, watched};

/// A place that no list names would be one at which nothing is tried.
#[test]
fn every_stop_point_of_a_commit_is_listed() {
    let sources = [
        "protocol/commit.rs",
        "protocol/slots.rs",
        "protocol/snapshot.rs",
        "protocol/semaphore.rs",
        "partition/writing.rs",
        "partition/region_guard.rs",
    ];
    // The last ones are those of readers, of waiters, and of who finds waiters.
    let elsewhere = ["snapshot.copied", "acquire.sleeping", "release.freed"];
    for source in sources {
        let path = format!("{}/../shma-core/src/{source}", env!("CARGO_MANIFEST_DIR"));
        for found in std::fs::read_to_string(path).unwrap().split("stop_point!(\"").skip(1) {
            let (place, _) = found.split_once('"').unwrap();
            let known = BEFORE.iter().chain(&AFTER).chain(&RECOVERY).chain(&elsewhere);
            assert!(known.into_iter().any(|known| *known == place), "`{place}` of {source}");
        }
    }
}

/// A committer is killed at each place of its commit. Before the one instant nothing of it is to be
/// seen, and from then on all of it, whether a process takes over or not, and whichever does.
#[test]
fn a_death_in_a_commit_leaves_all_or_nothing() {
    let program = switched::program("child");
    watched(move || {
        let mut story = Story::new(&program);
        // By default every other one, the transaction among them.
        let successors = FIELDS.into_iter().chain(["transaction"]).rev();
        let successors = successors.step_by(sizes::either(2, 1));
        for (by, call) in successors.flat_map(|by| CALLS.map(|call| (by, call))) {
            story.call = call;
            for (places, happens) in [(&BEFORE[..], false), (&AFTER[..], true)] {
                for place in places {
                    at_every(place, |stop| {
                        let since = [story.state.first.version(), story.state.still.version()];
                        let died = story.dies(stop);
                        if happens || !died {
                            story.happened();
                        }
                        story.is_newer(since, happens || !died);
                        story.stands(stop);
                        story.take_over(by);
                        died
                    });
                }
            }
        }
    });
}

/// Readers depend on no committer, be it stopped at the worst of places.
#[test]
fn a_stopped_committer_stops_no_reader() {
    let program = switched::program("child");
    watched(move || {
        let mut story = Story::new(&program);
        let again = ["commit.version:2", "publish.stored:3", "wake.released:2"];
        let before = BEFORE.iter().map(|place| (*place, false));
        let after = AFTER.iter().chain(&again).map(|place| (*place, true));
        for (place, happens) in before.chain(after) {
            let committer = story.commit(&format!("pause:{place}"));
            committer.await_stopped();
            if happens {
                story.happened();
            }
            story.stands(place);
            committer.go_on();
            assert!(committer.end().success());
            if !happens {
                story.happened();
            }
            story.stands(place);
        }
    });
}

/// Who sleeps on a field learns of the commit, wherever the committer died after it had happened.
#[test]
fn waiters_learn_of_a_commit_whose_committer_died() {
    let program = switched::program("child");
    watched(move || {
        let mut story = Story::new(&program);
        for place in AFTER.iter().chain(&["wake.told"]) {
            let since = story.number;
            let version = u64::from(story.state.first.version());
            let mut sleepers = ["first", "odd", "large"].map(|field| {
                let mut sleeper = story.start("", &["wait", &story.name, field]);
                sleeper.line();
                until("it sleeps", || {
                    story.name.bytes().has_sleepers(FiveFields::partition(field))
                });
                sleeper
            });
            assert!(story.dies(place), "{place}");
            story.happened();
            assert_eq!(story.number, since + 1);
            sleepers.iter_mut().for_each(|sleeper| _ = sleeper.line());
            assert_eq!(u64::from(story.state.first.version()), version + 1);
            story.stands(place);
            story.take_over("transaction");
        }
    });
}

/// A committer dies as it releases a semaphore that a writer queues for.
#[test]
fn queued_writers_acquire_after_a_committer_died() {
    let program = switched::program("child");
    watched(move || {
        let mut story = Story::new(&program);
        for field in ["first", "odd", "large"] {
            let next = (story.number + 1).to_string();
            let mut committer =
                story.start("release.freed", &["hold", &story.name, &next, PART_TAKERS]);
            committer.expect("holding");
            let mut queued = story.start("", &["touch", &story.name, field]);
            until("it queues", || story.name.bytes().has_waiters(FiveFields::partition(field)));
            committer.tell("commit");
            assert!(killed(committer));
            story.happened();
            queued.expect("done");
            story.touched(field);
            story.stands(field);
            story.take_over("still");
        }
    });
}
