//! `shma metrics`: all regions in the text format of Prometheus.

use std::fmt::Write as _;
use std::io::Write;

use serde_json::json;
use shma_core::inspect::Status;

use super::ls;
use crate::directory;
use crate::failure::{Failure, Outcome};
use crate::observe::{self, Sight};
use crate::output::Output;
use crate::report::Condition;

pub fn run(output: &mut Output) -> Result<Outcome, Failure> {
    if output.json {
        output.answer("metrics", json!({ "regions": ls::answers()? }))?;
        return Ok(Outcome::Done);
    }
    let (mut sights, mut unusable, mut unseen) = (Vec::new(), 0, 0);
    observe::each(|_, sight| {
        match sight {
            Ok(sight) => sights.push(Sample::of(&sight)),
            Err(failure) if failure.is_of_the_looker() => unseen += 1,
            Err(_) => unusable += 1,
        }
        Ok(())
    })?;
    let mut text = String::new();
    of_regions(&mut text, &sights);
    of_fields(&mut text, &sights);
    let mut family = Family::new(
        &mut text,
        "shma_unusable_files",
        "gauge",
        "Files with the name of a region that this program does not know as one.",
    );
    family.sample("", unusable);
    let mut family = Family::new(
        &mut text,
        "shma_unseen_regions",
        "gauge",
        "Regions that this process may not look at, or lacks descriptors or memory for.",
    );
    family.sample("", unseen);
    if let Ok(stat) = rustix::fs::statvfs(directory::path()) {
        let mut family =
            Family::new(&mut text, "shma_shm_free_bytes", "gauge", "Bytes free where regions lie.");
        family.sample("", stat.f_bavail * stat.f_frsize);
        let mut family = Family::new(
            &mut text,
            "shma_shm_size_bytes",
            "gauge",
            "Bytes that all files where regions lie may take.",
        );
        family.sample("", stat.f_blocks * stat.f_frsize);
    }
    output.write_all(text.as_bytes())?;
    Ok(Outcome::Done)
}

/// What is told of a region, which is not kept open.
struct Sample {
    /// Labels of the region and of each field.
    labels: String,
    fields: Vec<(String, Status)>,
    bytes: u64,
    attachments: Option<usize>,
    is_dead: bool,
}

impl Sample {
    fn of(Sight { view, attached, statuses }: &Sight) -> Self {
        let region = quoted(view.name());
        let fields = view.manifest().fields.iter().zip(statuses);
        let label = |field: &str| format!("{{region={region},field={}}}", quoted(field));
        Self {
            labels: format!("{{region={region},state={}}}", quoted(view.manifest().name)),
            fields: fields.map(|(field, status)| (label(field.name), *status)).collect(),
            bytes: view.bytes(),
            attachments: attached.attachments,
            is_dead: Condition::of(view, attached.any) == Condition::Dead,
        }
    }
}

/// The samples of one metric, under its description.
struct Family<'a> {
    text: &'a mut String,
    name: &'static str,
}

impl<'a> Family<'a> {
    fn new(text: &'a mut String, name: &'static str, kind: &str, help: &str) -> Self {
        *text += &format!("# HELP {name} {help}\n# TYPE {name} {kind}\n");
        Self { text, name }
    }

    fn sample(&mut self, labels: &str, value: impl std::fmt::Display) {
        // Writing to a string does not fail.
        let _ = writeln!(self.text, "{}{labels} {value}", self.name);
    }
}

fn of_regions(text: &mut String, regions: &[Sample]) {
    let mut family = Family::new(text, "shma_region_bytes", "gauge", "Bytes of the region's file.");
    for region in regions {
        family.sample(&region.labels, region.bytes);
    }
    let mut family = Family::new(
        text,
        "shma_region_attachments",
        "gauge",
        "Attachments, where the kernel lists them.",
    );
    for region in regions {
        if let Some(count) = region.attachments {
            family.sample(&region.labels, count);
        }
    }
    let mut family = Family::new(
        text,
        "shma_region_dead",
        "gauge",
        "1 if no process is attached to it although it is ephemeral.",
    );
    for region in regions {
        family.sample(&region.labels, u8::from(region.is_dead));
    }
}

fn of_fields(text: &mut String, regions: &[Sample]) {
    let fields = || regions.iter().flat_map(|region| &region.fields);
    let mut family =
        Family::new(text, "shma_field_version_total", "counter", "Publications so far.");
    for (labels, status) in fields() {
        family.sample(labels, status.version);
    }
    let mut family =
        Family::new(text, "shma_field_age_seconds", "gauge", "Time since the latest publication.");
    for (labels, status) in fields() {
        if let Some(age) = status.age {
            family.sample(labels, age.as_secs_f64());
        }
    }
    let mut family = Family::new(
        text,
        "shma_field_contended_total",
        "counter",
        "Acquisitions that found the semaphore taken.",
    );
    for (labels, status) in fields() {
        family.sample(labels, status.contended);
    }
    let mut family = Family::new(
        text,
        "shma_field_dead_owners_total",
        "counter",
        "Acquisitions that took the semaphore from a dead owner.",
    );
    for (labels, status) in fields() {
        family.sample(labels, status.dead_owners);
    }
    let mut family = Family::new(text, "shma_field_held", "gauge", "1 if the semaphore is held.");
    for (labels, status) in fields() {
        family.sample(labels, u8::from(status.holder.is_some()));
    }
    let mut family = Family::new(
        text,
        "shma_field_held_by_dead",
        "gauge",
        "1 if a dead owner holds the semaphore.",
    );
    for (labels, status) in fields() {
        family.sample(labels, u8::from(status.holder.is_some_and(|holder| holder.dead)));
    }
}

/// A label's value.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}
