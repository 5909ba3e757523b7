//! Nodes on this machine, each with a region of its own.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use shma_bridge::engine::Local;
use shma_bridge::{Bridge, Error, Moved, Settings};
use shma_core::untyped::{self, Attributes, Declaration, State, Wait};

/// How long anything may take. It says that something hangs, not how fast anything is.
const PATIENCE: Duration = Duration::from_secs(90);

/// Waits until the condition holds.
#[track_caller]
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "watchdog: still not so after {PATIENCE:?}: {what}");
        thread::sleep(Duration::from_millis(1));
    }
}

/// Tells threads to end when it is dropped, also by a failure: a scope waits for its threads.
pub struct Ends<'a>(pub &'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Names of regions, one for each node: a number stands for `{rank}`. Dropped, they are removed.
pub struct Names {
    pub pattern: String,
    nodes: usize,
}

impl Names {
    pub fn new(nodes: usize) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let random = fastrand::u64(..);
        let pattern = format!("test-bridge-{}-{number}-{random:016x}-{{rank}}", std::process::id());
        Self { pattern, nodes }
    }

    pub fn of(&self, node: usize) -> String {
        self.pattern.replace("{rank}", &node.to_string())
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        for node in 0..self.nodes {
            let _ = untyped::options().unlink(&self.of(node));
        }
    }
}

/// A state with these fields: name and type.
pub fn declare(fields: &[(&str, &str)]) -> Declaration {
    let mut declaration = Declaration::new("Trainer").unwrap();
    for (name, ty) in fields {
        declaration.field(*name, ty.parse().unwrap(), Attributes::new()).unwrap();
    }
    declaration
}

pub fn create(name: &str, declaration: &Declaration) -> State {
    untyped::options().create(name, declaration).unwrap()
}

/// A region of these fields at each node.
pub fn states(names: &Names, nodes: usize, fields: &[(&str, &str)]) -> Vec<State> {
    (0..nodes).map(|node| create(&names.of(node), &declare(fields))).collect()
}

/// Waits until all regions have taken part once, so that none adopts any more.
pub fn settled(states: &[State]) {
    let all = || states.iter().flat_map(State::fields);
    until("all take part", || all().all(|field| u64::from(field.version()) > 1));
}

/// A kind of number.
pub trait Number: Copy {
    fn put(self, into: &mut Vec<u8>);
    fn get(bytes: &[u8]) -> Self;
}

macro_rules! numbers {
    ($($ty:ty)*) => { $(
        impl Number for $ty {
            fn put(self, into: &mut Vec<u8>) {
                into.extend(self.to_ne_bytes());
            }
            fn get(bytes: &[u8]) -> Self {
                Self::from_ne_bytes(bytes.try_into().unwrap())
            }
        }
    )* };
}

numbers! { f32 f64 u16 u32 u64 }

pub fn write<T: Number>(state: &State, field: &str, values: &[T]) {
    let mut bytes = Vec::new();
    values.iter().for_each(|value| value.put(&mut bytes));
    state.field(field).unwrap().write(&bytes, Wait::Forever).unwrap();
}

pub fn read<T: Number>(state: &State, field: &str) -> Vec<T> {
    let field = state.field(field).unwrap();
    let mut bytes = vec![0; field.size()];
    field.read(&mut bytes).unwrap();
    bytes.chunks_exact(size_of::<T>()).map(T::get).collect()
}

pub fn version(state: &State, field: &str) -> u64 {
    state.field(field).unwrap().version().into()
}

/// Changes a value under its semaphore.
pub fn change<T: Number>(state: &State, field: &str, f: impl FnOnce(&mut [T])) {
    let field = state.field(field).unwrap();
    let changed = field.update(Wait::Forever, |new, _| {
        let mut values: Vec<T> = new.chunks_exact(size_of::<T>()).map(T::get).collect();
        f(&mut values);
        let mut bytes = Vec::new();
        values.into_iter().for_each(|value| value.put(&mut bytes));
        new.copy_from_slice(&bytes);
    });
    changed.unwrap();
}

/// Counts in the node's row of `halo` until it is done, and returns the count. Each time it finds there
/// what it has written last. Node 0 writes its count to `step`. `between` comes after each.
pub fn count(state: &State, node: usize, done: &AtomicBool, mut between: impl FnMut()) -> u64 {
    let mut count = 0_u64;
    while !done.load(Ordering::Relaxed) {
        change::<u64>(state, "halo", |all| {
            let own = &mut all[16 * node..16 * (node + 1)];
            assert!(own.iter().all(|n| *n == count), "{own:?} and not {count}");
            count += 1;
            own.fill(count);
        });
        if node == 0 {
            write(state, "step", &[count]);
        }
        between();
    }
    count
}

