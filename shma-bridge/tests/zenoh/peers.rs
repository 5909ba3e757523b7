//! Bridges as peers, each with an address of its own.

use std::cell::RefCell;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use crate::support::until;

/// The bridges of a job. Dropped, those that are left are killed.
pub struct Job {
    name: String,
    rules: Vec<String>,
    ports: Vec<u16>,
    bridges: Vec<RefCell<Option<Child>>>,
}

impl Job {
    /// A job whose bridges are not started yet.
    pub fn of(nodes: usize, name: &str, rules: &[&str]) -> Self {
        // All are taken at once, so that they differ; no other program of this machine is given them soon.
        let taken: Vec<_> = (0..nodes).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let ports = taken.iter().map(|taken| taken.local_addr().unwrap().port()).collect();
        let rules = rules.iter().map(|rule| (*rule).to_owned()).collect();
        let bridges = (0..nodes).map(|_| RefCell::new(None)).collect();
        Self { name: name.to_owned(), rules, ports, bridges }
    }

    pub fn start(nodes: usize, name: &str, rules: &[&str]) -> Self {
        let mut job = Self::of(nodes, name, rules);
        (0..nodes).for_each(|node| job.start_again(node));
        job
    }

    /// A bridge that knows of one peer, node 0; that one knows of node 1.
    fn spawn(&self, node: usize, port: u16) -> Child {
        let address = |port: u16| format!("tcp/127.0.0.1:{port}");
        let peer = address(self.ports[usize::from(node == 0)]);
        Command::new(env!("CARGO_BIN_EXE_shma-bridge"))
            .arg(&self.name)
            .args(&self.rules)
            .args(["--node", &node.to_string(), "--nodes", &self.ports.len().to_string()])
            .args(["--listen", &address(port), "--peer", &peer])
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    pub fn start_again(&mut self, node: usize) {
        *self.bridges[node].get_mut() = Some(self.spawn(node, self.ports[node]));
    }

    /// Another bridge with the number of a node: how it ends.
    pub fn twin(&self, node: usize) -> (Option<i32>, String) {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        ended(self.spawn(node, port))
    }

    pub fn id(&self, node: usize) -> u32 {
        self.bridges[node].borrow().as_ref().unwrap().id()
    }

    pub fn is_running(&self, node: usize) -> bool {
        self.bridges[node].borrow_mut().as_mut().unwrap().try_wait().unwrap().is_none()
    }

    pub fn signal(&self, node: usize, signal: &str) {
        let id = self.id(node).to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    pub fn kill(&self, node: usize) {
        let mut bridge = self.bridges[node].borrow_mut().take().unwrap();
        bridge.kill().unwrap();
        bridge.wait().unwrap();
    }

    /// Ends one by a signal: its code, and what it has said.
    pub fn end(&self, node: usize, signal: &str) -> (Option<i32>, String) {
        self.signal(node, signal);
        ended(self.bridges[node].borrow_mut().take().unwrap())
    }

    /// Waits for the ends of all: codes, and what they said.
    pub fn wait(self) -> Vec<(Option<i32>, String)> {
        self.bridges.iter().map(|bridge| ended(bridge.borrow_mut().take().unwrap())).collect()
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        for mut bridge in self.bridges.iter().filter_map(|bridge| bridge.borrow_mut().take()) {
            let _ = bridge.kill();
            let _ = bridge.wait();
        }
    }
}

/// Killed if it does not end.
struct Ending(Option<Child>);

impl Drop for Ending {
    fn drop(&mut self) {
        if let Some(mut bridge) = self.0.take() {
            let _ = bridge.kill();
            let _ = bridge.wait();
        }
    }
}

fn ended(bridge: Child) -> (Option<i32>, String) {
    let mut ending = Ending(Some(bridge));
    until("a bridge ends", || ending.0.as_mut().unwrap().try_wait().unwrap().is_some());
    let output = ending.0.take().unwrap().wait_with_output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}
