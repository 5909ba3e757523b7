//! A checkpoint that is killed at each of its system calls, and one whose system calls fail.
//!
//! Whatever happens, the file is the old one or the new one, whole. What a killed process leaves, the next
//! checkpoint to the path deletes; one that fails leaves nothing.

use std::fs;
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use shma_core::ShmState;

use crate::campaign::Campaign;
use crate::forked::End;
use crate::outcome::{Failure, Outcome};
use crate::plan::Plan;
use crate::present::{BEFORE, MADE, create, filled};
use crate::ptrace::{self, Stop, Tracee, mark};
use shma_tests::region::{self, InDirectory, Name};
use shma_tests::states::{Board, the_one};

/// The campaign.
pub(super) const CAMPAIGN: Campaign = Campaign {
    name: "checkpoint",
    about: "kills a checkpoint at each of its system calls, and lets each of them fail",
    run,
    work: |arguments| panic!("no process of its own starts with {arguments:?}"),
};

/// The ways in which each call fails.
const ERRORS: [Errno; 4] = [Errno::NOSPC, Errno::MFILE, Errno::IO, Errno::INTR];

/// A checkpoint that ends within so many stops is not reached any more.
const MOST: u32 = 1000;

/// A file, and the region that is saved there.
struct Scene {
    folder: PathBuf,
    name: Name,
}

fn run(plan: &Plan, outcome: &mut Outcome) {
    if let Err(error) = ptrace::is_permitted() {
        return outcome.skip(format!("a child cannot be traced here: {error}"));
    }
    // In memory and on a disk: they make other system calls wait.
    for parent in [region::directory(), &std::env::temp_dir()] {
        let scene = Scene::new(parent);
        for _ in plan.rounds("passes", 1) {
            if let Err(failure) = scene.kill_each(outcome).and_then(|()| scene.refuse_each(outcome))
            {
                outcome.fail(failure);
            }
        }
    }
}

impl Scene {
    fn new(parent: &Path) -> Self {
        let name = Name::new("checkpoint");
        let folder = parent.join(format!("{name}"));
        fs::create_dir(&folder).expect("the name is new");
        Self { folder, name }
    }

    fn file(&self) -> PathBuf {
        self.folder.join("file")
    }

    /// A child that is about to save a state of [`MADE`] over one of [`BEFORE`].
    fn victim(&self) -> Tracee {
        // The last one of a region deletes it, so each victim has its own.
        let before = create(&self.name, BEFORE).expect("no other process uses the name");
        before.checkpoint(self.file()).expect("there is room");
        drop(before);
        Tracee::start(|| {
            let board = Board::in_directory().create(&self.name, &filled(MADE)).unwrap();
            mark();
            // An error is an answer.
            let _ = board.checkpoint(self.file());
            mark();
        })
    }

    /// The file is the old or the new one, and nothing but the dead one's own is beside it.
    fn check(&self, may_leave: bool) -> Result<(), String> {
        let saved = Board::load(self.file()).map_err(|error| error.to_string())?;
        let count = saved.count;
        if ![BEFORE, MADE].contains(&count) || the_one(&saved.row) != count {
            return Err(format!("the file holds {count}"));
        }
        let beside = self.beside();
        if beside.len() > usize::from(may_leave) {
            return Err(format!("left behind: {beside:?}"));
        }
        let board = create(&self.name, BEFORE).map_err(|error| error.to_string())?;
        board.checkpoint(self.file()).map_err(|error| error.to_string())?;
        match self.beside() {
            left if left.is_empty() => Ok(()),
            left => Err(format!("not swept by the next checkpoint: {left:?}")),
        }
    }

    fn beside(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.folder).expect("it is the scene's own").flatten();
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        names.filter(|name| name != "file").collect()
    }

    /// Kills it before its first system call, behind it, before the second one, and so on to the last.
    fn kill_each(&self, outcome: &mut Outcome) -> Result<(), Failure> {
        for number in 0..MOST {
            let mut victim = self.victim();
            let mut stop = victim.run_to_system_call();
            for _ in 0..number {
                if stop != Stop::SystemCall {
                    break;
                }
                stop = victim.run_to_system_call();
            }
            if stop != Stop::SystemCall {
                return Ok(());
            }
            let call = victim.system_call();
            assert_eq!(victim.kill(), End::Killed);
            outcome.count("kills", 1);
            self.check(true).map_err(|what| {
                Failure::new(format!("killed at stop {number}, system call {call}"), what)
            })?;
        }
        Err(Failure::new("kills", format!("it stops more than {MOST} times")))
    }

    fn refuse_each(&self, outcome: &mut Outcome) -> Result<(), Failure> {
        for error in ERRORS {
            let mut number = 0;
            while let Some(call) = self.refuse(number, error) {
                outcome.count("system calls refused", 1);
                // What is to delete the file may be what fails.
                let may_leave = matches!(call, libc::SYS_unlink | libc::SYS_unlinkat);
                self.check(may_leave).map_err(|what| {
                    let call = format!("system call {number}, {call}, refused by {error}");
                    Failure::new(call, what)
                })?;
                number += 1;
            }
        }
        Ok(())
    }

    /// Lets the call of this number fail; `None` if it makes fewer.
    fn refuse(&self, number: u32, error: Errno) -> Option<i64> {
        let mut victim = self.victim();
        let mut made = 0;
        let mut refused = None;
        while victim.run_to_system_call() == Stop::SystemCall {
            let call = victim.system_call();
            // With these it stops itself.
            let counts = !matches!(call, libc::SYS_kill | libc::SYS_getpid);
            if counts && made == number {
                victim.refuse(error.raw_os_error());
                refused = Some(call);
            } else if victim.run_to_system_call() != Stop::SystemCall {
                break;
            }
            made += u32::from(counts);
        }
        victim.kill();
        refused
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
        // Of a victim that was killed.
        let _ = shma_core::inspect::remove_dead_in(region::directory(), &self.name);
    }
}
