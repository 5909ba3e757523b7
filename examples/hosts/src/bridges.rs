//! The bridges between the hosts: processes that this program starts, kills and starts again.

use std::env;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use shma_bridge::engine::{Engine, Local};
use shma_bridge::rules::Words;
use shma_bridge::{Bridge, Settings};

/// How many hosts there are. Two regions on this machine play them.
pub const HOSTS: usize = 2;

/// How long bridges may take to find each other, and to end.
const PATIENCE: Duration = Duration::from_secs(20);

/// How bridges are started.
#[derive(Debug, Clone, clap::Args)]
pub struct How {
    /// Let mpirun start the bridges, as ranks; otherwise they meet at a socket.
    #[arg(long)]
    pub mpirun: bool,
    /// Milliseconds between two means.
    #[arg(long, value_name = "MS", default_value_t = 4,
          value_parser = clap::value_parser!(u64).range(1..=60_000))]
    pub every: u64,
}

/// What a bridge process is started with. Not for people.
#[derive(Debug, Clone, clap::Args)]
pub struct One {
    /// The regions, with {rank} for the host.
    name: String,
    /// Milliseconds between two means.
    every: u64,
    /// Where they meet; with MPI it is the launcher that knows.
    #[arg(long)]
    socket: Option<PathBuf>,
    /// The host.
    #[arg(long, default_value_t = 0)]
    node: usize,
    #[arg(long)]
    mean: Vec<String>,
    #[arg(long)]
    gather: Vec<String>,
}

impl One {
    /// Is a bridge until the process that started it closes the pipe, or is gone.
    pub fn run(&self) -> Result<()> {
        let settings = Settings {
            rules: Words {
                mean: self.mean.clone(),
                gather: self.gather.clone(),
                ..Words::default()
            },
            every: Duration::from_millis(self.every),
            ..Settings::new(&self.name)
        };
        match &self.socket {
            Some(socket) => bridge(Local::meet(socket, self.node, HOSTS, PATIENCE)?, settings),
            None => over_mpi(settings),
        }
    }
}

#[cfg(feature = "mpi")]
fn over_mpi(settings: Settings) -> Result<()> {
    bridge(shma_bridge::engine::Mpi::start()?, settings)
}

#[cfg(feature = "mpi")]
fn launcher() -> Result<Command> {
    shma_bridge::engine::Mpi::launcher().context("there is no launcher of this MPI library")
}

#[cfg(not(feature = "mpi"))]
fn over_mpi(_: Settings) -> Result<()> {
    launcher().map(drop)
}

#[cfg(not(feature = "mpi"))]
fn launcher() -> Result<Command> {
    anyhow::bail!("--mpirun needs a program that was built with --features mpi")
}

fn bridge(engine: impl Engine, settings: Settings) -> Result<()> {
    let stop = Arc::new(AtomicBool::new(false));
    // The launcher hands its input to the first rank, which ends all.
    if engine.node() == 0 {
        let stop = Arc::clone(&stop);
        thread::spawn(move || {
            let _ = io::copy(&mut io::stdin().lock(), &mut io::sink());
            stop.store(true, Ordering::Relaxed);
        });
    }
    Ok(Bridge::new(engine, settings).run(&stop)?)
}

/// The bridges of all hosts. None outlives it.
#[derive(Debug)]
pub struct Bridges {
    how: How,
    name: String,
    rules: Vec<String>,
    processes: Vec<(Child, Option<ChildStdin>)>,
    /// Where they meet; another place at each start.
    socket: Option<tempfile::TempDir>,
}

impl Bridges {
    /// Starts them, with rules such as `--mean`, `w1`.
    ///
    /// # Errors
    ///
    /// A process cannot be started.
    pub fn start(how: &How, name: &str, rules: &[&str]) -> Result<Self> {
        let rules = rules.iter().map(|rule| (*rule).to_owned()).collect();
        let (how, name) = (how.clone(), name.to_owned());
        let mut bridges = Self { how, name, rules, processes: Vec::new(), socket: None };
        bridges.start_again()?;
        Ok(bridges)
    }

