//! The child that does calls on a [`Board`] one by one, as it is told, and says what came of them.
//!
//! An answer is what the call returned, `ok` for nothing, `error NAME: MESSAGE`, or
//! `panicked: MESSAGE`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use shma_core::{Element, Error, Options, ReadOnly, Shm, ShmState, Version, Writer, inspect};
use shma_tests::panics;
use shma_tests::region;
use shma_tests::states::{Board, Row, the_one};

use crate::answer::{Answer, number, ok};
use crate::{alarms, publishing, say, scribble};

/// Answers line after line.
pub fn run() {
    let lines = listen();
    let mut talk = Talk { handle: Handle::None, directory: region::DIRECTORY.into(), lines };
    while let Ok(line) = talk.lines.recv() {
        say(&talk.answer(&line));
    }
}

/// Reads the input in a thread of its own, so that its end is seen also while a call waits.
fn listen() -> Receiver<String> {
    let (sender, lines) = mpsc::channel();
    std::thread::spawn(move || {
        while let Some(line) = crate::next_line() {
            if sender.send(line).is_err() {
                break;
            }
        }
        // Leaves no time for destructors: a test that wants an orderly end says `close` first.
        std::process::exit(0);
    });
    lines
}

/// Another layout than that of a [`Board`].
#[derive(ShmState)]
struct Otherwise {
    count: f64,
}

enum Handle {
    None,
    Writer(Shm<Board>),
    Reader(Shm<Board, ReadOnly>),
}

struct Talk {
    handle: Handle,
    /// Where regions lie.
    directory: PathBuf,
    lines: Receiver<String>,
}

/// The same call on a handle of either kind.
macro_rules! on_either {
    ($handle:expr, $board:ident => $call:expr) => {
        match $handle {
            Handle::Writer($board) => $call,
            Handle::Reader($board) => $call,
            Handle::None => panic!("no region is open"),
        }
    };
}

impl Talk {
    fn answer(&mut self, line: &str) -> String {
        match catch_unwind(AssertUnwindSafe(|| self.call(line))) {
            Ok(Ok(answer)) => answer,
            Ok(Err(error)) => describe(&error),
            Err(panic) => format!("panicked: {}", text_of(&*panic)),
        }
    }

    fn call(&mut self, line: &str) -> Answer {
        let words: Vec<&str> = line.split_whitespace().collect();
        if let Some(answer) = self.life(&words) {
            return answer;
        }
        if let Some(answer) = crime(&words) {
            return Ok(answer);
        }
        if let Some(answer) = self.reading(&words) {
            return answer;
        }
        self.writing(&words).unwrap_or_else(|| panic!("unknown call `{line}`"))
    }

    /// Calls that make and end handles and names.
    fn life(&mut self, words: &[&str]) -> Option<Answer> {
        let opened = match *words {
            ["become", user] => {
                become_user(number(user) as u32);
                return Some(Ok(ok(())));
            }
            ["alarms", micros] => {
                alarms::ring(Duration::from_micros(number(micros)));
                return Some(Ok(ok(())));
            }
            ["dir", path] => {
                self.directory = path.into();
                return Some(Ok(ok(())));
            }
            ["make-folder", path] => {
                std::fs::create_dir(path).unwrap();
                return Some(Ok(ok(())));
            }
            ["go-to", path] => {
                std::env::set_current_dir(path).unwrap();
                return Some(Ok(ok(())));
            }
            ["jail"] => {
                rustix::process::chroot("/proc/self/fdinfo").unwrap();
                return Some(Ok(ok(())));
            }
            ["open-otherwise", name] => return Some(Otherwise::open(name).map(|_| ok(()))),
            ["limit-descriptors"] => return Some(limit_descriptors()),
            ["limit-files", bytes] => return Some(limit_files(number(bytes))),
            ["create", name, count] => self.options().create(name, &Board::with(number(count))),
            ["create-persistent", name, count] => {
                self.options().persistent(true).create(name, &Board::with(number(count)))
            }
            ["create-mode", name, mode] => {
                let mode = u32::from_str_radix(mode, 8).unwrap();
                self.options().mode(mode).create(name, &Board::with(0))
            }
            ["open", name] => self.options().open(name),
            ["open-within", millis, name] => {
                self.options().wait(Duration::from_millis(number(millis))).open(name)
            }
            ["open-of", name, owner] => self.options().allow_owner(number(owner) as u32).open(name),
            ["open-or-create", name, count] => {
                self.options().open_or_create(name, &Board::with(number(count)))
            }
            ["open-read-only-of", name, owner] => {
                let options = self.options().allow_owner(number(owner) as u32);
                return Some(self.read_only(options, name));
            }
            ["open-read-only", name] => return Some(self.read_only(self.options(), name)),
            ["names"] => {
                return Some(inspect::names_in(&self.directory).map(|names| names.join(" ")));
            }
            ["size", name] => {
                let path = self.directory.join(format!("shma.{name}"));
                return Some(Ok(path.metadata().unwrap().len().to_string()));
            }
            ["view", name] => {
                let view = inspect::View::open_in(&self.directory, name, inspect::Whose::Own);
                return Some(view.map(|_| ok(())));
            }
            ["view-of", name, owner] => {
                let owner = number(owner) as u32;
                return Some(inspect::View::open_in(&self.directory, name, owner).map(|_| ok(())));
            }
            ["files"] => return Some(Ok(format!("files {}", region::files().join(" ")))),
            ["unlink", name] => return Some(self.options().unlink(name).map(ok)),
            ["remove-dead", name] => {
                return Some(
                    inspect::remove_dead_in(&self.directory, name).map(|it| it.to_string()),
                );
            }
            ["close"] => {
                self.handle = Handle::None;
                return Some(Ok(ok(())));
            }
            _ => return None,
        };
        Some(opened.map(|board| {
            self.handle = Handle::Writer(board);
            ok(())
        }))
    }

