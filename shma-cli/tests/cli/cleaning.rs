//! What is removed, and what is not.

use shma_core::ShmState;
use shma_tests::region::Name;
use shma_tests::watchdog::watched;

use crate::owner::{Lab, Owner, filled};
use crate::shma::{command, shma};
use crate::terminal::Terminal;

/// A living region, one whose creator was killed, and one that has only a reader.
#[test]
fn a_living_region_is_cleaned_away() {
    watched(|| {
        let name = Name::new("living");
        let owner = Owner::create(&name);
        let clean = || shma(&["clean", "--yes", &name]).done();
        assert_eq!(clean(), "nothing to remove\n");
        let reader = Lab::open_read_only(&name).unwrap();
        owner.kill();
        assert_eq!(clean(), "nothing to remove\n", "a reader is attached");
        assert!(name.exists());
        drop(reader);
        assert!(!name.exists(), "the reader was the last one");
        let persistent = Lab::options().persistent(true).create(&name, &filled()).unwrap();
        drop(persistent);
        assert_eq!(clean(), "nothing to remove\n", "it is persistent");
        assert!(name.exists());
        assert_eq!(shma(&["rm", &name]).done(), format!("removed {}\n", &*name));
        assert!(!name.exists());
    });
}

/// Shown first, and kept where there is no terminal to ask on.
#[test]
fn a_dead_region_is_removed_unasked() {
    watched(|| {
        let name = Name::new("dead");
        Owner::create(&name).kill();
        let shown = shma(&["clean", "--dry-run", &name]).done();
        assert!(shown.starts_with(&format!("dead region {}: Lab, ", &*name)), "{shown}");
        assert!(shma(&["clean", &name]).failed(5).contains("--yes"));
        assert!(name.exists());
        let removed = shma(&["clean", "--yes", &name]).done();
        assert!(removed.ends_with("removed 1\n"), "{removed}");
        assert!(!name.exists());
    });
}

/// A person who is asked says no, and then yes.
#[test]
fn an_answer_is_misunderstood() {
    watched(|| {
        let name = Name::new("asked");
        Owner::create(&name).kill();
        for (answer, status, stays) in [("n\r", 1, true), ("\r", 1, true), ("y\r", 0, false)] {
            let mut terminal = Terminal::start(&mut command(&["clean", &name]), 24, 120);
            terminal.shows("remove them? [y/N]");
            assert!(name.exists());
            terminal.keys(answer);
            let (ended, _) = terminal.end();
            assert_eq!((ended.code(), name.exists()), (Some(status), stays), "{answer:?}");
        }
    });
}

/// The name of a region in use is removed only after a yes.
#[test]
fn a_name_is_removed_under_its_users() {
    watched(|| {
        let name = Name::new("used");
        let lab = Lab::create(&name, &filled()).unwrap();
        shma(&["rm", &name]).failed(5);
        let mut terminal = Terminal::start(&mut command(&["rm", &name]), 24, 120);
        terminal.shows("remove its name? [y/N]");
        terminal.keys("n\r");
        assert_eq!(terminal.end().0.code(), Some(1));
        assert!(lab.is_current());
        shma(&["rm", "--yes", &name]).done();
        assert!(!lab.is_current() && !name.exists());
        assert_eq!(lab.step.read(), 41, "attached processes keep it");
    });
}
