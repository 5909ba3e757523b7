//! A program that leads worker processes, under test.

use std::fs;
use std::process::Output;

use rustix::process::{Pid, Signal, kill_process};

use crate::program::{
    Program, has_mapped, is_alive, regions_beginning, text, until, wait_for_rest,
};

/// A leader. Its regions begin with the name of the program and the number of its process.
pub struct Leader {
    program: Program,
    name: &'static str,
    prefix: String,
}

impl Leader {
    pub fn start(name: &'static str, binary: &str, line: &str) -> Self {
        let program = Program::start(binary, line);
        let prefix = format!("{name}-{}-", program.pid().as_raw_nonzero());
        Self { program, name, prefix }
    }

    pub fn signal(&self, signal: Signal) {
        self.program.signal(signal);
    }

    pub fn regions(&self) -> Vec<String> {
        regions_beginning(&self.prefix)
    }

    /// The processes that it has started, as many as it has to have.
    pub fn workers(&self, count: usize) -> Vec<Pid> {
        let leader = self.program.pid().as_raw_nonzero();
        let file = format!("/proc/{leader}/task/{leader}/children");
        let mut workers = Vec::new();
        until("all workers to be there", || {
            let children = fs::read_to_string(&file).unwrap();
            let pids =
                children.split_whitespace().filter_map(|pid| Pid::from_raw(pid.parse().ok()?));
            workers = pids.filter(|pid| is_alive(*pid)).collect();
            workers.len() == count
        });
        workers
    }

    /// The workers, once all of them have all the regions, so that they work and are no mere copies
    /// of their leader.
    pub fn workers_at_work(&self, count: usize, regions: usize) -> Vec<Pid> {
        until("the regions", || self.regions().len() == regions);
        let workers = self.workers(count);
        for worker in &workers {
            until("the worker to have the regions", || {
                self.regions().iter().all(|region| has_mapped(*worker, region))
            });
        }
        workers
    }

    /// Waits for the end; what it printed, and its picture. No region may be left, whatever the end.
    pub fn finish(self) -> (Output, Option<String>) {
        let (output, directory) = self.program.finish();
        // Workers that outlive a killed leader remove the regions a little later.
        until("the regions to go", || regions_beginning(&self.prefix).is_empty());
        let picture = directory.path().join(format!("{}.svg", self.name));
        (output, fs::read_to_string(picture).ok())
    }

    /// Kills it, and waits until nothing of it is left. No process can tell the workers to stop,
    /// and none but them removes the regions.
    pub fn kill_without_a_trace(self, workers: &[Pid]) {
        self.signal(Signal::KILL);
        let (output, _) = self.finish();
        assert!(!output.status.success());
        let stderr = text(&output.stderr);
        assert!(!stderr.contains("error"), "{stderr}");
        until("the workers to end", || !workers.iter().copied().any(is_alive));
    }

    /// As [`kill_without_a_trace`](Self::kill_without_a_trace), but after the workers have done all
    /// that they can do without it: it is stopped before.
    pub fn kill_when_all_is_done(self, workers: &[Pid]) {
        self.signal(Signal::STOP);
        workers.iter().copied().for_each(wait_for_rest);
        self.kill_without_a_trace(workers);
    }
}

/// Ends a process that is not ours to wait for, and waits until it has ended.
pub fn kill(worker: Pid) {
    kill_process(worker, Signal::KILL).unwrap();
    until("the killed worker to end", || !is_alive(worker));
}