    fn options(&self) -> Options<Board> {
        Board::options().dir(&self.directory)
    }

    fn read_only(&mut self, options: Options<Board>, name: &str) -> Answer {
        self.handle = Handle::Reader(options.open_read_only(name)?);
        Ok(ok(()))
    }

    fn reading(&self, words: &[&str]) -> Option<Answer> {
        let handle = &self.handle;
        Some(Ok(match *words {
            ["read"] => on_either!(handle, board => board.count.read()).to_string(),
            ["read-later"] => on_either!(handle, board => board.later.read()).to_string(),
            ["read-row"] => on_either!(handle, board => the_one(&board.row.read())).to_string(),
            ["read-row-into"] => on_either!(handle, board => {
                let mut row = [0; 1024];
                let version = board.row.read_into(&mut row);
                format!("{} of publication {version}", the_one(&row))
            }),
            ["snapshot"] => on_either!(handle, board => three(&board.snapshot())),
            ["read-versioned"] => on_either!(handle, board => {
                let (count, version) = board.count.read_versioned();
                format!("{count} of publication {version}")
            }),
            ["holder"] => on_either!(handle, board => board.count.holder()).map_or_else(
                || "free".to_owned(),
                |holder| format!("{} own {} dead {}", holder.pid, holder.own, holder.dead),
            ),
            ["version"] => on_either!(handle, board => board.count.version()).to_string(),
            ["version-row"] => on_either!(handle, board => board.row.version()).to_string(),
            ["current"] => on_either!(handle, board => board.is_current()).to_string(),
            ["checkpoint", path] => {
                return Some(on_either!(handle, board => board.checkpoint(path)).map(ok));
            }
            ["wait", millis] => return Some(self.wait_newer(number(millis))),
            _ => return None,
        }))
    }

    /// Waits for a publication after the one that is there now, which it says first.
    fn wait_newer(&self, millis: u64) -> Answer {
        let limit = Duration::from_millis(millis);
        on_either!(&self.handle, board => {
            let since = board.count.version();
            say(&format!("since {since}"));
            board.count.wait_newer(since, limit).map(|version: Version| version.to_string())
        })
    }

    fn writing(&self, words: &[&str]) -> Option<Answer> {
        let Handle::Writer(board) = &self.handle else { panic!("no region is open for writing") };
        match *words {
            ["try-add", n] => {
                return Some(board.count.try_update(|new, old| *new = old + number(n)).map(ok));
            }
            ["add-within", millis, n] => {
                let limit = Duration::from_millis(number(millis));
                let update = board.count.update_timeout(limit, |new, old| *new = old + number(n));
                return Some(update.map(ok));
            }
            ["add", n] => board.count.update(|new, old| *new = old + number(n)),
            ["add-later", n] => board.later.update(|new, old| *new = old + number(n)),
            ["write", n] => _ = board.count.write(&number(n)),
            ["hold-and-decline"] => {
                let none = board.count.update_if(|new, _| {
                    self.inside(new);
                    None::<()>
                });
                assert_eq!(none, None);
            }
            ["take-within", millis] => {
                let limit = Duration::from_millis(number(millis));
                let taken = board.count.update_when(limit, |new, old| {
                    *new = old.checked_sub(1)?;
                    Some(*old)
                });
                return Some(taken.map(|before| before.to_string()));
            }
            ["hold-writer"] => return Some(self.under(board.row.writer(), board)),
            ["hold-writer-within", millis] => {
                let limit = Duration::from_millis(number(millis));
                return Some(self.under(board.row.writer_timeout(limit), board));
            }
            ["hold-writer-of-count"] => return Some(self.under(board.count.writer(), board)),
            ["learn", times] => return Some(self.learn(board, number(times))),
            ["hold"] => board.count.update(|new, _| self.inside(new)),
            ["hold-later"] => board.later.update(|new, _| self.inside(new)),
            ["hold-row"] => board.row.update(|new, _| {
                let mut value = new[0];
                self.inside(&mut value);
                new.fill(value);
            }),
            ref words => return publishing::call(board, words),
        }
        Some(Ok(ok(())))
    }

