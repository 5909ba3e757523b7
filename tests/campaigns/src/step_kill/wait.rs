//! Victims that wait for a publication.

use std::time::Duration;

use shma_core::{Access, Field, Shm, ShmState, Version};

use crate::ptrace::{Tracee, mark};
use crate::step_kill::companion::Companion;
use crate::step_kill::site::{Contents, FIELDS, LENGTHS, Plot, Site};
use crate::step_kill::{self, Case};
use shma_tests::watchdog::PATIENCE;

/// What the victim waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum News {
    /// It is there already.
    Old,
    /// It comes when the victim sleeps.
    Late,
    /// It does not come before the wait is over.
    Never,
}

/// A wait on one field.
#[derive(Debug)]
pub struct Wait {
    field: usize,
    news: News,
    publisher: Option<Companion>,
    choices: Vec<Contents>,
}

/// All waits.
pub fn all() -> Vec<Box<dyn Case>> {
    let mut cases: Vec<Box<dyn Case>> = Vec::new();
    for news in [News::Old, News::Late, News::Never] {
        for field in 0..FIELDS {
            cases.push(Box::new(Wait { field, news, publisher: None, choices: Vec::new() }));
        }
    }
    cases
}

fn wait<const N: usize, A: Access>(field: &Field<[u64; N], A>, news: News) {
    let since = if news == News::Old { Version::default() } else { field.version() };
    let patience = if news == News::Never { Duration::from_millis(1) } else { PATIENCE };
    mark();
    let newer = field.wait_newer(since, patience);
    mark();
    match news {
        News::Never => assert!(newer.is_err(), "{newer:?} is newer than {since:?}"),
        News::Old | News::Late => assert!(newer.unwrap() > since),
    }
}

impl Case for Wait {
    fn name(&self) -> String {
        format!("WaitNewer on {} bytes, news {:?}", 8 * LENGTHS[self.field], self.news)
    }

    fn victim(&mut self, site: &mut Site) -> Result<Tracee, String> {
        let Self { field, news, .. } = *self;
        // Before the publisher, which may publish at once if a process was killed in its sleep.
        let victim = step_kill::start(|| {
            let plot: Shm<Plot> = Plot::open(&site.name).unwrap();
            match field {
                0 => wait(&plot.tiny, news),
                1 => wait(&plot.middle, news),
                _ => wait(&plot.large, news),
            }
        });
        self.choices = vec![site.now.clone()];
        if news == News::Late {
            self.publisher = Some(Companion::publisher(site, field));
            self.choices = vec![Companion::makes(&site.now, field)];
        }
        Ok(victim)
    }

    fn aftermath(&mut self, site: &mut Site, _returned: bool) -> Result<(), String> {
        if let Some(publisher) = self.publisher.take() {
            publisher.end()?;
        }
        site.check_words()?;
        site.settle_on(&self.choices)?;
        // The dead one blocks no other: another one waits, and is woken.
        let listener = Companion::listener(site, self.field);
        site.go_round()?;
        listener.end()
    }
}
