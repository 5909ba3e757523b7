//! One training, as the process that leads it sees it: it makes the two regions, starts the
//! workers, watches over them, and measures.

use std::fs;
use std::path::Path;
use std::process::ExitStatus;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use anyhow::{Result, ensure};
use shma_core::{Shm, ShmState};
use shma_examples::crew::{self, Crew};
use shma_examples::patience::Patience;
use shma_examples::progress::Progress;

use crate::curve::Recorder;
use crate::data::Digits;
use crate::desk::{Desk, Work};
use crate::mode::Mode;
use crate::model::Model;
use crate::network::Network;
use crate::plan::Plan;
use crate::regions;
use crate::run::{self, Run};
use crate::saving::{Saved, Saving};
use crate::sharing::{Exact, Hogwild, Locked, Shared, Sharing};
use crate::standing::Standing;

/// How many workers may take the seat of a last one that died.
const REPLACEMENTS: usize = 3;

/// A training to make.
#[derive(Debug, Clone, Copy)]
pub struct Order<'a> {
    /// What is to be done.
    pub plan: Plan,
    /// How the model is shared.
    pub mode: Mode,
    /// By how many.
    pub workers: usize,
    /// The share of the work after which a worker is killed.
    pub kill_at: Option<f64>,
    /// The images.
    pub digits: &'a Digits,
    /// Where to save it.
    pub file: Option<&'a Path>,
    /// What it goes on with.
    pub saved: Option<&'a Saved>,
    /// Its name, by which other programs join it.
    pub more: Option<&'a str>,
}

/// Makes a training; `None` if it was interrupted.
pub fn run(order: &Order<'_>, quiet: bool, interrupted: &AtomicBool) -> Result<Option<Run>> {
    match order.mode {
        Mode::Locked => Training::<Locked>::run(order, quiet, interrupted),
        Mode::Hogwild => Training::<Hogwild>::run(order, quiet, interrupted),
        Mode::Exact => Training::<Exact>::run(order, quiet, interrupted),
    }
}

/// A training under way. The workers are gone when it is dropped, and the regions with the handles.
struct Training<'a, S: Sharing> {
    order: &'a Order<'a>,
    crew: Crew,
    model: Shm<S::State>,
    desk: Shm<Desk>,
    progress: Progress,
    started: Option<Instant>,
    recorder: Recorder,
    saving: Option<Saving>,
    /// Batches that were done before.
    before: u64,
    killed: Option<f64>,
    replacements: usize,
    pace: Pace,
    patience: Patience,
}

/// What the desk said when the standing was last shown.
struct Pace {
    at: Instant,
    done: u64,
    loss_sum: f64,
    loss: f64,
}

impl<'a, S: Sharing> Training<'a, S> {
    fn run(order: &'a Order<'a>, quiet: bool, interrupted: &AtomicBool) -> Result<Option<Run>> {
        let mut training = Self::begin(order, quiet)?;
        let finished = training.watch(interrupted)?;
        let seconds = training.seconds();
        training.recorder.take::<S>(seconds, &training.model);
        training.save()?;
        let Training { crew, recorder, killed, progress, desk, before, .. } = training;
        crew.dismiss()?;
        if !finished {
            return Ok(None);
        }
        if killed.is_some() {
            progress.say("every batch is done and every worker has left: none waited for the dead");
        } else if order.kill_at.is_some() {
            progress.say("no worker was killed: the work was done before it came to that");
        }
        let work = desk.work.read();
        let updates = work.done() - before;
        if order.more.is_some() {
            progress
                .say(&format!("other programs have done {} of {updates} batches", work.others()));
        }
        let curve = recorder.judge(&order.digits.test)?;
        let Order { mode, workers, .. } = *order;
        Ok(Some(Run { mode, workers, killed, seconds, updates, curve }))
    }

    fn begin(order: &'a Order<'a>, quiet: bool) -> Result<Self> {
        let batches = order.plan.batches(order.digits.train.len());
        let name = order.more.map_or_else(regions::new_training, str::to_owned);
        let mut at_first = Desk::zeroed();
        at_first.plan = order.plan;
        at_first.work = order.saved.map_or_else(|| Work::new(batches), |saved| saved.work);
        let before = at_first.work.done();
        let initial = match order.saved {
            Some(saved) => saved.model(),
            None => Model::initial(order.plan.seed),
        };
        let initial = S::State::holding(initial);
        let model = S::State::create(&regions::model(&name), &initial)?;
        let desk = Desk::create(&regions::desk(&name), &at_first)?;
        let prefix = format!("{}: ", run::label(order.mode, order.workers));
        let saving = order.file.map(|file| {
            let images = order.digits.train.len();
            Saving::begin(&regions::saved(&name), file, order.plan, order.mode, images)
        });
        let progress = Progress::new(&prefix, batches, quiet)?;
        if order.more.is_some() {
            progress.say(&format!(
                "begins when another program has joined: `python shma-python/examples/digits.py {name}`"
            ));
        }
        let arguments = vec!["worker".to_owned(), order.mode.to_string(), name];
        if order.saved.is_some() {
            progress.say(&format!("goes on after {before} of {batches} batches"));
        }
        Ok(Self {
            order,
            crew: Crew::start(arguments, order.workers)?,
            model,
            desk,
            progress,
            started: None,
            recorder: Recorder::new(order.plan.epochs, batches, before),
            saving: saving.transpose()?,
            before,
            killed: None,
            replacements: 0,
            pace: Pace {
                at: Instant::now(),
                done: before,
                loss_sum: at_first.work.loss(),
                loss: f64::NAN,
            },
            patience: Patience::default(),
        })
    }

