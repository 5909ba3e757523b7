//! `shma metrics`: all regions in the text format of Prometheus.

use std::fmt::Write as _;
use std::io::Write;

use serde_json::json;

use super::ls;
use crate::failure::{Failure, Outcome};
use crate::observe::{self, Sight};
use crate::output::Output;
use crate::report::Condition;

pub fn run(output: &mut Output) -> Result<Outcome, Failure> {
    let all = observe::all()?;
    if output.json {
        let regions: Vec<_> = all.iter().map(|(name, sight)| ls::of(name, sight)).collect();
        output.answer("metrics", json!({ "regions": regions }))?;
        return Ok(Outcome::Done);
    }
    let unusable = all.iter().filter(|(_, sight)| sight.is_err()).count();
    let sights: Vec<Sight> = all.into_iter().filter_map(|(_, sight)| sight.ok()).collect();
    let mut text = String::new();
    of_regions(&mut text, &sights);
    of_fields(&mut text, &sights);
    let mut family = Family::new(
        &mut text,
        "shma_unusable_files",
        "gauge",
        "Files with the name of a region that are none that can be used.",
    );
    family.sample("", unusable);
    if let Ok(stat) = rustix::fs::statvfs("/dev/shm") {
        let mut family =
            Family::new(&mut text, "shma_shm_free_bytes", "gauge", "Bytes free in /dev/shm.");
        family.sample("", stat.f_bavail * stat.f_frsize);
        let mut family =
            Family::new(&mut text, "shma_shm_size_bytes", "gauge", "Bytes that /dev/shm may take.");
        family.sample("", stat.f_blocks * stat.f_frsize);
    }
    output.write_all(text.as_bytes())?;
    Ok(Outcome::Done)
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

fn of_regions(text: &mut String, sights: &[Sight]) {
    let labels = |sight: &Sight| {
        let (region, state) = (quoted(sight.view.name()), quoted(sight.view.manifest().name));
        format!("{{region={region},state={state}}}")
    };
    let mut family = Family::new(text, "shma_region_bytes", "gauge", "Bytes of the region's file.");
    for sight in sights {
        family.sample(&labels(sight), sight.view.bytes());
    }
    let mut family = Family::new(
        text,
        "shma_region_attachments",
        "gauge",
        "Attachments, where the kernel lists them.",
    );
    for sight in sights {
        if let Some(count) = sight.attached.attachments {
            family.sample(&labels(sight), count);
        }
    }
    let mut family = Family::new(
        text,
        "shma_region_dead",
        "gauge",
        "1 if all its processes were killed and nobody has removed it.",
    );
    for sight in sights {
        let dead = Condition::of(&sight.view, sight.attached.any) == Condition::Dead;
        family.sample(&labels(sight), u8::from(dead));
    }
}

fn of_fields(text: &mut String, sights: &[Sight]) {
    let fields = || {
        sights.iter().flat_map(|sight| {
            let fields = sight.view.manifest().fields.iter();
            fields.zip(&sight.statuses).map(|(field, status)| {
                let (region, field) = (quoted(sight.view.name()), quoted(field.name));
                (format!("{{region={region},field={field}}}"), status)
            })
        })
    };
    let mut family =
        Family::new(text, "shma_field_version_total", "counter", "Publications so far.");
    for (labels, status) in fields() {
        family.sample(&labels, status.version);
    }
    let mut family =
        Family::new(text, "shma_field_age_seconds", "gauge", "Time since the latest publication.");
    for (labels, status) in fields() {
        if let Some(age) = status.age {
            family.sample(&labels, age.as_secs_f64());
        }
    }
    let mut family = Family::new(
        text,
        "shma_field_contended_total",
        "counter",
        "Acquisitions that found the semaphore taken.",
    );
    for (labels, status) in fields() {
        family.sample(&labels, status.contended);
    }
    let mut family = Family::new(
        text,
        "shma_field_dead_owners_total",
        "counter",
        "Acquisitions that took the semaphore from a dead owner.",
    );
    for (labels, status) in fields() {
        family.sample(&labels, status.dead_owners);
    }
    let mut family =
        Family::new(text, "shma_field_held", "gauge", "1 if somebody holds the semaphore.");
    for (labels, status) in fields() {
        family.sample(&labels, u8::from(status.holder.is_some()));
    }
    let mut family = Family::new(
        text,
        "shma_field_held_by_dead",
        "gauge",
        "1 if a dead owner holds the semaphore.",
    );
    for (labels, status) in fields() {
        family.sample(&labels, u8::from(status.holder.is_some_and(|holder| holder.dead)));
    }
}

/// A label's value.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}
