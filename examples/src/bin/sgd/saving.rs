//! A training in a file, from which it goes on after its processes were killed.
//!
//! The parameters lie in one region and the batches in another, so what is saved is a third state, which the
//! leader fills. It copies the batches first: each that is done there has its step in the parameters. A
//! batch that comes in between is done twice, which gradient descent does not mind.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use shma_core::{Shm, ShmState};

use crate::data::{CLASSES, PIXELS};
use crate::desk::Work;
use crate::mode::Mode;
use crate::model::{HIDDEN, Model};
use crate::plan::Plan;

/// All that a training has to know to go on.
#[derive(Debug, ShmState)]
#[shm(name = "sgd training")]
pub struct Saved {
    /// What is to be done.
    pub plan: Plan,
    /// How the model is shared, as its place in [`Mode::ALL`].
    pub mode: u64,
    /// Which batches are done.
    pub work: Work,
    w1: [[f32; PIXELS]; HIDDEN],
    b1: [f32; HIDDEN],
    w2: [[f32; HIDDEN]; CLASSES],
    b2: [f32; CLASSES],
}

impl Saved {
    /// Reads a training from a file. What workers had begun waits to be done again.
    pub fn read(path: &Path, images: usize) -> Result<Box<Self>> {
        let mut saved = Self::load(path).context("cannot resume")?;
        let Self { plan, mode, work, .. } = &*saved;
        let sound = (1..=10_000).contains(&plan.epochs)
            && (1..=4_000).contains(&plan.batch)
            && *mode < Mode::ALL.len() as u64
            && work.is_sound(plan.batches(images));
        ensure!(sound, "cannot resume: {} holds no training of these images", path.display());
        saved.work.close();
        Ok(saved)
    }

    /// How the model is shared.
    pub fn mode(&self) -> Mode {
        Mode::ALL[self.mode as usize]
    }

    /// The parameters.
    pub fn model(&self) -> Box<Model> {
        let mut model = Model::zeroed();
        (model.w1, model.b1, model.w2, model.b2) = (self.w1, self.b1, self.w2, self.b2);
        model
    }
}

/// Saves a training as it goes on.
pub struct Saving {
    state: Shm<Saved>,
    path: PathBuf,
    /// Batches between two files, and how many were done when the last one was written.
    every: u64,
    done: u64,
}

impl Saving {
    /// A file after each epoch.
    pub fn begin(region: &str, path: &Path, plan: Plan, mode: Mode, images: usize) -> Result<Self> {
        let mut saved = Saved::zeroed();
        saved.plan = plan;
        saved.mode = Mode::ALL.iter().position(|it| *it == mode).unwrap_or(0) as u64;
        let state = Saved::create(region, &saved)?;
        let every = plan.batches_of_an_epoch(images);
        Ok(Self { state, path: path.to_owned(), every, done: 0 })
    }

    /// Whether an epoch has passed since the last file.
    pub fn is_due(&self, done: u64) -> bool {
        done >= self.done + self.every
    }

    /// Writes the file. `model` copies the parameters, after the batches were copied.
    pub fn save(&mut self, work: &Work, model: impl FnOnce(&mut Model)) -> Result<()> {
        let mut parameters = Model::zeroed();
        model(&mut parameters);
        self.state.work.write(work);
        self.state.w1.write(&parameters.w1);
        self.state.b1.write(&parameters.b1);
        self.state.w2.write(&parameters.w2);
        self.state.b2.write(&parameters.b2);
        self.state.checkpoint(&self.path)?;
        self.done = work.done();
        Ok(())
    }
}
