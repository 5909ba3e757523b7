//! Victims that wait for a publication, or for a value that suits.

use std::time::Duration;

use shma_core::{Field, Shm, Version};

use crate::ptrace::{Tracee, mark};
use crate::step_kill::companion::Companion;
use crate::step_kill::site::{Contents, FIELDS, LENGTHS, Plot, Site};
use crate::step_kill::{self, Case};
use shma_tests::region::InDirectory;
use shma_tests::watchdog::PATIENCE;

/// How it waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Call {
    WaitNewer,
    /// It changes the value once that suits.
    UpdateWhen,
}

/// What the victim waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum News {
    /// It is there already.
    Old,
    /// It comes when the victim sleeps.
    Late,
    /// As well, from one that has held the semaphore all the while.
    Kept,
    /// It does not come before the wait is over.
    Never,
}

/// A wait on one field.
#[derive(Debug)]
pub struct Wait {
    call: Call,
    field: usize,
    news: News,
    publisher: Option<Companion>,
    /// What may be there after a death, and last what is there after the call.
    choices: Vec<Contents>,
}

/// All waits.
pub fn all() -> Vec<Box<dyn Case>> {
    let mut cases: Vec<Box<dyn Case>> = Vec::new();
    for call in [Call::WaitNewer, Call::UpdateWhen] {
        for news in [News::Old, News::Late, News::Kept, News::Never] {
            // It would wait for the semaphore, and not for the publication.
            if call == Call::UpdateWhen && news == News::Kept {
                continue;
            }
            for field in 0..FIELDS {
                let (publisher, choices) = (None, Vec::new());
                cases.push(Box::new(Wait { call, field, news, publisher, choices }));
            }
        }
    }
    cases
}

/// The last element of what the victim publishes.
fn mine(element: u64) -> u64 {
    element ^ 1 << 62
}

impl News {
    fn patience(self) -> Duration {
        if self == Self::Never { Duration::from_millis(1) } else { PATIENCE }
    }
}

fn update<const N: usize>(field: &Field<[u64; N]>, news: News) {
    let before = field.get(0);
    mark();
    let updated = field.update_when(news.patience(), |new, old| {
        new[N - 1] = mine(old[N - 1]);
        let suits = match news {
            News::Old => true,
            News::Late | News::Kept => old[0] != before,
            News::Never => false,
        };
        suits.then_some(())
    });
    mark();
    assert_eq!(updated.is_ok(), news != News::Never, "{updated:?}");
}

fn wait<const N: usize>(field: &Field<[u64; N]>, news: News) {
    let since = if news == News::Old { Version::default() } else { field.version() };
    mark();
    let newer = field.wait_newer(since, news.patience());
    mark();
    match news {
        News::Never => assert!(newer.is_err(), "{newer:?} is newer than {since:?}"),
        News::Old | News::Late | News::Kept => assert!(newer.unwrap() > since),
    }
}

impl Case for Wait {
    fn name(&self) -> String {
        format!("{:?} on {} bytes, news {:?}", self.call, 8 * LENGTHS[self.field], self.news)
    }

    fn victim(&mut self, site: &mut Site) -> Result<Tracee, String> {
        let Self { call, field, news, .. } = *self;
        // Before the publisher, which may publish at once if a process was killed in its sleep.
        let victim = step_kill::start(|| {
            let plot: Shm<Plot> = Plot::in_directory().open(&site.name).unwrap();
            match (call, field) {
                (Call::WaitNewer, 0) => wait(&plot.tiny, news),
                (Call::WaitNewer, 1) => wait(&plot.middle, news),
                (Call::WaitNewer, _) => wait(&plot.large, news),
                (Call::UpdateWhen, 0) => update(&plot.tiny, news),
                (Call::UpdateWhen, 1) => update(&plot.middle, news),
                (Call::UpdateWhen, _) => update(&plot.large, news),
            }
        });
        self.choices = vec![site.now.clone()];
        let publisher = match news {
            News::Old | News::Never => None,
            News::Late => Some(Companion::publisher(site, field)),
            News::Kept => Some(Companion::keeper(site, field)),
        };
        if publisher.is_some() {
            self.publisher = publisher;
            self.choices = vec![Companion::makes(&site.now, field)];
        }
        if call == Call::UpdateWhen && news != News::Never {
            let mut made = self.choices[0].clone();
            made[field].version += 1;
            let last = made[field].elements.last_mut().expect("no field is empty");
            *last = mine(*last);
            self.choices.push(made);
        }
        Ok(victim)
    }

    fn aftermath(&mut self, site: &mut Site, returned: bool) -> Result<(), String> {
        if let Some(publisher) = self.publisher.take() {
            publisher.end()?;
        }
        site.check_words()?;
        let last = self.choices.len() - 1;
        site.settle_on(if returned { &self.choices[last..] } else { &self.choices })?;
        // The dead one blocks no other: another one waits, and is woken.
        let listener = Companion::listener(site, self.field);
        site.go_round()?;
        listener.end()
    }
}
