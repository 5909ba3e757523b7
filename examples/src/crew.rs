//! The worker processes, as the process that starts them sees them.

use std::env;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

/// How long workers may take to leave once they are told to; then they are killed. A step or a batch
/// takes far less.
const FAREWELL: Duration = Duration::from_secs(20);

/// How often the leader looks. A rhythm and not a wait for the next publication: that would cost the
/// workers a system call for each.
const TICK: Duration = Duration::from_millis(2);

/// Worker processes by seat. None outlives it.
#[derive(Debug)]
pub struct Crew {
    arguments: Vec<String>,
    seats: Vec<Option<Worker>>,
}

#[derive(Debug)]
struct Worker {
    process: Child,
    /// The worker leaves when this end of the pipe is closed, be it by the death of this process.
    lifeline: Option<ChildStdin>,
}

impl Crew {
    /// Starts workers on the seats from 0: this program, with these arguments and the seat.
    ///
    /// # Errors
    ///
    /// A process cannot be started.
    pub fn start(arguments: Vec<String>, workers: usize) -> Result<Self> {
        let mut crew = Self { arguments, seats: Vec::new() };
        crew.seats.resize_with(workers, || None);
        for seat in 0..workers {
            crew.hire(seat)?;
        }
        Ok(crew)
    }

    /// Starts a worker on a free seat.
    ///
    /// # Errors
    ///
    /// The process cannot be started.
    pub fn hire(&mut self, seat: usize) -> Result<()> {
        let program = env::current_exe().context("cannot find this program's own file")?;
        let mut process = Command::new(&program)
            .args(&self.arguments)
            .arg(seat.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start a worker ({})", program.display()))?;
        let lifeline = process.stdin.take();
        self.seats[seat] = Some(Worker { process, lifeline });
        Ok(())
    }

    /// Kills a worker by SIGKILL; returns its process number. It stays on its seat until
    /// [`watch`](Self::watch) tells of it.
    ///
    /// # Errors
    ///
    /// No worker has that seat, or the signal cannot be sent.
    pub fn kill(&mut self, seat: usize) -> Result<u32> {
        let worker = self.seats[seat].as_mut().context("no worker has that seat")?;
        worker.process.kill().context("cannot kill a worker")?;
        Ok(worker.process.id())
    }

    /// Lets some time pass; returns who has ended since the last call, and how: by a signal, be it
    /// one that it obeyed. `None` once the leader is interrupted.
    ///
    /// What the workers have done is to be looked at after this call. Then no worker counts as lost that
    /// left because all was done.
    ///
    /// # Errors
    ///
    /// A worker has failed. It has said why, and another would fail as it did.
    pub fn watch(&mut self, interrupted: &AtomicBool) -> Result<Option<Vec<(usize, ExitStatus)>>> {
        thread::sleep(TICK);
        let departed = self.reap()?;
        // After the workers: it rises before those leave who got the same signal.
        if interrupted.load(Ordering::Relaxed) {
            return Ok(None);
        }
        for (seat, status) in &departed {
            if !status.success() && status.signal().is_none() {
                bail!("worker {seat} failed ({status})");
            }
        }
        Ok(Some(departed))
    }

    /// The seats with a worker.
    pub fn present(&self) -> impl Iterator<Item = usize> {
        self.seats.iter().enumerate().filter_map(|(seat, worker)| worker.as_ref().map(|_| seat))
    }

    /// Tells all workers to leave and waits for it.
    ///
    /// # Errors
    ///
    /// Some did not leave and had to be killed.
    pub fn dismiss(mut self) -> Result<()> {
        let stubborn = self.send_away()?;
        ensure!(stubborn == 0, "{} did not leave and had to be killed", in_words(stubborn));
        Ok(())
    }

    fn send_away(&mut self) -> Result<usize> {
        for worker in self.seats.iter_mut().flatten() {
            worker.lifeline = None;
        }
        let deadline = Instant::now() + FAREWELL;
        while self.present().next().is_some() && Instant::now() < deadline {
            self.reap()?;
            thread::sleep(Duration::from_millis(1));
        }
        let mut killed = 0;
        for worker in self.seats.iter_mut().filter_map(Option::take) {
            let mut process = worker.process;
            process.kill().context("cannot kill a worker")?;
            process.wait().context("cannot wait for a worker")?;
            killed += 1;
        }
        Ok(killed)
    }

    fn reap(&mut self) -> Result<Vec<(usize, ExitStatus)>> {
        let mut ended = Vec::new();
        for (seat, worker) in self.seats.iter_mut().enumerate() {
            let Some(present) = worker else { continue };
            if let Some(status) = present.process.try_wait().context("cannot ask for a worker")? {
                ended.push((seat, status));
                *worker = None;
            }
        }
        Ok(ended)
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        // On the way out of an error, which matters more than what may go wrong here.
        let _ = self.send_away();
    }
}

/// So many workers, in words.
pub fn in_words(workers: usize) -> String {
    format!("{workers} worker{}", if workers == 1 { "" } else { "s" })
}
