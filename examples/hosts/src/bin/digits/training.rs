//! One training of both hosts: it makes the regions, starts workers and bridges, and measures.

use std::sync::atomic::AtomicBool;
use std::time::Instant;

use anyhow::{Result, ensure};
use shma_core::{Shm, ShmState};
use shma_examples::crew::Crew;
use shma_examples::patience::Patience;
use shma_examples::progress::Progress;
use shma_examples::region;
use shma_hosts::bridges::{Bridges, HOSTS, How};

use crate::data::Digits;
use crate::host::{self, Host};
use crate::model::Model;
use crate::network::Network;
use crate::plan::Plan;

/// Copies of the parameters that are taken of each host.
const COPIES: f64 = 60.0;
/// For so much of the work there are no bridges after they were killed.
const WITHOUT: f64 = 0.1;

/// A training to make.
#[derive(Debug, Clone, Copy)]
pub struct Order<'a> {
    /// How often each host goes through its images.
    pub epochs: u64,
    /// Decides the first parameters and the order of the images.
    pub seed: u64,
    /// How bridges are started; `None`: the hosts are alone.
    pub bridges: Option<&'a How>,
    /// The share of the work after which bridges are killed.
    pub kill_at: Option<f64>,
    /// Whether to show nothing.
    pub quiet: bool,
    /// The images.
    pub digits: &'a Digits,
}

/// A training that was made.
#[derive(Debug)]
pub struct Run {
    /// Whether there were bridges.
    pub bridged: bool,
    /// Of each host the test accuracy at times in seconds.
    pub curves: Vec<Vec<(f64, f64)>>,
    /// When bridges were killed, and started again.
    pub without: Option<(f64, f64)>,
}

impl Run {
    /// The test accuracy of a host at the end.
    pub fn accuracy(&self, host: usize) -> f64 {
        self.curves[host].last().map_or(f64::NAN, |point| point.1)
    }
}

/// Makes a training; `None` if it was interrupted.
pub fn run(order: &Order<'_>, interrupted: &AtomicBool) -> Result<Option<Run>> {
    let mut training = Training::begin(order)?;
    let mut patience = Patience::default();
    loop {
        let Some(departed) = training.crew.watch(interrupted)? else { return Ok(None) };
        ensure!(departed.is_empty(), "a worker has ended before its work");
        let done = training.done();
        training.look(done)?;
        if done >= 1.0 && training.agree() {
            break;
        }
        patience.look(training.stirring())?;
    }
    training.copy();
    training.end().map(Some)
}

struct Training<'a> {
    order: &'a Order<'a>,
    hosts: Vec<Shm<Host>>,
    crew: Crew,
    bridges: Option<Bridges>,
    progress: Progress,
    /// Batches of a host.
    batches: u64,
    started: Instant,
    copies: Vec<(f64, Vec<Box<Model>>)>,
    killed: Option<f64>,
    again: Option<f64>,
}

impl<'a> Training<'a> {
    fn begin(order: &'a Order<'a>) -> Result<Self> {
        let plan = Plan { epochs: order.epochs, batch: 32, learning_rate: 0.4, seed: order.seed };
        let batches = plan.batches(order.digits.train.len() / HOSTS);
        let name = format!("{}-{{rank}}", region::new_name("digits"));
        let initial = host::initial(plan);
        let create = |host| Host::create(&host::name_of(&name, host), &initial);
        let hosts = (0..HOSTS).map(create).collect::<Result<_, _>>()?;
        let bridges =
            order.bridges.map(|how| Bridges::start(how, &name, &host::RULES)).transpose()?;
        let prefix = if bridges.is_some() { "with bridges: " } else { "alone: " };
        Ok(Self {
            order,
            hosts,
            crew: Crew::start(vec!["worker".to_owned(), name], HOSTS)?,
            bridges,
            progress: Progress::new(prefix, batches, order.quiet)?,
            batches,
            started: Instant::now(),
            copies: Vec::new(),
            killed: None,
            again: None,
        })
    }

    /// The share of the work that each host has done, as the host itself says.
    fn shares(&self) -> impl Iterator<Item = f64> {
        let own = self.hosts.iter().enumerate().map(|(at, host)| host.progress.get(at)[0]);
        own.map(|done| done / self.batches as f64)
    }

    fn done(&self) -> f64 {
        self.shares().fold(f64::INFINITY, f64::min)
    }

    /// Changes as long as anything does.
    fn stirring(&self) -> u64 {
        self.hosts.iter().map(|host| u64::from(host.w1.version())).sum()
    }

    fn seconds(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }

    fn look(&mut self, done: f64) -> Result<()> {
        if done >= self.copies.len() as f64 / COPIES {
            self.copy();
        }
        self.disturb(done)?;
        if let Some(bridges) = &mut self.bridges {
            bridges.look()?;
        }
        if self.progress.is_due() {
            let standing: Vec<String> = self
                .shares()
                .zip(host::NAMES)
                .map(|(share, name)| format!("host {name} {:3.0} %", 100.0 * share))
                .collect();
            let part = (done * self.batches as f64) as u64;
            self.progress.show(part, standing.join(", "));
        }
        Ok(())
    }

    /// Kills the bridges when it is due, and starts them again.
    fn disturb(&mut self, done: f64) -> Result<()> {
        let (Some(share), Some(bridges)) = (self.order.kill_at, &mut self.bridges) else {
            return Ok(());
        };
        let seconds = self.started.elapsed().as_secs_f64();
        if self.killed.is_none() && done >= share {
            bridges.kill()?;
            self.killed = Some(seconds);
            self.progress.say("killed all bridges by SIGKILL; both hosts go on alone");
        } else if self.killed.is_some()
            && self.again.is_none()
            && done >= (share + WITHOUT).min(1.0)
        {
            bridges.start_again()?;
            self.again = Some(seconds);
            self.progress.say("started the bridges again");
        }
        Ok(())
    }

    fn copy(&mut self) {
        let copy = |host: &Shm<Host>| {
            let mut model = Model::zeroed();
            host::read(host, &mut model);
            model
        };
        let copies = self.hosts.iter().map(copy).collect();
        self.copies.push((self.seconds(), copies));
    }

    /// Whether the last means have come to both hosts.
    fn agree(&mut self) -> bool {
        if self.bridges.is_none() {
            return true;
        }
        self.copy();
        let Some((_, last)) = self.copies.pop() else { return false };
        last.windows(2).all(|two| {
            two[0].w1 == two[1].w1
                && two[0].b1 == two[1].b1
                && two[0].w2 == two[1].w2
                && two[0].b2 == two[1].b2
        })
    }

    fn end(self) -> Result<Run> {
        let Self { order, crew, bridges, copies, killed, again, hosts, progress, .. } = self;
        drop(progress);
        crew.dismiss()?;
        let bridged = bridges.is_some();
        bridges.map_or(Ok(()), Bridges::end)?;
        drop(hosts);
        let mut network = Network::default();
        let mut curves = vec![Vec::new(); HOSTS];
        for (seconds, models) in &copies {
            for (curve, model) in curves.iter_mut().zip(models) {
                curve.push((*seconds, network.score(model, &order.digits.test).accuracy));
            }
        }
        Ok(Run { bridged, curves, without: killed.zip(again) })
    }
}
