//! A caller that writes an atomic field and a waiter find each other, and what is counted is seen.

use std::sync::Arc;
use std::time::Duration;

use loom::thread;

use super::Model;
use crate::protocol::call_counters::{COUNT, CallCounters};
use crate::protocol::control::Control;
use crate::protocol::notify::{self, Turn};
use crate::sync::{AtomicU64, Ordering};

/// An atomic field, with an element of each caller's own.
struct Field {
    control: Control,
    counters: Vec<AtomicU64>,
    elements: [AtomicU64; 2],
}

impl Field {
    fn new() -> Self {
        Self {
            control: Control::new(),
            counters: (0..COUNT).map(|_| AtomicU64::new(0)).collect(),
            elements: [0, 0].map(AtomicU64::new),
        }
    }

    fn calls(&self) -> CallCounters<'_> {
        CallCounters { control: &self.control, words: &self.counters }
    }

    /// A call of owner 1 or 2.
    fn call(&self, owner: u32) {
        self.elements[owner as usize - 1].store(1, Ordering::Relaxed);
        self.calls().count(owner);
    }

    /// The calls whose element is seen.
    fn seen(&self) -> u64 {
        self.elements.iter().map(|element| element.load(Ordering::Relaxed)).sum()
    }
}

/// So many callers call once each, beside `run`.
fn beside(name: &str, callers: u32, run: fn(&Field, u64)) -> Model {
    Model::new(format!("calls: {name}, {callers} callers"), move || {
        let field = Arc::new(Field::new());
        let callers: Vec<_> = (1..=callers)
            .map(|owner| {
                let field = Arc::clone(&field);
                thread::spawn(move || field.call(owner))
            })
            .collect();
        run(&field, callers.len() as u64);
        for caller in callers {
            caller.join().unwrap();
        }
    })
}

/// Waits for each call in turn until it has the last one.
fn wait_for_all(field: &Field, calls: u64) {
    let mut since = 1;
    while since < 1 + calls {
        let newer = notify::wait_any(&[(field.calls(), since)], || Turn::Sleep(Duration::MAX));
        let (_, newer) = newer.expect("it never gives up");
        assert!(newer > since, "went back from {since} to {newer}");
        since = newer;
    }
}

#[test]
fn a_waiter_learns_of_a_call() {
    let model = beside("a waiter", 1, wait_for_all);
    model.passes_either_way();
    model.catches("calls-relaxed-count", "deadlock");
    model.catches("calls-deaf-count", "deadlock");
    model.catches("calls-relaxed-meeting", "deadlock");
    model.catches("calls-mute-meeting", "deadlock");
    model.catches("notify-meets-none", "deadlock");
    model.catches("notify-looks-once", "deadlock");
}

#[test]
fn a_waiter_learns_of_every_call() {
    beside("a waiter", 2, wait_for_all).preempted_at_most(2).passes_either_way();
}

/// Adds the counters up, and looks for what they count.
fn look(field: &Field, _: u64) {
    let counted = field.calls().sum() - 1;
    let seen = field.seen();
    assert!(seen >= counted, "{counted} calls are counted, not seen: {seen}");
}

#[test]
fn calls_that_are_counted_are_seen() {
    for callers in [1, 2] {
        let model = beside("a reader", callers, look);
        model.passes();
        model.catches("calls-relaxed-count", "counted, not seen");
        model.catches("calls-unordered-sum", "counted, not seen");
    }
}
