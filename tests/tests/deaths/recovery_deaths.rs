//! Processes that take over from a dead committer, and die or stop on their way.

use shma_tests::commits::{PART_TAKERS, RECOVERY, Story, at_every, killed};
use shma_tests::five_fields::{FIELDS, touch};
use shma_tests::region::header;
use shma_tests::switched;
use shma_tests::watchdog::watched;

/// Where the committer died, and whether its transaction had happened.
const COMMITTERS: [(&str, bool); 5] = [
    ("publish.marked:3", false),
    ("commit.stored", false),
    ("commit.happened", true),
    ("commit.version:2", true),
    ("wake.released:2", true),
];

/// At these places the recoverer's own publication has happened.
const PUBLISHED: [&str; 2] = ["publish.published", "wake.released"];

/// A recoverer is killed at each place, and another process completes what it has left.
#[test]
fn a_death_in_a_recovery_leaves_all_or_nothing() {
    let program = switched::program("child");
    watched(move || {
        let mut story = Story::new(&program);
        for (committer, happened) in COMMITTERS {
            for (place, field) in
                RECOVERY.iter().flat_map(|place| [(place, "odd"), (place, "large")])
            {
                // No process recovers a transaction that has not happened, or has ended.
                let nothing = !matches!(committer, "commit.happened" | "commit.version:2");
                if nothing && matches!(*place, "recover.version" | "recover.done") {
                    continue;
                }
                at_every(place, |stop| {
                    assert!(story.dies(committer));
                    if happened {
                        story.happened();
                    }
                    let died = killed(story.start(stop, &["touch", &story.name, field]));
                    if !died || PUBLISHED.contains(place) {
                        story.touched(field);
                    }
                    story.stands(stop);
                    story.take_over("pair");
                    died
                });
            }
        }
    });
}

/// Each of several recoverers dies one step further on.
#[test]
fn a_row_of_deaths_in_recovery_is_recovered() {
    let program = switched::program("child");
    watched(move || {
        let mut story = Story::new(&program);
        // The last of the committers gives semaphores back before it dies.
        for (committer, happened) in COMMITTERS.into_iter().take(COMMITTERS.len() - 1) {
            assert!(story.dies(committer));
            if happened {
                story.happened();
            }
            for place in ["acquire.taken_over", "recover.woken", "publish.begun", "publish.marked"]
            {
                for field in FIELDS {
                    assert!(killed(story.start(place, &["touch", &story.name, field])));
                    story.stands(place);
                }
            }
            story.take_over("transaction");
        }
    });
}

/// A recoverer is stopped in the middle. Another one completes the commit, and the fields go on;
/// when the first one wakes up, it must change nothing that is its own no more.
#[test]
fn a_slow_recoverer_turns_no_version_back() {
    let program = switched::program("child");
    watched(move || {
        let mut story = Story::new(&program);
        for place in ["acquire.taken_over", "recover.version", "recover.version:3", "recover.done"]
        {
            for committer in ["commit.happened", "commit.version:3"] {
                assert!(story.dies(committer));
                story.happened();
                let pause = format!("pause:{place}");
                let mut slow = story.start(&pause, &["touch", &story.name, "still"]);
                slow.await_stopped();
                story.stands(place);
                for field in ["first", "pair", "odd", "large"].repeat(5) {
                    touch(&story.state, field);
                    story.touched(field);
                    story.stands(place);
                }
                assert_eq!(story.name.bytes().u64(header::COMMIT) % 2, 0);
                slow.go_on();
                slow.expect("done");
                assert!(slow.end().success());
                story.touched("still");
                story.stands(place);
                story.take_over("transaction");
            }
        }
    });
}

/// A committer dies before its transaction has happened, and leaves its intentions. The next one,
/// which changes other fields, dies after its own has: only that may be completed.
#[test]
fn no_stale_target_of_the_dead_is_committed() {
    let program = switched::program("child");
    watched(move || {
        let mut story = Story::new(&program);
        for by in FIELDS {
            assert!(story.dies("commit.stored"), "all fields but one have a target");
            let next = (story.number + 1).to_string();
            let fields = PART_TAKERS.split_once(',').unwrap().1;
            let partial = story.start("commit.happened", &["transact", &story.name, &next, fields]);
            assert!(killed(partial));
            let [first, rest] = [story.number, story.number + 1];
            for numbers in [story.state.snapshot().numbers(), story.seen.snapshot().numbers()] {
                assert_eq!(numbers, [first, rest, rest, 7, rest]);
            }
            let version = story.state.first.version();
            touch(&story.state, by);
            let touched = u64::from(by == "first");
            assert_eq!(u64::from(story.seen.first.version()), u64::from(version) + touched);
            assert_eq!(story.seen.snapshot().numbers(), [first, rest, rest, 7, rest]);
            story = Story::new(&program);
        }
    });
}