    /// Looks after the training until it is done; `false` if it was interrupted.
    fn watch(&mut self, interrupted: &AtomicBool) -> Result<bool> {
        while let Some(departed) = self.crew.watch(interrupted)? {
            let work = self.desk.work.read();
            if work.is_done() {
                self.show(&work);
                return Ok(true);
            }
            for (seat, status) in departed {
                self.lose(seat, status)?;
            }
            if self.started.is_none() {
                self.start_when_all_are_there(&work);
                continue;
            }
            self.kill_when_due(&work)?;
            self.look_after_guests(&work);
            self.recorder.look::<S>(self.seconds(), work.done(), &self.model);
            if self.saving.as_ref().is_some_and(|saving| saving.is_due(work.done())) {
                self.save()?;
            }
            if self.progress.is_due() {
                self.show(&work);
            }
            self.patience.look(work.done())?;
        }
        Ok(false)
    }

    /// The clock starts with the first batch, so that nothing but training is measured.
    fn start_when_all_are_there(&mut self, work: &Work) {
        let is_joined = self.order.more.is_none() || work.guests().next().is_some();
        if is_joined && work.seated() >= self.crew.present().count() {
            self.recorder.take::<S>(0.0, &self.model);
            self.started = Some(Instant::now());
            self.pace.at = Instant::now();
            self.desk.work.update(|new, _| new.open());
        }
    }

    fn save(&mut self) -> Result<()> {
        let Some(saving) = &mut self.saving else { return Ok(()) };
        let work = self.desk.work.read();
        saving.save(&work, |into| S::State::read(&self.model, into))
    }

    fn seconds(&self) -> f64 {
        self.started.map_or(0.0, |started| started.elapsed().as_secs_f64())
    }

    fn kill_when_due(&mut self, work: &Work) -> Result<()> {
        let Some(share) = self.order.kill_at else { return Ok(()) };
        if self.killed.is_some() || (work.done() as f64) < share * work.total() as f64 {
            return Ok(());
        }
        let busy = |seat: &usize| work.batch_on(*seat).is_some();
        let Some(seat) = self.crew.present().find(busy) else { return Ok(()) };
        let pid = self.crew.kill(seat)?;
        self.killed = Some(self.seconds());
        let done = 100 * work.done() / work.total();
        self.progress.say(&format!(
            "killed worker {seat} (process {pid}) by SIGKILL with {done} % of the work done"
        ));
        Ok(())
    }

    /// A worker is gone before its time. It is done without, or replaced if it was the last.
    fn lose(&mut self, seat: usize, status: ExitStatus) -> Result<()> {
        let batch = self.desk.work.update(|new, _| new.vacate(seat));
        let left = self.crew.present().count();
        let batch = batch.map_or("without a batch".to_owned(), |batch| {
            format!("so batch {batch} waits for another")
        });
        self.progress.say(&format!("worker {seat} is gone ({status}), {batch}"));
        if left > 0 {
            self.progress.say(&format!("training goes on with {}", crew::in_words(left)));
        } else {
            ensure!(self.replacements < REPLACEMENTS, "workers die one after the other ({status})");
            self.replacements += 1;
            self.crew.hire(seat)?;
            self.progress.say("no worker was left, so a new one takes the seat");
        }
        Ok(())
    }

    /// Frees the seats of processes of other programs that have ended.
    fn look_after_guests(&self, work: &Work) {
        // One that its parent has not waited for yet has ended, too.
        let ended = |process: u64| match fs::read_to_string(format!("/proc/{process}/stat")) {
            Ok(stat) => stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('Z')),
            Err(_) => true,
        };
        for (seat, process) in work.guests().filter(|(_, process)| ended(*process)) {
            let batch = self.desk.work.update(|new, _| new.vacate_of(seat, process));
            let batch =
                batch.map_or_else(String::new, |batch| format!(", so batch {batch} waits again"));
            self.progress.say(&format!("process {process} of another program is gone{batch}"));
        }
    }

    fn show(&mut self, work: &Work) {
        let done = work.done() - self.pace.done;
        if done > 0 {
            self.pace.loss = (work.loss() - self.pace.loss_sum) / done as f64;
        }
        let per_epoch = self.order.plan.batches_of_an_epoch(self.order.digits.train.len());
        let standing = Standing {
            epoch: (work.done() / per_epoch + 1).min(self.order.plan.epochs),
            epochs: self.order.plan.epochs,
            loss: self.pace.loss,
            accuracy: self.accuracy_now(),
            rate: done as f64 / self.pace.at.elapsed().as_secs_f64(),
        };
        self.progress.show(work.done(), standing.to_string());
        self.pace.at = Instant::now();
        self.pace.done = work.done();
        self.pace.loss_sum = work.loss();
    }

    fn accuracy_now(&self) -> f64 {
        let mut model = Model::zeroed();
        S::State::read(&self.model, &mut model);
        Network::default().score(&model, &self.order.digits.test).accuracy
    }
}
