//! Two networks of their own, with a cable between them, as two machines have. What cannot be had here
//! is said.

use std::error::Error;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use shma_core::untyped::{self, Attributes, Declaration, State, Wait};

use crate::engines;
use crate::jobs::Engine;

/// What the part inside of new namespaces is started with.
pub const INSIDE: &str = "--inside";

const BRIDGE: &str = env!("CARGO_BIN_EXE_shma-bridge");
const PATIENCE: Duration = Duration::from_secs(90);
/// For so long the cable is pulled.
const PULLED: Duration = Duration::from_secs(5);
/// Starts what a launcher wants started on another host: in the other network, under another host name.
const AGENT: &str =
    "#!/bin/sh\nshift\nexec ip netns exec b unshare --uts sh -c \"hostname b; $*\"\n";

/// Starts this program once more, in namespaces that go with it.
pub fn run() -> Result<(), Box<dyn Error>> {
    let mut command = Command::new("unshare");
    command.args(["--mount", "--net", "--uts", "--propagation", "private"]);
    let probe = Command::new("unshare").args(["--mount", "--net", "--uts", "true"]).status();
    if !probe.is_ok_and(|status| status.success()) {
        println!("skipped: no network namespace can be made here");
        return Ok(());
    }
    let status = command.arg(std::env::current_exe()?).arg(INSIDE).status()?;
    if status.success() { Ok(()) } else { Err(format!("it ended with {status}").into()) }
}

/// Lays the cable, and lets each engine use it.
pub fn inside() -> Result<(), Box<dyn Error>> {
    for line in [
        "hostname a",
        "mkdir -p /run/netns",
        "mount -t tmpfs none /run/netns",
        "ip netns add b",
        "ip link add east type veth peer name west netns b",
        "ip addr add 10.77.0.1/24 dev east",
        "ip -n b addr add 10.77.0.2/24 dev west",
        "ip link set lo up",
        "ip -n b link set lo up",
        "ip link set east up",
        "ip -n b link set west up",
    ] {
        if !Command::new("sh").args(["-c", line]).status()?.success() {
            println!("skipped: `{line}` is not permitted here");
            return Ok(());
        }
    }
    for engine in engines() {
        match engine {
            // Its sockets are files, which know no network.
            Engine::Local => println!("skipped: Local: its nodes are on one machine"),
            Engine::Mpi => mpi()?,
            Engine::Zenoh => zenoh()?,
        }
    }
    Ok(())
}

/// Two regions, which go with it.
struct Regions {
    name: String,
    states: Vec<State>,
}

impl Regions {
    fn new() -> Result<Self, Box<dyn Error>> {
        let name =
            format!("bench-bridge-{}-{:08x}-{{rank}}", std::process::id(), fastrand::u32(..));
        let mut declaration = Declaration::new("Networks")?;
        declaration.field("halo", "[u64; 2]".parse()?, Attributes::new())?;
        declaration.field("step", "[u64; 100000]".parse()?, Attributes::new())?;
        let create = |node: usize| {
            untyped::options().create(&name.replace("{rank}", &node.to_string()), &declaration)
        };
        let states = (0..2).map(create).collect::<Result<_, _>>()?;
        Ok(Self { name, states })
    }

    /// A program of a node writes its row.
    fn write(&self, node: usize, value: u64) -> Result<(), Box<dyn Error>> {
        let halo = self.states[node].field("halo")?;
        halo.write_part(8 * node, &value.to_ne_bytes(), Wait::Forever)?;
        if node == 0 {
            let bytes = value.to_ne_bytes().repeat(100_000);
            self.states[0].field("step")?.write(&bytes, Wait::Forever)?;
        }
        Ok(())
    }

    fn holds(&self, node: usize, values: [u64; 2]) -> Result<bool, Box<dyn Error>> {
        let (mut halo, mut last) = ([0; 16], [0; 8]);
        self.states[node].field("halo")?.read(&mut halo)?;
        self.states[node].field("step")?.read_part(8 * 99_999, &mut last)?;
        let right = halo.chunks(8).zip(values).all(|(bytes, value)| bytes == value.to_ne_bytes());
        Ok(right && last == values[0].to_ne_bytes())
    }

    fn until(&self, values: [u64; 2]) -> Result<f64, Box<dyn Error>> {
        let start = Instant::now();
        while !(self.holds(0, values)? && self.holds(1, values)?) {
            if start.elapsed() > PATIENCE {
                return Err(format!("{values:?} has not arrived after {PATIENCE:?}").into());
            }
            thread::sleep(Duration::from_millis(1));
        }
        Ok(start.elapsed().as_secs_f64())
    }
}

