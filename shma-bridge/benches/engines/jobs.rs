//! Two regions, and the bridges between them.

#[path = "../../tests/mpi/processes.rs"]
mod processes;

use std::error::Error;
use std::fs::File;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use processes::bridges_under;
use shma_core::Options;
use shma_core::untyped::{self, Attributes, Declaration, State, Type, Untyped};

const BRIDGE: &str = env!("CARGO_BIN_EXE_shma-bridge");

/// How bridges reach each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Mpi,
    Local,
    Zenoh,
}

/// The launcher for ranks that reach each other by TCP, as those of two machines do.
#[cfg(feature = "mpi")]
pub fn launcher() -> Result<Command, Box<dyn Error>> {
    let mut command = shma_bridge::engine::Mpi::launcher().ok_or("no launcher of this library")?;
    // Of Open MPI, and of MPICH.
    command.env("OMPI_MCA_pml", "ob1").env("OMPI_MCA_btl", "self,tcp");
    command.env("MPIR_CVAR_NOLOCAL", "1").env("UCX_TLS", "self,tcp");
    Ok(command)
}

#[cfg(not(feature = "mpi"))]
pub fn launcher() -> Result<Command, Box<dyn Error>> {
    Err("it was built without MPI".into())
}

/// In the directory that the bridges take too.
fn options() -> Options<Untyped> {
    match std::env::var_os("SHMA_DIR") {
        Some(dir) => untyped::options().dir(dir),
        None => untyped::options(),
    }
}

fn name_of(name: &str, node: usize) -> String {
    name.replace("{rank}", &node.to_string())
}

/// Two regions with these fields, and bridges. Dropped, all of it is gone.
pub struct Job {
    pub states: Vec<State>,
    engine: Engine,
    name: String,
    rules: Vec<String>,
    /// Of Zenoh.
    addresses: Vec<String>,
    /// Launchers or bridges.
    processes: Vec<Child>,
    folder: Option<tempfile::TempDir>,
    /// How many launchers did not end by themselves, though all their ranks had.
    pub hung: u64,
}

