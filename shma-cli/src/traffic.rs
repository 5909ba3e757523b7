//! All regions, looked at again and again: what goes through each.

use std::collections::HashMap;
use std::time::Instant;

use crate::failure::Failure;
use crate::observe::{self, Sight};

/// All regions over time.
#[derive(Debug, Default)]
pub struct Traffic {
    pub regions: Vec<Flowing>,
    /// What has the name of a region and is none, with the reason.
    pub unusable: Vec<(String, String)>,
    looked: Option<Instant>,
}

/// A region and what goes through it.
#[derive(Debug)]
pub struct Flowing {
    pub sight: Sight,
    pub rates: Rates,
}

/// Since the look before, a second.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Rates {
    pub updates: f64,
    /// Sizes of the fields that were published: a part counts as its field.
    pub bytes: f64,
    pub contended: f64,
}

impl Traffic {
    pub fn look(&mut self) -> Result<(), Failure> {
        let all = observe::all()?;
        let now = Instant::now();
        let seconds = self.looked.map(|looked| now.duration_since(looked).as_secs_f64());
        self.looked = Some(now);
        let before: HashMap<String, Flowing> = std::mem::take(&mut self.regions)
            .into_iter()
            .map(|region| (region.sight.view.name().to_owned(), region))
            .collect();
        self.unusable.clear();
        for (name, sight) in all {
            match sight {
                Err(failure) => self.unusable.push((name, failure.to_string())),
                Ok(sight) => {
                    let rates = match (before.get(&name), seconds) {
                        (Some(before), Some(seconds)) => Rates::between(before, &sight, seconds),
                        _ => Rates::default(),
                    };
                    self.regions.push(Flowing { sight, rates });
                }
            }
        }
        Ok(())
    }
}

impl Rates {
    fn between(before: &Flowing, now: &Sight, seconds: f64) -> Self {
        // Of another region under the name there is nothing to compare.
        if !before.sight.view.is_current() || seconds <= 0.0 {
            return Self::default();
        }
        let mut rates = Self::default();
        let statuses = before.sight.statuses.iter().zip(&now.statuses);
        for ((old, new), field) in statuses.zip(now.view.manifest().fields) {
            let published = u64::from(new.version).wrapping_sub(old.version.into()) as f64;
            rates.updates += published / seconds;
            rates.bytes += published * field.size as f64 / seconds;
            rates.contended += new.contended.wrapping_sub(old.contended) as f64 / seconds;
        }
        rates
    }
}