impl Drop for Regions {
    fn drop(&mut self) {
        for node in 0..2 {
            let _ = untyped::options().unlink(&self.name.replace("{rank}", &node.to_string()));
        }
    }
}

/// Processes, which end with it.
struct Started(Vec<Child>);

impl Started {
    fn signal(&self, signal: &str) -> Result<(), Box<dyn Error>> {
        for child in &self.0 {
            Command::new("kill").args([signal, &child.id().to_string()]).status()?;
        }
        Ok(())
    }

    fn end(mut self) -> Result<(), Box<dyn Error>> {
        self.signal("-TERM")?;
        for mut child in self.0.drain(..) {
            let status = child.wait()?;
            println!("  after SIGTERM: {status}");
        }
        Ok(())
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.signal("-TERM");
        self.0.iter_mut().for_each(|child| drop(child.wait()));
    }
}

const RULES: [&str; 4] = ["--gather", "halo", "--publish", "step@0"];

/// The launcher reaches the other network by an agent in place of `ssh`.
fn mpi() -> Result<(), Box<dyn Error>> {
    let version = Command::new("mpirun").arg("--version").output()?;
    if !String::from_utf8_lossy(&version.stdout).contains("Open MPI") {
        println!("skipped: Mpi: the agent is for Open MPI");
        return Ok(());
    }
    let folder = tempfile::tempdir()?;
    let agent = folder.path().join("agent");
    std::fs::write(&agent, AGENT)?;
    Command::new("chmod").arg("+x").arg(&agent).status()?;
    let regions = Regions::new()?;
    let mut command = Command::new("mpirun");
    command.args(["--allow-run-as-root", "--host", "10.77.0.1,10.77.0.2", "-n", "2"]);
    command.args(["--mca", "plm_rsh_agent"]).arg(&agent);
    command.args(["--mca", "btl", "self,tcp", "--mca", "pml", "ob1"]);
    command.args(["--mca", "btl_tcp_if_include", "10.77.0.0/24"]);
    command.args(["--mca", "oob_tcp_if_include", "10.77.0.0/24"]);
    command.arg(BRIDGE).arg(&regions.name).args(RULES).stdin(Stdio::null());
    let started = Started(vec![command.spawn()?]);
    for round in 1..=100 {
        regions.write(0, round)?;
        regions.write(1, round)?;
        regions.until([round, round])?;
    }
    println!("Mpi: 100 rounds over a cable of its own");
    started.end()
}

fn zenoh() -> Result<(), Box<dyn Error>> {
    let regions = Regions::new()?;
    let bridge = |node: usize| {
        let mut command = match node {
            0 => Command::new(BRIDGE),
            _ => {
                let mut command = Command::new("ip");
                command.args(["netns", "exec", "b", BRIDGE]);
                command
            }
        };
        let (own, other) = (node + 1, 2 - node);
        command.arg(&regions.name).args(RULES).args(["--nodes", "2", "--node", &node.to_string()]);
        command.args(["--listen", &format!("tcp/10.77.0.{own}:7447")]);
        command.args(["--peer", &format!("tcp/10.77.0.{other}:7447")]);
        command.stdin(Stdio::null()).spawn()
    };
    let started = Started(vec![bridge(0)?, bridge(1)?]);
    for round in 1..=100 {
        regions.write(0, round)?;
        regions.write(1, round)?;
        regions.until([round, round])?;
    }
    println!("Zenoh: 100 rounds over a cable of its own");
    Command::new("ip").args(["link", "set", "east", "down"]).status()?;
    let start = Instant::now();
    let mut round = 100;
    while start.elapsed() < PULLED {
        round += 1;
        regions.write(0, round)?;
        regions.write(1, 2 * round)?;
        thread::sleep(Duration::from_millis(10));
    }
    let far = regions.holds(1, [round, 2 * round])?;
    Command::new("ip").args(["link", "set", "east", "up"]).status()?;
    let seconds = regions.until([round, 2 * round])?;
    println!(
        "Zenoh: the cable was pulled for {} s and {} publications ({}); all was right {seconds:.1} s after",
        PULLED.as_secs(),
        round - 100,
        if far { "which arrived all the same" } else { "none of the last arrived meanwhile" }
    );
    started.end()
}