/// Waits until both nodes have the last counts of both.
pub fn counted(states: &[State], counts: &[u64]) {
    let halo = [[counts[0]; 16], [counts[1]; 16]].concat();
    for state in states {
        until("all counts arrive", || read::<u64>(state, "halo") == halo);
        until("the last step arrives", || read::<u64>(state, "step") == [counts[0]]);
    }
}

/// Writes so many numbers to `a` and one to `b` at the first node, all the same, until so many of these
/// steps have arrived at the second. Each arrives whole, and none goes back.
pub fn one_group(states: &[State], numbers: usize, enough: u32) {
    let over = &AtomicBool::new(false);
    thread::scope(|scope| {
        let _ends = Ends(over);
        let [a, b] = ["a", "b"].map(|name| states[0].field(name).unwrap());
        scope.spawn(move || {
            let mut step = 0_u64;
            while !over.load(Ordering::Relaxed) {
                step += 1;
                let (one, all) = (step.to_ne_bytes(), step.to_ne_bytes().repeat(numbers));
                states[0].write_all(&[(a, &all), (b, &one)], Wait::Forever).unwrap();
            }
        });
        let far = &states[1];
        let [a, b] = ["a", "b"].map(|name| far.field(name).unwrap());
        let (mut all, mut one) = (vec![0; 8 * numbers], [0; 8]);
        let (mut last, mut steps) = (0, 0);
        until("all steps arrive", || {
            far.snapshot(&mut [(a, &mut all), (b, &mut one)]).unwrap();
            let step = u64::from_ne_bytes(one);
            assert!(all.chunks(8).all(|number| number == one), "a mixture at step {step}");
            assert!(step >= last, "from {last} back to {step}");
            steps += u32::from(step > last);
            last = step;
            steps == enough
        });
    });
}

/// What a bridge ended with, and what it has moved.
pub type Ended = (Result<(), Error>, Moved);

/// Bridges as threads of this process.
pub struct Team {
    stop: Vec<Arc<AtomicBool>>,
    bridges: Vec<JoinHandle<Ended>>,
    pub reports: Receiver<String>,
}

impl Team {
    pub fn start(nodes: usize, settings: impl Fn(usize) -> Settings) -> Self {
        let (tell, reports) = channel();
        let mut team = Self { stop: Vec::new(), bridges: Vec::new(), reports };
        for (node, engine) in Local::team(nodes).unwrap().into_iter().enumerate() {
            let stop = Arc::new(AtomicBool::new(false));
            let mut bridge = Bridge::new(engine, settings(node));
            let tell = tell.clone();
            bridge.on_report(move |text| drop(tell.send(text.to_owned())));
            team.stop.push(Arc::clone(&stop));
            team.bridges.push(thread::spawn(move || (bridge.run(&stop), bridge.moved())));
        }
        team
    }

    /// Waits until all have ended by themselves.
    pub fn end(self) -> Vec<Ended> {
        until("all bridges end", || self.bridges.iter().all(JoinHandle::is_finished));
        self.bridges.into_iter().map(|bridge| bridge.join().unwrap()).collect()
    }

    /// Tells one to stop, which ends all.
    pub fn stop(self, node: usize) -> Vec<Moved> {
        self.stop[node].store(true, Ordering::Relaxed);
        let ended = self.end();
        ended.into_iter().map(|(result, moved)| result.map(|()| moved).unwrap()).collect()
    }
}

/// Bridges as processes that meet at a socket. Dropped, those that are left are killed.
pub struct Processes {
    pub children: Vec<Child>,
    _socket: tempfile::TempDir,
}

impl Processes {
    pub fn start(nodes: usize, name: &str, arguments: &[&str]) -> Self {
        let socket = tempfile::tempdir().unwrap();
        let path: PathBuf = socket.path().join("socket");
        let start = |node: usize| {
            Command::new(env!("CARGO_BIN_EXE_shma-bridge"))
                .arg(name)
                .args(arguments)
                .args(["--local", path.to_str().unwrap(), "--node", &node.to_string()])
                .args(["--nodes", &nodes.to_string()])
                .stdin(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        };
        Self { children: (0..nodes).map(start).collect(), _socket: socket }
    }

    /// Sends a signal to one of them.
    pub fn signal(&self, node: usize, signal: &str) {
        let id = self.children[node].id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    /// Waits for the ends of all: codes, and what they said.
    pub fn end(mut self) -> Vec<(Option<i32>, String)> {
        let mut ended = Vec::new();
        for mut child in std::mem::take(&mut self.children) {
            until("a bridge ends", || child.try_wait().unwrap().is_some());
            let output = child.wait_with_output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            ended.push((output.status.code(), said));
        }
        ended
    }
}

impl Processes {
    /// Kills all of them.
    pub fn kill(&mut self) {
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Processes {
    fn drop(&mut self) {
        self.kill();
    }
}
