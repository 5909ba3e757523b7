//! Models of the protocols under loom, each with the faults that it must find.
//!
//! Loom runs a model's threads in every order that can make a difference, and lets every load
//! return every value that the memory model allows. A model that passes says little by itself: it
//! counts together with the [mutants](crate::sync::mutant) that it catches, each with the symptom that it
//! must have.
//!
//! What loom cannot say:
//!
//! - It remembers one access of each kind to an atomic, the last. A thread that loads a word and then
//!   stores it hides from the search which others have loaded it before, and so orders are missed.
//!   An example is a relaxed publication by a writer that has loaded `version` itself. So loads
//!   under a semaphore are [`load_held_64`], which loom checks, but does not take for accesses.
//!   Words that are looked at and then exchanged are explored [either
//!   way](Model::passes_either_way).
//! - A load does not return what is stored later. No protocol here stores what depends on a load
//!   that is not ordered.
//! - It keeps the last seven stores of an atomic. No model here makes more that count.
//! - Fences are right, but an access of sequential consistency is taken for less. There is none.
//!
//! Most models bound how often a thread is interrupted, and say so: [`Model::preempted_at_most`]. A
//! load that returns an old value is no interruption. That a fault is caught within the bound, and
//! by which execution, is printed. With `SHMA_LONG=1` models that have to pass are explored with one
//! interruption more, for [`LONG`] each at most. Kills at every single step and three and more fields are explored
//! in the workspace's tests by other means.
//!
//! [`load_held_64`]: crate::sync::load_held_64

use std::any::Any;
use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Once};
use std::time::{Duration, Instant};

use crate::os;
use crate::sync::mutant;

mod call_counters;
mod commit;
mod crew;
mod desk;
mod lease;
mod mailbox;
mod notify;
mod pair;
mod recovery;
mod semaphore;
mod slots;
mod snapshot;
mod wait_list;
mod writer;

/// How long a model is explored with a larger bound.
const LONG: Duration = Duration::from_secs(120);

/// Runs one execution of a model.
type Run = dyn Fn() + Send + Sync;

fn is_long() -> bool {
    std::env::var_os("SHMA_LONG").is_some_and(|value| value != "0")
}

/// Something to explore.
#[derive(Clone)]
struct Model {
    name: String,
    /// The most preemptions of an execution; all that there can be if none.
    preemptions: Option<usize>,
    run: Arc<Run>,
}

impl Model {
    fn new(name: impl Into<String>, run: impl Fn() + Send + Sync + 'static) -> Self {
        Self { name: name.into(), preemptions: None, run: Arc::new(run) }
    }

    fn preempted_at_most(self, preemptions: usize) -> Self {
        Self { preemptions: Some(preemptions), ..self }
    }

    /// Explores it; panics where an execution does.
    fn passes(&self) {
        let started = Instant::now();
        let executions = Arc::new(AtomicUsize::new(0));
        let long = is_long();
        match self.preemptions.filter(|_| long) {
            None => self.explore(&executions, self.preemptions, None),
            Some(most) => self.explore(&executions, Some(most + 1), Some(LONG)),
        }
        let elapsed = started.elapsed();
        let cut_off = if long && elapsed >= LONG { ", and not to the end" } else { "" };
        println!(
            "{}: passed, {} executions, {elapsed:.1?}{cut_off}",
            self.name,
            executions.load(Ordering::Relaxed),
        );
    }

    /// As [`passes`](Self::passes), and also with hints exchanged: see [`load_hint_32`]. That takes as long
    /// again, so it is interrupted once less often where `SHMA_LONG` does not ask for all.
    ///
    /// [`load_hint_32`]: crate::sync::load_hint_32
    fn passes_either_way(&self) {
        self.passes();
        let preemptions =
            if is_long() { self.preemptions } else { self.preemptions.map(|most| most - 1) };
        let exchanged = Self { preemptions, ..self.clone() };
        mutant::with("hints-exchanged", || exchanged.passes());
    }

    /// Explores it with a fault of the protocol, which must show in a panic that says `symptom`.
    fn catches(&self, mutant: &'static str, symptom: &str) {
        mutant::with(mutant, || self.shows(mutant, symptom));
    }

    fn shows(&self, fault: &str, symptom: &str) {
        let started = Instant::now();
        let executions = Arc::new(AtomicUsize::new(0));
        let exploring = AssertUnwindSafe(|| self.explore(&executions, self.preemptions, None));
        let caught = quietly(|| panic::catch_unwind(exploring));
        let executions = executions.load(Ordering::Relaxed);
        let Err(payload) = caught else {
            panic!("{}: {fault} was not caught in {executions} executions", self.name);
        };
        let said = text(&*payload);
        assert!(said.contains(symptom), "{}: {fault} showed, but as: {said}", self.name);
        let elapsed = started.elapsed();
        println!(
            "{}: {fault} is caught by execution {executions}, {elapsed:.1?}: {symptom}",
            self.name
        );
    }

    fn explore(
        &self,
        executions: &Arc<AtomicUsize>,
        preemptions: Option<usize>,
        at_most: Option<Duration>,
    ) {
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = preemptions;
        builder.max_branches = 2_000;
        // Whatever the environment says.
        builder.max_permutations = None;
        builder.max_duration = at_most;
        let (run, executions) = (Arc::clone(&self.run), Arc::clone(executions));
        builder.check(move || {
            executions.fetch_add(1, Ordering::Relaxed);
            os::boot();
            run();
        });
    }
}

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
}

/// Runs `f` without a word about its panics: they are what is wanted.
fn quietly<R>(f: impl FnOnce() -> R) -> R {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                usual(info);
            }
        }));
    });
    QUIET.set(true);
    let result = f();
    QUIET.set(false);
    result
}

fn text(payload: &(dyn Any + Send)) -> &str {
    match (payload.downcast_ref::<String>(), payload.downcast_ref::<&str>()) {
        (Some(text), _) => text,
        (_, Some(text)) => text,
        _ => "a panic without words",
    }
}
