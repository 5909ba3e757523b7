//! Regions and fields as JSON: the one form that all commands give them.

use std::time::Duration;

use serde_json::{Value, json};
use shma_core::inspect::{Attached, FieldView, SemaphoreHolder, Status, View};

use crate::failure::Failure;
use crate::statistics::Statistics;
use crate::table::{Cell, Tone};

/// How a region stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// At least one process is attached.
    Alive,
    /// No process is attached, and it stays: it is persistent.
    Idle,
    /// No process is attached, and no process has removed it although it is ephemeral.
    Dead,
}

impl Condition {
    pub fn of(view: &View, attached: bool) -> Self {
        match (attached, view.is_persistent()) {
            (true, _) => Self::Alive,
            (false, true) => Self::Idle,
            (false, false) => Self::Dead,
        }
    }

    /// Its name, so that it can be told at a glance.
    pub fn cell(self) -> Cell {
        let tone = match self {
            Self::Alive => Tone::Good,
            Self::Idle => Tone::Quiet,
            Self::Dead => Tone::Bad,
        };
        Cell::new(self.name(), tone)
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Alive => "alive",
            Self::Idle => "idle",
            Self::Dead => "dead",
        }
    }
}

/// Whether a region outlives the processes that use it.
pub fn lifetime(view: &View) -> &'static str {
    if view.is_persistent() { "persistent" } else { "ephemeral" }
}

/// How many attachments there are, as far as that is known.
pub fn count(attached: &Attached) -> String {
    match (attached.attachments, attached.any) {
        // The list was read before the question was asked.
        (Some(count), any) if (count > 0) == any => count.to_string(),
        (_, true) => "some".into(),
        (_, false) => "0".into(),
    }
}

/// Time since the newest publication of any field.
pub fn newest(statuses: &[Status]) -> Option<Duration> {
    statuses.iter().filter_map(|status| status.age).min()
}

/// A region with all its fields.
pub fn whole(view: &View, attached: &Attached, statuses: &[Status]) -> Value {
    region(view, attached, &view.fields().collect::<Vec<_>>(), statuses)
}

/// A region with these fields.
pub fn region(
    view: &View,
    attached: &Attached,
    fields: &[FieldView],
    statuses: &[Status],
) -> Value {
    let fields: Vec<Value> =
        fields.iter().zip(statuses).map(|(view, status)| field(view, status)).collect();
    json!({
        "name": view.name(),
        "state": view.manifest().name,
        "fingerprint": format!("{:032x}", view.manifest().fingerprint()),
        "bytes": view.bytes(),
        "user": view.user(),
        "mode": format!("{:04o}", view.mode()),
        "lifetime": lifetime(view),
        "condition": Condition::of(view, attached.any).name(),
        "unclean": view.is_unclean(),
        "newest_age_seconds": newest(statuses).map(|age| age.as_secs_f64()),
        "attached": {
            "any": attached.any,
            "attachments": attached.attachments,
            "owners": attached.owners,
            "processes": attached.processes.iter().map(|process| json!({
                "pid": process.pid,
                "command": process.command,
                "writes": process.writes,
            })).collect::<Vec<_>>(),
        },
        "fields": fields,
    })
}

/// What the process with this number is called, if it may write the region. The number of a holder is
/// that of its own namespace, so another process may have it here.
pub fn writer(attached: &Attached, pid: u32) -> Option<&str> {
    let process = attached.processes.iter().find(|process| process.pid == pid && process.writes)?;
    Some(&process.command)
}

pub fn field(view: &FieldView, status: &Status) -> Value {
    let manifest = view.manifest();
    json!({
        "name": manifest.name,
        "type": manifest.ty.to_string(),
        "scalar": manifest.ty.scalar().to_string(),
        "shape": manifest.ty.shape(),
        "bytes": manifest.size,
        "slots": manifest.slots,
        "offset": manifest.offset,
        "timed": manifest.timed,
        "atomic": manifest.atomic,
        "version": u64::from(status.version),
        "age_seconds": status.age.map(|age| age.as_secs_f64()),
        "holder": status.holder.map(|by| holder(&by, status.age)),
        "contended": status.contended,
        "dead_owners": status.dead_owners,
    })
}

/// A semaphore does not note when it was acquired, but a publication is made by its holder. So the
/// holder of now has acquired it since the latest publication, or has just published.
fn holder(holder: &SemaphoreHolder, age: Option<Duration>) -> Value {
    json!({
        "owner": holder.owner,
        "pid": holder.pid,
        "dead": holder.dead,
        "held_at_most_seconds": age.map(|age| age.as_secs_f64()),
    })
}

/// What can be said of numbers, or null.
pub fn statistics(statistics: Option<Statistics>) -> Value {
    let Some(Statistics { min, mean, max, norm, nans, infinities }) = statistics else {
        return Value::Null;
    };
    json!({
        "min": min, "mean": mean, "max": max, "norm": norm, "nans": nans, "infinities": infinities,
    })
}

/// What cannot be looked at.
pub fn unusable(name: &str, failure: &Failure) -> Value {
    json!({ "name": name, "error": failure.to_string() })
}
