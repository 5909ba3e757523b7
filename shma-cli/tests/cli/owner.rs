//! The other process: this program once more, running nothing but what is here.

use std::io::BufRead;
use std::path::Path;
use std::process::Command;

use half::{bf16, f16};
use num_complex::Complex;
use shma_core::{ShmElement, ShmState};
use shma_tests::child::Child;

/// Where a owner finds the name of its region.
const NAME: &str = "SHMA_TEST_OWNER";

#[derive(Debug, Clone, Copy, PartialEq, ShmElement)]
#[repr(C)]
pub struct Pose {
    pub at: [f64; 2],
    pub id: u32,
    pub flags: [u8; 4],
}

/// A state with one of everything that looks different.
#[derive(Debug, ShmState)]
pub struct Lab {
    pub grid: [[f32; 4]; 3],
    pub series: [f64; 5],
    #[shm(timed, slots = 2)]
    pub step: u64,
    pub poses: [Pose; 2],
    #[shm(atomic)]
    pub hits: [u32; 4],
    pub halves: [f16; 3],
    pub brains: [bf16; 2],
    pub waves: [Complex<f32>; 2],
    pub wide: i128,
}

/// Values that can be told apart.
pub fn filled() -> Box<Lab> {
    let mut lab = Lab::zeroed();
    for (i, number) in lab.grid.as_flattened_mut().iter_mut().enumerate() {
        *number = i as f32 * 0.5 - 2.0;
    }
    lab.series = [0.1, -2.5, 1e300, f64::NAN, f64::NEG_INFINITY];
    lab.step = 41;
    lab.poses[1] = Pose { at: [1.5, -2.25], id: 7, flags: [1, 0, 255, 4] };
    lab.hits = [0, 1, 2, u32::MAX];
    lab.halves = [0.5, -1.25, 65504.0].map(f16::from_f32);
    lab.brains = [1.0, -3.0].map(bf16::from_f32);
    lab.waves = [Complex::new(1.0, -2.0), Complex::new(0.0, 0.5)];
    lab.wide = i128::MIN;
    lab
}

/// A owner that has created the region. Lines tell it what to do; it ends in order with `leave`.
#[derive(Debug)]
pub struct Owner(Child);

impl Owner {
    pub fn create(name: &str) -> Self {
        Self::create_by(std::env::current_exe().unwrap().as_ref(), name)
    }

    /// By a copy of this program of this name.
    pub fn create_by(program: &Path, name: &str) -> Self {
        let mut command = Command::new(program);
        command.args(["owner::be_one", "--exact", "--ignored", "--nocapture"]).env(NAME, name);
        let mut owner = Self(Child::start_command(&mut command));
        owner.expect("created");
        owner
    }

    pub fn pid(&self) -> u32 {
        self.0.pid()
    }

    /// Waits for a line; the test runner says some of its own.
    fn expect(&mut self, line: &str) {
        while self.0.line() != line {}
    }

    pub fn ask(&mut self, line: &str) {
        self.0.tell(line);
        self.expect(&format!("did {line}"));
    }

    /// Lets it take the semaphore of `step`, and keep it.
    pub fn hold(&mut self) {
        self.0.tell("hold");
        self.expect("holding");
    }

    /// Lets it end in order, without dropping its handle.
    pub fn exit(mut self) {
        self.0.tell("exit");
        assert!(self.0.end().success());
    }

    pub fn kill(self) {
        self.0.kill();
    }

    /// Lets it end in order, as the last one to leave.
    pub fn leave(mut self) {
        self.0.tell("leave");
        assert!(self.0.end().success());
    }
}

/// No test of its own: the tests start this program with it, since a package's tests can start only
/// the programs that it installs, and this is none of those.
#[test]
#[ignore = "the other process of the other tests"]
fn be_one() {
    let Ok(name) = std::env::var(NAME) else { return };
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL)).unwrap();
    let lab = Lab::create(&name, &filled()).unwrap();
    println!("\ncreated");
    let mut lines = std::io::stdin().lock().lines().map(Result::unwrap);
    while let Some(line) = lines.next() {
        match line.as_str() {
            "leave" => break,
            "exit" => std::process::exit(0),
            "step" => lab.step.update(|new, old| *new = old + 1),
            "spoil" => lab.grid.update(|new, _| new[1][2] = f32::NAN),
            "mend" => lab.grid.update(|new, _| new[1][2] = 0.0),
            "hold" => lab.step.update(|_, _| {
                println!("holding");
                assert_eq!(lines.next().as_deref(), Some("release"));
            }),
            unknown => panic!("unknown: `{unknown}`"),
        }
        println!("did {line}");
    }
}
