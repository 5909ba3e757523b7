//! All regions, looked at again and again: what goes through each.

use std::collections::HashMap;
use std::os::unix::fs::MetadataExt;
use std::time::Instant;

use serde_json::Value;
use shma_core::inspect::{Attached, Status};

use crate::failure::Failure;
use crate::observe::{self, Sight};
use crate::report::{self, Condition};
use crate::watching::Glance;

/// All regions over time.
#[derive(Debug, Default)]
pub struct Traffic {
    /// Whether each region is to have its form in JSON.
    as_json: bool,
    /// What of each region is shown beside.
    pub paths: Vec<String>,
    pub regions: Vec<Flowing>,
    /// What has the name of a region and cannot be looked at, with the reason.
    pub unusable: Vec<(String, String)>,
    looked: Option<Instant>,
}

/// A region as it was seen, which is not kept open, and what goes through it.
#[derive(Debug)]
pub struct Flowing {
    pub name: String,
    pub state: String,
    pub bytes: u64,
    pub attached: Attached,
    pub statuses: Vec<Status>,
    pub condition: Condition,
    pub answer: Option<Value>,
    pub rates: Rates,
    /// What stands at each of the paths, if there is such a path.
    pub glances: Vec<Option<Glance>>,
    /// Bytes of each field.
    sizes: Vec<usize>,
    /// Device and inode: another region of this name has others.
    file: Option<(u64, u64)>,
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
    pub fn new(paths: &[String], as_json: bool) -> Self {
        Self { paths: paths.to_vec(), as_json, ..Self::default() }
    }

    pub fn look(&mut self) -> Result<(), Failure> {
        let (mut regions, mut unusable) = (Vec::new(), Vec::new());
        observe::each(|name, sight| {
            match sight {
                Ok(sight) => regions.push(Flowing::new(sight, &self.paths, self.as_json)),
                Err(failure) => unusable.push((name.to_owned(), failure.to_string())),
            }
            Ok(())
        })?;
        let now = Instant::now();
        let seconds = self.looked.map(|looked| now.duration_since(looked).as_secs_f64());
        self.looked = Some(now);
        let before = std::mem::take(&mut self.regions).into_iter();
        let before: HashMap<String, Flowing> =
            before.map(|region| (region.name.clone(), region)).collect();
        for region in &mut regions {
            if let (Some(before), Some(seconds)) = (before.get(&region.name), seconds) {
                region.rates = Rates::between(before, region, seconds);
            }
        }
        (self.regions, self.unusable) = (regions, unusable);
        Ok(())
    }
}

impl Flowing {
    fn new(Sight { view, attached, statuses }: Sight, paths: &[String], as_json: bool) -> Self {
        let file = std::fs::metadata(view.path()).ok();
        Self {
            name: view.name().to_owned(),
            state: view.manifest().name.to_string(),
            bytes: view.bytes(),
            condition: Condition::of(&view, attached.any),
            answer: as_json.then(|| report::whole(&view, &attached, &statuses)),
            rates: Rates::default(),
            glances: paths.iter().map(|path| Glance::of(&view, path)).collect(),
            sizes: view.manifest().fields.iter().map(|field| field.size).collect(),
            file: file.map(|file| (file.dev(), file.ino())),
            attached,
            statuses,
        }
    }
}

impl Rates {
    fn between(before: &Flowing, now: &Flowing, seconds: f64) -> Self {
        // Another region under the name has nothing in common with it.
        if before.file != now.file || seconds <= 0.0 {
            return Self::default();
        }
        let mut rates = Self::default();
        let statuses = before.statuses.iter().zip(&now.statuses);
        for ((old, new), size) in statuses.zip(&now.sizes) {
            let published = u64::from(new.version).saturating_sub(old.version.into()) as f64;
            rates.updates += published / seconds;
            rates.bytes += published * *size as f64 / seconds;
            rates.contended += new.contended.wrapping_sub(old.contended) as f64 / seconds;
        }
        rates
    }
}
