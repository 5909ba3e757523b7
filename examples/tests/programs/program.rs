//! A program under test, and what a test may ask of it.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// Far more than any step takes; a test that reaches it hangs.
const WATCHDOG: Duration = Duration::from_secs(120);

/// A process in a directory of its own.
pub struct Program {
    process: Child,
    stdout: Option<thread::JoinHandle<Vec<u8>>>,
    stderr: Option<thread::JoinHandle<Vec<u8>>>,
    directory: Option<TempDir>,
}

impl Program {
    pub fn start(binary: &str, line: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut process = Command::new(binary)
            .args(line.split_whitespace())
            .current_dir(&directory)
            // Open until it ends: a worker takes the end of its input for that of its leader.
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (stdout, stderr) = (collect(process.stdout.take()), collect(process.stderr.take()));
        Self { process, stdout: Some(stdout), stderr: Some(stderr), directory: Some(directory) }
    }

    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.process)
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Waits for the end; what it printed, and the directory that it was in.
    pub fn finish(mut self) -> (Output, TempDir) {
        let mut status = None;
        until("the program to end", || {
            status = self.process.try_wait().unwrap();
            status.is_some()
        });
        let printed = |stream: &mut Option<thread::JoinHandle<Vec<u8>>>| {
            stream.take().unwrap().join().unwrap()
        };
        let output = Output {
            status: status.unwrap(),
            stdout: printed(&mut self.stdout),
            stderr: printed(&mut self.stderr),
        };
        (output, self.directory.take().unwrap())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Only a test that failed leaves it running.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn collect(stream: Option<impl Read + Send + 'static>) -> thread::JoinHandle<Vec<u8>> {
    let mut stream = stream.unwrap();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        bytes
    })
}

/// Waits for a condition.
pub fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < WATCHDOG, "waited for {what} in vain");
        thread::sleep(Duration::from_millis(5));
    }
}

/// The regions whose names begin like this.
pub fn regions_beginning(prefix: &str) -> Vec<String> {
    let prefix = format!("shma.{prefix}");
    let names = fs::read_dir("/dev/shm").unwrap().map(|entry| entry.unwrap().file_name());
    names.filter_map(|name| name.into_string().ok()).filter(|n| n.starts_with(&prefix)).collect()
}

/// Whether the process has this region mapped.
pub fn has_mapped(pid: Pid, region: &str) -> bool {
    let maps = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("maps"));
    maps.is_ok_and(|maps| maps.contains(region))
}

/// Whether the process runs. One that has ended but was not yet waited for does not.
pub fn is_alive(pid: Pid) -> bool {
    let stat = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat"));
    // The state is the first word behind the name, which is in brackets.
    stat.is_ok_and(|stat| stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z')))
}

/// Waits until a process has come to rest: for a while it uses no processor, or has ended.
pub fn wait_for_rest(pid: Pid) {
    const LOOKS: usize = 100;
    let (mut used, mut looks) = (None, 0);
    until("the process to come to rest", || {
        let now = processor_time(pid);
        looks = if now == used { looks + 1 } else { 0 };
        used = now;
        looks == LOOKS
    });
}

/// What the process has used of a processor, in user mode and in the kernel.
fn processor_time(pid: Pid) -> Option<[u64; 2]> {
    let stat = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat")).ok()?;
    let mut fields = stat.rsplit_once(") ")?.1.split(' ').skip(11).map_while(|f| f.parse().ok());
    Some([fields.next()?, fields.next()?])
}

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}
