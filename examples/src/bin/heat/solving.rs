//! One solution, as the process that leads it sees it: it makes the region, starts the workers,
//! replaces those that die, and collects the result.

use std::process::ExitStatus;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use anyhow::{Result, ensure};
use shma_core::{Shm, ShmState};
use shma_examples::crew::Crew;
use shma_examples::patience::Patience;
use shma_examples::progress::Progress;

use crate::plan::{MARKS, Plan, STRIPS};
use crate::plate::{self, Plate};
use crate::standing::Standing;
use crate::temperature::Temperature;
use crate::truth::Truth;

/// How many workers may be replaced before something is wrong.
const REPLACEMENTS: usize = 20;
/// The time on the plate to solve up to: the slowest mode has decayed to about a third then.
const DEFAULT_TIME: f64 = 0.05;

/// A solution to compute.
#[derive(Debug, Clone, Copy)]
pub struct Order {
    /// Points of the grid each way.
    pub grid: usize,
    /// By how many.
    pub workers: usize,
    /// Time steps; `None` for as many as the default time takes.
    pub steps: Option<u64>,
    /// The largest error to accept; `None` for what the scheme may owe to the grid.
    pub tolerance: Option<f64>,
    /// The share of the steps after which a worker is killed.
    pub kill_at: Option<f64>,
    /// Whether to show nothing.
    pub quiet: bool,
}

/// A solution that was computed.
#[derive(Debug)]
pub struct Outcome {
    /// What was done.
    pub plan: Plan,
    /// The plate at the start, and at the end.
    pub plates: [Temperature; 2],
    /// The largest error at the end.
    pub error: f64,
    /// What it may be.
    pub tolerance: f64,
    /// The largest error at each mark, with the time on the plate.
    pub curve: Vec<(f64, f64)>,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// The time on the plate when a worker was killed.
    pub killed: Option<f64>,
    /// How many workers were replaced.
    pub replaced: usize,
}

impl Order {
    fn plan(&self, spacing: f64) -> Plan {
        let plan = |steps| Plan::new(steps, spacing, self.workers);
        let default = || (DEFAULT_TIME / plan(1).step_length).ceil() as u64;
        plan(self.steps.unwrap_or_else(default))
    }
}

/// Computes a solution; `None` if it was interrupted.
pub fn run<const WIDTH: usize, const ROWS: usize>(
    order: &Order,
    interrupted: &AtomicBool,
) -> Result<Option<Outcome>> {
    let mut solving = Solving::<WIDTH, ROWS>::begin(order)?;
    let finished = solving.watch(interrupted)?;
    let seconds = solving.started.elapsed().as_secs_f64();
    let Solving { plan, truth, crew, plate, progress, killed, replaced, .. } = solving;
    crew.dismiss()?;
    if !finished {
        return Ok(None);
    }
    if killed.is_none() && order.kill_at.is_some() {
        progress.say("no worker was killed: the steps were done before it came to that");
    }
    let points = Plate::<WIDTH, ROWS>::POINTS;
    let end = plate::temperature(&plate, plan.steps)?;
    Ok(Some(Outcome {
        error: end.error(&truth, plan.time(plan.steps)),
        tolerance: order.tolerance.unwrap_or_else(|| truth.tolerance()),
        curve: curve(&plate, &plan),
        plates: [Temperature::of(&truth, points, 0.0), end],
        killed: killed.map(|step| plan.time(step)),
        plan,
        seconds,
        replaced,
    }))
}

fn curve<const WIDTH: usize, const ROWS: usize>(
    plate: &Shm<Plate<WIDTH, ROWS>>,
    plan: &Plan,
) -> Vec<(f64, f64)> {
    let mut errors = [0.0; MARKS];
    plate.errors.read_into(&mut errors);
    plan.marks().map(|step| plan.time(step)).zip(errors).collect()
}

