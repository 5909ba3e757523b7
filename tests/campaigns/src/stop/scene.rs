//! One case: a region, the one who is stopped, and what the others see.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use shma_core::{Access, Error, ReadOnly, Shm, ShmState};

use rustix::process::Signal;
use shma_tests::child::Child;
use shma_tests::region::{Bytes, InDirectory, Name, control};
use shma_tests::rng::Rng;
use shma_tests::states::{Board, the_one};

/// Stops of a gazer in one case.
pub const GAZES: u64 = 10;

/// Publications while a reader is stopped.
const PUBLICATIONS: u64 = 1_000;

/// Looks at everything while a writer is stopped.
const LOOKS: u64 = 100;

/// Long enough for some looks at the owner of a semaphore.
const PATIENCE: Duration = Duration::from_millis(30);

/// A region, and a process that can be stopped in it.
pub struct Scene<'a> {
    program: &'a Path,
    pub name: Name,
    /// The file of the region, whatever has the name later.
    bytes: Bytes,
    board: Shm<Board>,
    seen: Shm<Board, ReadOnly>,
}

impl<'a> Scene<'a> {
    pub fn new(program: &'a Path) -> Self {
        let name = Name::new("stop");
        let board = Board::in_directory().create(&name, &Board::zeroed()).expect("the name is new");
        let seen = Board::in_directory().open_read_only(&name).expect("it is there");
        Self { bytes: name.bytes(), program, name, board, seen }
    }

    fn start(&self, call: &str, name: &str, at: Option<&str>) -> Child {
        let mut command = Command::new(self.program);
        command.args(["worker", "stop", call, name]);
        if let Some(at) = at {
            command.env("SHMA_STOP", format!("pause:{at}"));
        }
        let mut child = Child::start_command(&mut command);
        child.expect("ready");
        child
    }

    fn owner(&self, field: usize) -> u32 {
        let partition = Board::partitions()[field];
        self.bytes.u32(partition + control::LOCK) & control::OWNER
    }

    pub fn stop_writer(&self, call: &str, point: &str) -> Result<(), String> {
        let mut writer = self.start(call, &self.name, Some(point));
        writer.tell("go");
        writer.await_stopped();
        let mut counts = [0; 3];
        for (field, count) in counts.iter_mut().enumerate() {
            *count = self.try_to_write(field)?;
        }
        for _ in 0..LOOKS {
            self.look(&self.board)?;
            self.look(&self.seen)?;
        }
        let [before, ..] = self.versions();
        writer.go_on();
        writer.expect("done");
        if before > self.versions()[0] {
            return Err(format!("version {before} became {}", self.versions()[0]));
        }
        for (field, count) in counts.iter_mut().enumerate() {
            *count += self.try_to_write(field)?;
            if self.owner(field) != 0 {
                return Err("it has gone on, and the semaphore is still held".into());
            }
        }
        self.compare(call, counts)
    }

    /// Acquires if and only if the semaphore is free, and takes nothing from its holder. Returns
    /// how often something was published.
    fn try_to_write(&self, field: usize) -> Result<u64, String> {
        let owner = self.owner(field);
        let written = match field {
            0 => self.board.count.update_timeout(PATIENCE, |new, old| *new = old + 1),
            1 => self.board.later.update_timeout(PATIENCE, |new, old| *new = old + 1),
            _ => self.board.row.update_timeout(PATIENCE, |new, old| {
                new.iter_mut().zip(old).for_each(|(new, old)| *new = old + 1);
            }),
        };
        match (written, owner) {
            (Ok(()), 0) => Ok(1),
            (Err(Error::Timeout { .. }), owner) if owner != 0 && self.owner(field) == owner => {
                Ok(0)
            }
            (written, owner) => Err(format!(
                "field {field} was held by {owner} and now by {}, and writing gave {written:?}",
                self.owner(field)
            )),
        }
    }

