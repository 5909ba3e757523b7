//! Looks at regions with few descriptors.

use std::fs::File;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use shma_core::inspect::{Look, Obstacle, Whose, look_at_all};

use crate::say;

/// Looks at all regions whose names begin so, with so many descriptors to spare, and says what it found.
pub fn look(prefix: &str, spare: &str) {
    setrlimit(Resource::Nofile, Rlimit { current: Some(20), ..getrlimit(Resource::Nofile) })
        .unwrap();
    let mut taken: Vec<_> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
    taken.truncate(taken.len() - spare.parse::<usize>().unwrap());
    match look_at_all(Whose::Own) {
        Err(error) => say(&format!("{:?}: {error}", Obstacle::of(&error))),
        Ok(all) => {
            let mut ours = all.into_iter().filter(|(name, _)| name.starts_with(prefix));
            let is_good = |look: &Look| match look {
                Look::Region(view) => view.is_attached().unwrap() && view.snapshot().is_ok(),
                _ => false,
            };
            let (good, other): (Vec<_>, Vec<_>) = ours.by_ref().partition(|it| is_good(&it.1));
            say(&format!("{} regions, {:?}", good.len(), other.first()));
        }
    }
    match Look::at(&format!("{prefix}-single"), Whose::Own) {
        Look::Region(_) => say("a region"),
        Look::Hidden(obstacle, error) => say(&format!("{obstacle:?}: {error}; {obstacle}")),
        look => say(&format!("{look:?}")),
    }
}