/// A solution under way. The workers are gone when it is dropped, and the region with the handle.
struct Solving<'a, const WIDTH: usize, const ROWS: usize> {
    order: &'a Order,
    plan: Plan,
    truth: Truth,
    crew: Crew,
    plate: Shm<Plate<WIDTH, ROWS>>,
    progress: Progress,
    started: Instant,
    /// The step of the plate when a worker was killed.
    killed: Option<u64>,
    replaced: usize,
    /// When the standing was last shown, and the step of the plate then.
    shown: (Instant, u64),
    patience: Patience,
}

impl<'a, const WIDTH: usize, const ROWS: usize> Solving<'a, WIDTH, ROWS> {
    fn begin(order: &'a Order) -> Result<Self> {
        let truth = Truth::new(order.grid);
        let plan = order.plan(truth.spacing());
        let name = plate::new_name();
        let plate = Plate::create(&name, &Plate::initial(plan, &truth))?;
        let progress = Progress::new("", plan.steps, order.quiet)?;
        let started = Instant::now();
        let arguments = vec!["worker".to_owned(), name, order.grid.to_string()];
        Ok(Self {
            order,
            plan,
            truth,
            crew: Crew::start(arguments, order.workers)?,
            plate,
            progress,
            started,
            killed: None,
            replaced: 0,
            shown: (started, 0),
            patience: Patience::default(),
        })
    }

    /// Looks after the solution until it is done; `false` if it was interrupted.
    fn watch(&mut self, interrupted: &AtomicBool) -> Result<bool> {
        while let Some(departed) = self.crew.watch(interrupted)? {
            let steps = plate::steps(&self.plate);
            let step = behind(&steps);
            if step == self.plan.steps {
                self.show(step);
                return Ok(true);
            }
            for (seat, status) in departed {
                self.replace(seat, status, &steps)?;
            }
            self.kill_when_due(step)?;
            if self.progress.is_due() {
                self.show(step);
            }
            self.patience.look(steps.iter().sum())?;
        }
        Ok(false)
    }

    fn kill_when_due(&mut self, step: u64) -> Result<()> {
        let Some(share) = self.order.kill_at else { return Ok(()) };
        if self.killed.is_some() || (step as f64) < share * self.plan.steps as f64 {
            return Ok(());
        }
        // One from the middle, which has neighbours on both sides if there are any.
        let middle = self.order.workers / 2;
        let Some(seat) = self.crew.present().find(|seat| *seat >= middle) else { return Ok(()) };
        let pid = self.crew.kill(seat)?;
        self.killed = Some(step);
        self.progress.say(&format!(
            "killed worker {seat} (process {pid}) by SIGKILL at step {step} of {}",
            self.plan.steps
        ));
        Ok(())
    }

    /// A worker has ended. If it has left its strips before the end, it is replaced.
    fn replace(&mut self, seat: usize, status: ExitStatus, steps: &[u64; STRIPS]) -> Result<()> {
        let strips = self.plan.strips_of(seat);
        let left_at = &steps[strips.clone()];
        if left_at.iter().all(|step| *step == self.plan.steps) {
            return Ok(());
        }
        ensure!(self.replaced < REPLACEMENTS, "workers die one after the other ({status})");
        self.replaced += 1;
        self.crew.hire(seat)?;
        self.progress.say(&format!(
            "worker {seat} is gone ({status}); a new one takes up strips {} to {} at steps {left_at:?}",
            strips.start,
            strips.end - 1
        ));
        Ok(())
    }

    fn show(&mut self, step: u64) {
        let (at, before) = self.shown;
        let mark = self.plan.marks().take_while(|mark| *mark <= step).count() - 1;
        let standing = Standing {
            step,
            steps: self.plan.steps,
            time: self.plan.time(step),
            error: self.plate.errors.get(mark),
            rate: (step - before) as f64 / at.elapsed().as_secs_f64(),
        };
        self.progress.show(step, standing.to_string());
        self.shown = (Instant::now(), step);
    }
}

/// The step of the plate: that of the strip which is furthest behind.
fn behind(steps: &[u64; STRIPS]) -> u64 {
    steps.iter().copied().fold(u64::MAX, u64::min)
}