    /// What goes on under a writer: says that it is held, and publishes what it is told until it is
    /// told to release it.
    fn under<T: Told>(&self, writer: Result<Writer<'_, T>, Error>, board: &Shm<Board>) -> Answer {
        let mut writer = writer?;
        say("holding");
        loop {
            let line = self.lines.recv().expect("the input does not end while it is listened to");
            match line.split_whitespace().collect::<Vec<_>>()[..] {
                ["release"] => return Ok(ok(())),
                ["panic"] => panic!("told to"),
                ["write", n] => say(&writer.write(&T::of(number(n))).to_string()),
                ["update", n] => {
                    let version = writer.update(|new, _| *new = T::of(number(n)));
                    say(&version.to_string());
                }
                ["update-with", n] => {
                    let version = writer.update_with(&T::of(number(n)), |new, _| new);
                    say(&version.to_string());
                }
                ["transaction", n] => publishing::transact(board, number(n)),
                ref words => say(&T::part(&mut writer, words).to_string()),
            }
        }
    }

    /// Publishes so many numbers under one writer, counting on from what is there, and then holds it
    /// until it is told to release it.
    fn learn(&self, board: &Shm<Board>, times: u64) -> Answer {
        let mut writer = board.row.writer()?;
        say("holding");
        let first = board.row.get(0);
        for n in first + 1..=first + times {
            writer.write(&[n; 1024]);
        }
        say(&format!("learnt {}", first + times));
        self.lines.recv().expect("the input does not end while it is listened to");
        drop(writer);
        Ok(ok(()))
    }

    /// What goes on inside a closure: says that it is there, and does what it is told next.
    fn inside(&self, new: &mut u64) {
        say("holding");
        let line = self.lines.recv().expect("the input does not end while it is listened to");
        match line.split_whitespace().collect::<Vec<_>>()[..] {
            ["publish", n] => *new = number(n),
            ["panic"] => panic!("told to"),
            _ => panic!("unknown inside a closure: `{line}`"),
        }
    }
}

/// A value that can be told by one number.
trait Told: Element<Scalar = u64> {
    fn of(n: u64) -> Self;

    /// A call that publishes a part.
    fn part(_: &mut Writer<'_, Self>, words: &[&str]) -> Version {
        panic!("unknown under a writer: `{words:?}`")
    }
}

impl Told for u64 {
    fn of(n: u64) -> Self {
        n
    }
}

impl Told for Row {
    fn of(n: u64) -> Self {
        [n; 1024]
    }

    fn part(writer: &mut Writer<'_, Self>, words: &[&str]) -> Version {
        match *words {
            ["set", i, n] => writer.set(number(i) as usize, number(n)),
            ["update-range", first, end, n] => {
                let range = number(first) as usize..number(end) as usize;
                writer.update_range(range, |new, _| new.fill(number(n)))
            }
            _ => panic!("unknown under a writer: `{words:?}`"),
        }
    }
}

/// What a process does that does not keep to the library.
fn crime(words: &[&str]) -> Option<String> {
    Some(match *words {
        ["permissions", name] => scribble::permissions(name),
        ["make-writable", name] => scribble::make_writable(name),
        ["open-file", name] => scribble::open(name),
        ["scribble", name] => scribble::write(name),
        ["claim-life", name, owner] => scribble::claim_life(name, number(owner) as i64),
        _ => return None,
    })
}

/// What the three fields hold.
fn three(board: &Board) -> String {
    format!("{} {} {}", board.count, board.later, the_one(&board.row))
}

/// The variant's name, and the message with its source in one line.
pub fn describe(error: &Error) -> String {
    let variant: String =
        format!("{error:?}").chars().take_while(|c| c.is_ascii_alphanumeric()).collect();
    let source = std::error::Error::source(error).map(|source| format!(": {source}"));
    let message = format!("{error}{}", source.unwrap_or_default());
    format!("error {variant}: {}", message.replace('\n', " | "))
}

fn text_of(panic: &(dyn std::any::Any + Send)) -> String {
    panics::text(panic).unwrap_or("without a text").replace('\n', " | ")
}

/// Lets this process open nothing more.
fn limit_descriptors() -> Answer {
    let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile);
    let limit = rustix::process::Rlimit { current: Some(0), ..limit };
    rustix::process::setrlimit(rustix::process::Resource::Nofile, limit).unwrap();
    assert!(std::fs::File::open("/dev/null").is_err());
    Ok(ok(()))
}

/// Makes no file any more that is longer than so many bytes. To try ends it, by SIGXFSZ.
fn limit_files(bytes: u64) -> Answer {
    let limit = rustix::process::Rlimit { current: Some(bytes), maximum: Some(bytes) };
    rustix::process::setrlimit(rustix::process::Resource::Fsize, limit).unwrap();
    Ok(ok(()))
}

/// Gives up root for good, for all threads.
pub fn become_user(user: u32) {
    // SAFETY: an empty list of groups, from which nothing is read.
    let groups = unsafe { libc::setgroups(0, std::ptr::null()) };
    // SAFETY: takes a number and touches no memory of ours.
    let group = unsafe { libc::setgid(user) };
    // SAFETY: as above.
    let user = unsafe { libc::setuid(user) };
    assert_eq!((groups, group, user), (0, 0, 0), "{}", std::io::Error::last_os_error());
    // The change of user has cleared it.
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL)).unwrap();
}
