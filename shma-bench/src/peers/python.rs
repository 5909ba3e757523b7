//! Python: the library's package, and numpy arrays over `multiprocessing.shared_memory` with a
//! `multiprocessing.Lock`. The loops run in an interpreter of their own, which is told what to do a
//! line at a time.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::SHMA_PYTHON;
use crate::ability::{Done, Peer, Place, Store, Unable, unable};

/// What answers the orders. It calls `begin(name, own, step)` and `end()` of the peer's part.
const LOOP: &str = include_str!("python.py");

/// Names another interpreter than `python3`.
const INTERPRETER: &str = "SHMA_BENCH_PYTHON";

/// numpy.
pub struct Numpy;

impl Peer for Numpy {
    fn name(&self) -> &'static str {
        "numpy"
    }

    fn about(&self) -> &'static str {
        "Python's numpy over multiprocessing.shared_memory with a multiprocessing.Lock, \
         values changed in place; a process that dies while it holds the lock leaves it locked"
    }

    fn copies(&self) -> u64 {
        3
    }

    fn create(&self, place: &Place) -> Result<Box<dyn Store>, Unable> {
        let missing = "there is no Python with numpy";
        Ok(Box::new(Interpreter::start(place, include_str!("numpy.py"), missing)?))
    }

    fn open(&self, _: &Place) -> Result<Box<dyn Store>, Unable> {
        unable("its lock is inherited, so that processes cannot meet by a name")
    }
}

/// The library's package for Python.
pub struct ShmaPython;

impl Peer for ShmaPython {
    fn name(&self) -> &'static str {
        SHMA_PYTHON
    }

    fn about(&self) -> &'static str {
        "this library's package for Python, with numpy arrays"
    }

    /// Four slots, two of an update's own, and what is read and written.
    fn copies(&self) -> u64 {
        8
    }

    fn create(&self, place: &Place) -> Result<Box<dyn Store>, Unable> {
        let missing = "there is no Python with the package shma";
        Ok(Box::new(Interpreter::start(place, include_str!("shma.py"), missing)?))
    }

    fn open(&self, _: &Place) -> Result<Box<dyn Store>, Unable> {
        unable("is measured alone")
    }
}

struct Interpreter {
    process: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Interpreter {
    fn start(place: &Place, peer: &str, missing: &str) -> Result<Self, Unable> {
        let interpreter = std::env::var_os(INTERPRETER).unwrap_or_else(|| "python3".into());
        let mut process = Command::new(interpreter)
            .args(["-c", &format!("{peer}\n{LOOP}"), &place.name, &place.bytes.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let (Some(orders), Some(answers)) = (process.stdin.take(), process.stdout.take()) else {
            return unable("no pipes to the interpreter");
        };
        let mut started = Self { process, orders, answers: BufReader::new(answers) };
        started.answer(missing)?;
        Ok(started)
    }

    fn answer(&mut self, otherwise: &str) -> Done {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        if line == "done\n" { Ok(()) } else { unable(otherwise) }
    }

    fn order(&mut self, order: &str, times: u64) -> Done {
        writeln!(self.orders, "{order} {times}")?;
        self.answer("the interpreter has failed")
    }
}

impl Store for Interpreter {
    fn fetch(&mut self, into: &mut [f64]) -> Done {
        writeln!(self.orders, "fetch 1")?;
        self.answers.read_exact(bytemuck::cast_slice_mut(into))?;
        self.answer("the interpreter has failed")
    }

    fn hand(&mut self, from: &[f64]) -> Done {
        writeln!(self.orders, "hand 1")?;
        self.orders.write_all(bytemuck::cast_slice(from))?;
        self.answer("the interpreter has failed")
    }

    fn read(&mut self, _: &mut [f64], times: u64) -> Done {
        self.order("read", times)
    }

    fn write(&mut self, _: &[f64], times: u64) -> Done {
        self.order("write", times)
    }

    fn update_with(&mut self, _: &[f64], times: u64) -> Done {
        self.order("update_with", times)
    }

    fn update(&mut self, _: &[f64], times: u64) -> Done {
        self.order("update", times)
    }
}

impl Drop for Interpreter {
    fn drop(&mut self) {
        let _ = writeln!(self.orders, "end 0");
        let _ = self.process.wait();
    }
}