    /// Starts them once more.
    ///
    /// # Errors
    ///
    /// A process cannot be started.
    pub fn start_again(&mut self) -> Result<()> {
        let program = env::current_exe().context("cannot find this program's own file")?;
        if self.how.mpirun {
            let mut command = launcher()?;
            command.args(["-n", &HOSTS.to_string()]).arg(program);
            return self.spawn(command, &[]);
        }
        let folder = tempfile::tempdir()?;
        let socket = folder.path().join("bridges").display().to_string();
        for node in 0..HOSTS {
            let node = node.to_string();
            self.spawn(Command::new(&program), &["--socket", &socket, "--node", &node])?;
        }
        self.socket = Some(folder);
        Ok(())
    }

    fn spawn(&mut self, mut command: Command, more: &[&str]) -> Result<()> {
        command.args(["bridge", &self.name, &self.how.every.to_string()]);
        command.args(&self.rules).args(more).stdin(Stdio::piped()).stdout(Stdio::null());
        let mut process = command.spawn().with_context(|| format!("cannot start {command:?}"))?;
        let input = process.stdin.take();
        self.processes.push((process, input));
        Ok(())
    }

    /// Kills all by SIGKILL, and waits until they are gone.
    ///
    /// # Errors
    ///
    /// One cannot be killed.
    pub fn kill(&mut self) -> Result<()> {
        for (process, _) in &mut self.processes {
            let ranks = if self.how.mpirun { started_by(process.id()) } else { Vec::new() };
            if ranks.is_empty() {
                process.kill().context("cannot kill a bridge")?;
            } else {
                // The launcher ends because of it.
                Command::new("kill").arg("-KILL").args(&ranks).status().context("no kill")?;
            }
        }
        for (mut process, _) in self.processes.drain(..) {
            process.wait().context("cannot wait for a bridge")?;
        }
        Ok(())
    }

    /// Looks whether all are there.
    ///
    /// # Errors
    ///
    /// One has ended by itself. It has said why.
    pub fn look(&mut self) -> Result<()> {
        for (process, _) in &mut self.processes {
            if let Some(status) = process.try_wait().context("cannot ask for a bridge")? {
                anyhow::bail!("a bridge has ended ({status})");
            }
        }
        Ok(())
    }

    /// Ends all as they should end.
    ///
    /// # Errors
    ///
    /// One ended otherwise.
    pub fn end(mut self) -> Result<()> {
        for (_, input) in &mut self.processes {
            *input = None;
        }
        let deadline = Instant::now() + PATIENCE;
        for (mut process, _) in std::mem::take(&mut self.processes) {
            let status = loop {
                match process.try_wait().context("cannot wait for a bridge")? {
                    Some(status) => break status,
                    None if Instant::now() < deadline => thread::sleep(Duration::from_millis(1)),
                    None => {
                        process.kill()?;
                        break process.wait()?;
                    }
                }
            };
            ensure!(status.success(), "a bridge has ended with {status}");
        }
        Ok(())
    }
}

/// The processes of this program that a launcher has started, itself or by processes of its own.
fn started_by(id: u32) -> Vec<String> {
    let tasks = fs::read_dir(format!("/proc/{id}/task")).into_iter().flatten().flatten();
    let children = tasks
        .filter_map(|task| fs::read_to_string(task.path().join("children")).ok())
        .collect::<String>();
    let children = children.split_whitespace().filter_map(|id| id.parse().ok());
    let own = |id: u32| fs::read_link(format!("/proc/{id}/exe")).ok() == env::current_exe().ok();
    children.flat_map(|id| if own(id) { vec![id.to_string()] } else { started_by(id) }).collect()
}

impl Drop for Bridges {
    fn drop(&mut self) {
        // On the way out of an error, which matters more than what may go wrong here.
        let _ = self.kill();
    }
}
