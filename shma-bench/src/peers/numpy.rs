//! Python: numpy arrays over `multiprocessing.shared_memory` with a `multiprocessing.Lock`. The loops
//! run in an interpreter of their own, which is told what to do a line at a time.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::ability::{Done, Peer, Place, Store, Unable, unable};

const PROGRAM: &str = include_str!("numpy.py");

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
        Ok(Box::new(Interpreter::start(place)?))
    }

    fn open(&self, _: &Place) -> Result<Box<dyn Store>, Unable> {
        unable("its lock is inherited, so that processes cannot meet by a name")
    }
}

struct Interpreter {
    process: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Interpreter {
    fn start(place: &Place) -> Result<Self, Unable> {
        let interpreter = std::env::var_os(INTERPRETER).unwrap_or_else(|| "python3".into());
        let mut process = Command::new(interpreter)
            .args(["-c", PROGRAM, &place.name, &place.bytes.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let (Some(orders), Some(answers)) = (process.stdin.take(), process.stdout.take()) else {
            return unable("no pipes to the interpreter");
        };
        let mut started = Self { process, orders, answers: BufReader::new(answers) };
        started.answer("there is no Python with numpy")?;
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
        self.order("update", times)
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