/// Waits for the end of a process. Open MPI's launcher may hang in its own end (a lock in
/// `PMIx_server_finalize`); then it is killed. Says whether it was.
fn await_end(process: &mut Child) -> std::io::Result<bool> {
    let start = Instant::now();
    while process.try_wait()?.is_none() {
        if start.elapsed() > Duration::from_secs(5) && bridges_under(process.id()).is_empty() {
            process.kill()?;
            process.wait()?;
            return Ok(true);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(false)
}

impl Job {
    pub fn start(
        engine: Engine,
        fields: &[(&str, String)],
        rules: &[&str],
    ) -> Result<Self, Box<dyn Error>> {
        let name =
            format!("bench-bridge-{}-{:08x}-{{rank}}", std::process::id(), fastrand::u32(..));
        let mut declaration = Declaration::new("Bench")?;
        for (name, ty) in fields {
            let ty: Type = ty.parse()?;
            // What is large has as few slots as there can be.
            let attributes =
                if ty.size() > 1 << 30 { Attributes::new().slots(2) } else { Attributes::new() };
            declaration.field(*name, ty, attributes)?;
        }
        let create = |node| options().create(&name_of(&name, node), &declaration);
        let states = (0..2).map(create).collect::<Result<_, _>>()?;
        let taken = [TcpListener::bind("127.0.0.1:0")?, TcpListener::bind("127.0.0.1:0")?];
        let address = |taken: &TcpListener| Ok(format!("tcp/{}", taken.local_addr()?));
        let addresses = taken.iter().map(address).collect::<std::io::Result<_>>()?;
        drop(taken);
        let rules = rules.iter().map(|rule| (*rule).to_owned()).collect();
        let (processes, folder) = (Vec::new(), None);
        let mut job = Self { states, engine, name, rules, addresses, processes, folder, hung: 0 };
        job.start_bridges()?;
        Ok(job)
    }

    /// Starts all bridges.
    pub fn start_bridges(&mut self) -> Result<(), Box<dyn Error>> {
        self.folder = Some(tempfile::tempdir()?);
        if self.engine == Engine::Mpi {
            let mut command = launcher()?;
            command.args(["-n", "2", BRIDGE]);
            let process = self.spawn(command, &[])?;
            self.processes.push(process);
            return Ok(());
        }
        for node in 0..2 {
            let process = self.start_bridge(node)?;
            self.processes.push(process);
        }
        Ok(())
    }

    fn start_bridge(&self, node: usize) -> Result<Child, Box<dyn Error>> {
        let number = node.to_string();
        let mut more = vec!["--node", &number, "--nodes", "2"];
        let socket = self.folder.as_ref().map(|folder| folder.path().join("bridges"));
        let socket = socket.unwrap_or_default().display().to_string();
        match self.engine {
            Engine::Zenoh => {
                let (own, other) = (&self.addresses[node], &self.addresses[1 - node]);
                more.extend(["--listen", own, "--peer", other]);
            }
            _ => more.extend(["--local", &socket]),
        }
        self.spawn(Command::new(BRIDGE), &more)
    }

    fn spawn(&self, mut command: Command, more: &[&str]) -> Result<Child, Box<dyn Error>> {
        command.arg(&self.name).args(&self.rules).args(more).stdin(Stdio::null());
        Ok(command.stderr(self.errors()?).spawn()?)
    }

    /// What bridges that are killed on purpose say of it goes to a file that goes with the folder.
    fn errors(&self) -> std::io::Result<Stdio> {
        match &self.folder {
            Some(folder) => {
                Ok(File::create(folder.path().join(fastrand::u64(..).to_string()))?.into())
            }
            None => Ok(Stdio::inherit()),
        }
    }

    /// The processes of the bridges.
    pub fn bridges(&self) -> Vec<u32> {
        self.processes.iter().flat_map(|process| bridges_under(process.id())).collect()
    }

    /// Kills one bridge, and starts it again; all of them, where one does not live without the other.
    pub fn kill_one(&mut self, node: usize) -> Result<(), Box<dyn Error>> {
        if self.engine == Engine::Zenoh {
            self.processes[node].kill()?;
            self.processes[node].wait()?;
            self.processes[node] = self.start_bridge(node)?;
            return Ok(());
        }
        // Ranks come a while after their launcher.
        let end = Instant::now() + Duration::from_secs(60);
        let id = loop {
            match self.bridges().get(node) {
                Some(id) => break *id,
                None if Instant::now() > end => return Err("a bridge does not start".into()),
                None => std::thread::sleep(Duration::from_millis(1)),
            }
        };
        Command::new("kill").args(["-KILL", &id.to_string()]).status()?;
        if self.engine == Engine::Local {
            self.processes.iter_mut().try_for_each(Child::kill)?;
        }
        for mut process in self.processes.drain(..) {
            self.hung += u64::from(await_end(&mut process)?);
        }
        self.start_bridges()
    }

    /// Waits until both take part.
    pub fn settle(&self, field: &str) -> Result<(), Box<dyn Error>> {
        let end = Instant::now() + Duration::from_secs(60);
        while self
            .states
            .iter()
            .any(|state| state.field(field).is_ok_and(|field| u64::from(field.version()) < 2))
        {
            if Instant::now() > end {
                return Err("the bridges do not take part".into());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        for process in &mut self.processes {
            // Not SIGKILL: a launcher ends its ranks.
            let id = process.id().to_string();
            let _ = Command::new("kill").args(["-TERM", &id]).status();
        }
        for process in &mut self.processes {
            let _ = process.wait();
        }
        for node in 0..2 {
            let _ = options().unlink(&name_of(&self.name, node));
        }
    }
}