    /// Everything can be read, and is whole.
    fn look<A: Access>(&self, board: &Shm<Board, A>) -> Result<(), String> {
        let text = |error: Error| format!("beside a stopped writer: {error}");
        let mut row = [0; 1024];
        board.row.try_read(&mut row).map_err(text)?;
        the_one(&row);
        let mut all = Board::zeroed();
        board.try_snapshot_into(&mut all).map_err(text)?;
        the_one(&all.row);
        if all.count == board.count.read() && all.later == board.later.read() {
            return Ok(());
        }
        Err(format!("a snapshot has {} and {}", all.count, all.later))
    }

    fn versions(&self) -> [u64; 3] {
        let board = &self.board;
        [board.count.version(), board.later.version(), board.row.version()].map(u64::from)
    }

    /// In the end everything that was published is there, once.
    fn compare(&self, call: &str, others: [u64; 3]) -> Result<(), String> {
        let own = match call {
            "update" => [1, 0, 0],
            "transaction" => [1, 1, 0],
            _ => [0, 0, 0],
        };
        let expected = std::array::from_fn(|field| own[field] + others[field]);
        let all = self.board.snapshot();
        let found = [all.count, all.later, the_one(&all.row)];
        if found == expected {
            Ok(())
        } else {
            Err(format!("{found:?} is there, not {expected:?}"))
        }
    }

    pub fn stop_reader(&self, call: &str, point: &str) -> Result<(), String> {
        let mut reader = self.start(call, &self.name, Some(point));
        reader.tell("go");
        reader.await_stopped();
        for number in 1..=PUBLICATIONS {
            self.publish(number);
        }
        reader.go_on();
        reader.expect("done");
        self.compare("read", [PUBLICATIONS; 3])
    }

    /// Publishes to all fields, the first two as one.
    fn publish(&self, number: u64) {
        self.board.transaction(|new, _| (*new.count, *new.later) = (number, number));
        self.board.row.write(&[number; 1024]);
    }

    pub fn stop_gazer(&self, call: &str, rng: &mut Rng) -> Result<(), String> {
        let gazer = self.start(call, &self.name, None);
        let mut number = 0;
        for _ in 0..GAZES {
            // It reads beside this, wherever it stands when the signal comes.
            for _ in 0..rng.below(200) {
                number += 1;
                self.publish(number);
            }
            gazer.signal(Signal::STOP);
            for _ in 0..PUBLICATIONS {
                number += 1;
                self.publish(number);
            }
            gazer.go_on();
        }
        if gazer.close().success() {
            Ok(())
        } else {
            Err("a reader was stopped, and failed".into())
        }
    }

    /// Every call that attaches, detaches or removes gets an answer, if not always the one it would
    /// like.
    pub fn stop_comer(&self, call: &str, point: &str) -> Result<(), String> {
        let other = Name::new("stop-create");
        let name = if call == "create" { &other } else { &self.name };
        let mut comer = self.start(call, name, Some(point));
        comer.tell("go");
        comer.await_stopped();
        let answers = [
            Board::in_directory().open(name).map(drop),
            Board::in_directory().open_read_only(name).map(drop),
            Board::in_directory().create(name, &Board::with(1)).map(drop),
            Board::in_directory().open_or_create(name, &Board::with(1)).map(drop),
            Board::in_directory().unlink(name),
        ];
        for answer in answers {
            match answer {
                Ok(())
                | Err(
                    Error::NotFound { .. } | Error::AlreadyExists { .. } | Error::Timeout { .. },
                ) => {}
                Err(error) => return Err(error.to_string()),
            }
        }
        // The region in which others are goes on, whatever becomes of its name.
        self.look(&self.board)?;
        self.try_to_write(0)?;
        comer.go_on();
        // What it came for may be gone: then it says so and ends.
        comer.close();
        match other.exists() {
            true => Err("no process is attached, and the region still exists".into()),
            false => Ok(()),
        }
    }
}
